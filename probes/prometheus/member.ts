/** What one Prometheus says of itself, over its API v1 and its metrics. https://prometheus.io/docs/prometheus/latest/querying/api/ */
import { z } from 'zod';
import type { AgentPlace } from '../../src/probe.ts';
import { type Asking, askJson, askSamples, orMissing } from '../agents/answer.ts';
import { type Counters, countersOf } from '../agents/counters.ts';

const group = z.object({
  name: z.string(),
  /** s */
  interval: z.number().positive(),
  /** s, of its newest evaluation. */
  evaluationTime: z.number().default(0),
  /** Year 1 before the first. */
  lastEvaluation: z.iso.datetime({ offset: true }),
  rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().default('') })),
});
const rulesAnswer = z.object({ data: z.object({ groups: z.array(group) }) });
const senders = z.array(z.object({ url: z.string() })).nullish();
const alertmanagersAnswer = z.object({ data: z.object({ activeAlertmanagers: senders }) });
const upAnswer = z.object({
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

export type RuleGroup = z.infer<typeof group>;

/** One of our own targets, as Prometheus has it. */
export interface OwnTarget {
  readonly instance: string;
  readonly isUp: boolean;
}

export interface PrometheusMember {
  readonly place: Omit<AgentPlace, 'kind'>;
  readonly groups: readonly RuleGroup[];
  /** Alertmanagers that it sends to. */
  readonly alertmanagers: number;
  /** Undefined when none is to be looked for. */
  readonly own: readonly OwnTarget[] | undefined;
  /** Undefined where /metrics is not passed on. */
  readonly metrics: Counters | undefined;
}

const wanted = new RegExp(
  [
    '^prometheus_(config_last_reload_successful',
    'notifications_errors_total',
    'remote_storage_(samples_failed_total|samples_retried_total|highest_timestamp_in_seconds|queue_highest_sent_timestamp_seconds))\\b',
  ].join('|'),
);

export async function readPrometheus(asking: Asking, job: string | false): Promise<PrometheusMember> {
  const { data: rules } = await askJson(asking, '/api/v1/rules', rulesAnswer);
  const { data: sends } = await askJson(asking, '/api/v1/alertmanagers', alertmanagersAnswer);
  const own = job === false ? undefined : await askUp(asking, job);
  const samples = await orMissing(askSamples(asking, '/metrics', (line) => wanted.test(line)));
  return {
    ...{ place: asking.agent.place, groups: rules.groups, own },
    alertmanagers: (sends.activeAlertmanagers ?? []).length,
    metrics: samples === undefined ? undefined : countersOf(samples),
  };
}

async function askUp(asking: Asking, job: string): Promise<readonly OwnTarget[]> {
  const query = encodeURIComponent(`up{job="${job}"}`);
  const { data } = await askJson(asking, `/api/v1/query?query=${query}`, upAnswer);
  return data.result.map(({ metric, value: [, up] }) => ({ instance: metric.instance ?? '', isUp: Number(up) === 1 }));
}
