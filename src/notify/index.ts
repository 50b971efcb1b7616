import type { AnyNotifier } from './definition.ts';
import pagerduty from './pagerduty.ts';
import slack from './slack.ts';

/** Every channel that a configuration may name. */
const notifiers: readonly AnyNotifier[] = [pagerduty, slack];
export default notifiers;
