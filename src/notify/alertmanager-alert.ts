/** Whether the members of an Alertmanager cluster have an alert, and whom they would tell. */
import { z } from 'zod';
import type { Arrival } from '../core/notifier.ts';
import { someOf } from './plain-text.ts';
import { type Post, redact, secretsOf } from './post.ts';
import { ask } from './proof.ts';

const hostsShown = 3;
const receiversShown = 3;

/** https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, gettableAlerts */
const Listed = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    receivers: z.array(z.object({ name: z.string() })),
    status: z.object({ state: z.enum(['unprocessed', 'active', 'suppressed']) }),
  }),
);
type Alert = z.infer<typeof Listed>[number];

export interface Members {
  /** Each one's address of `/api/v2/alerts`. */
  readonly members: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

/**
 * Alertmanagers do not hand alerts on to each other, so each must have it.
 * @throws NotifyError when one cannot be asked, and none says that it lacks it
 */
export async function alertAt(post: Post, cluster: Members, labels: Labels, signal: AbortSignal): Promise<Arrival> {
  const { members } = cluster;
  const looks = await Promise.allSettled(members.map((url) => look(post, cluster, url, labels, signal)));
  const found = looks.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const lacking = found.filter(({ alert }) => alert === undefined).map(({ host }) => host);
  if (lacking.length > 0)
    return { state: 'missing', why: `not at ${someOf(lacking, hostsShown)}, of ${members.length} members` };
  const failed = looks.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  return arrivalOf(
    found.flatMap(({ alert }) => alert ?? []),
    cluster,
  );
}

function arrivalOf(alerts: readonly Alert[], { members, secrets }: Members): Arrival {
  if (alerts.some(({ status }) => status.state === 'suppressed'))
    return {
      state: 'missing',
      why: 'it is there, but a silence or an inhibition keeps it from everybody',
      final: true,
    };
  const receivers = new Set(alerts.flatMap((alert) => alert.receivers.map(({ name }) => redact(name, secrets))));
  const whom = receivers.size === 0 ? '' : `, for ${someOf([...receivers], receiversShown)}`;
  return { state: 'arrived', how: `${alerts.length} of ${members.length} members have it${whom}` };
}

interface Seen {
  readonly host: string;
  readonly alert: Alert | undefined;
}

async function look(post: Post, cluster: Members, url: string, labels: Labels, signal: AbortSignal): Promise<Seen> {
  const { headers, secrets } = cluster;
  const at = new URL(url);
  for (const [name, value] of Object.entries(labels)) at.searchParams.append('filter', `${name}=${quoted(value)}`);
  const request = { url: at.href, headers, secrets: [...secrets, ...secretsOf(url)] };
  const advice = 'Check url (it ends in /api/v2/alerts) and its credentials.';
  const alerts = await ask(post, request, { schema: Listed, advice, signal });
  const isOurs = (alert: Alert) =>
    Object.entries(labels).every(([name, value]) => (alert.labels[name] ?? '') === value);
  return { host: at.host, alert: alerts.find(isOurs) };
}

/** https://prometheus.io/docs/alerting/latest/configuration/#matcher: quotes and backslashes are escaped; ours hold no line feeds. */
function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
