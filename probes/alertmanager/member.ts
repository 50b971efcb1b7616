/** What one Alertmanager says of itself, over its API v2 and its metrics. https://prometheus.io/docs/alerting/latest/management_api/ */
import { z } from 'zod';
import type { AgentPlace } from '../../src/probe.ts';
import { type Asking, askJson, askSamples, orMissing } from '../agents/answer.ts';
import { type Counters, countersOf } from '../agents/counters.ts';

/** An API with the same paths in version 1 is gone since 0.27, so only version 2 is asked. */
const statusAnswer = z.object({
  cluster: z.object({ status: z.string(), peers: z.array(z.object({ name: z.string() })).default([]) }),
  versionInfo: z.object({ version: z.string() }),
});
const ids = z.array(z.string()).default([]);
const alert = z.object({
  status: z.object({ state: z.string(), silencedBy: ids, inhibitedBy: ids, mutedBy: ids }),
  receivers: z.array(z.object({ name: z.string() })),
  updatedAt: z.iso.datetime({ offset: true }),
  endsAt: z.iso.datetime({ offset: true }),
});
const alertsAnswer = z.array(alert);
const silenceAnswer = z.object({ createdBy: z.string(), endsAt: z.string() });

export type ShownAlert = z.infer<typeof alert>;
export type Silence = z.infer<typeof silenceAnswer>;

export interface Member {
  readonly place: Omit<AgentPlace, 'kind'>;
  readonly cluster: z.infer<typeof statusAnswer>['cluster'];
  /** All alerts called like the Watchdog (each Prometheus sends one); undefined when none is to be looked for. */
  readonly watchdogs: readonly ShownAlert[] | undefined;
  /** Of the first silences that lie on it, by id. */
  readonly silences: ReadonlyMap<string, Silence>;
  /** Undefined where /metrics is not passed on. */
  readonly metrics: Counters | undefined;
}

/** More silences on one alert are not looked up: the first says whom to ask. */
const maxSilences = 3;
/** A UUID; what is anything else is not asked for. */
const silenceId = /^[\w-]{1,64}$/;
const wanted = /^alertmanager_(notifications_(failed_)?total|config_last_reload_successful|cluster_failed_peers)\b/;

export async function readMember(asking: Asking, watchdog: string | false): Promise<Member> {
  const { cluster } = await askJson(asking, '/api/v2/status', statusAnswer);
  const watchdogs = watchdog === false ? undefined : await askJson(asking, alertsPath(watchdog), alertsAnswer);
  const silencing = new Set(
    (watchdogs ?? []).flatMap(({ status }) => status.silencedBy.filter((id) => silenceId.test(id))),
  );
  const silences = new Map<string, Silence>();
  for (const id of [...silencing].slice(0, maxSilences)) {
    const found = await orMissing(askJson(asking, `/api/v2/silence/${id}`, silenceAnswer));
    if (found !== undefined) silences.set(id, found);
  }
  const samples = await orMissing(askSamples(asking, '/metrics', (line) => wanted.test(line)));
  return {
    ...{ place: asking.agent.place, cluster, watchdogs, silences },
    metrics: samples === undefined ? undefined : countersOf(samples),
  };
}

function alertsPath(name: string): string {
  return `/api/v2/alerts?filter=${encodeURIComponent(`alertname="${name}"`)}`;
}
