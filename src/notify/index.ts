import alertmanager from './alertmanager.ts';
import type { AnyNotifier } from './definition.ts';
import email from './email.ts';
import { jsm, opsgenie } from './opsgenie.ts';
import pagerduty from './pagerduty.ts';
import slack from './slack.ts';
import webhook from './webhook.ts';

/** Every channel that a configuration may name. */
const notifiers: readonly AnyNotifier[] = [pagerduty, slack, alertmanager, webhook, email, opsgenie, jsm];
export default notifiers;
