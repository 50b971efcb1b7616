/** Where a Prometheus also writes to, and how far behind that is. https://prometheus.io/docs/practices/remote_write/ */
import type { Clock, Reading } from '../../src/probe.ts';
import type { Lasting } from '../agents/lasting.ts';
import type { RecentGrowth } from '../agents/recent-growth.ts';
import { said } from '../agents/said.ts';
import type { PrometheusMember } from './member.ts';

/** What was not sent within 2 h is lost: older segments of the write-ahead log are dropped. Same page. */
const keptS = 2 * 3600;
/** As kube-prometheus warns of PrometheusRemoteWriteBehind. */
const behindS = 120;
/** Shards catch up by themselves after a hiccup, ms. */
const lastingMs = 5 * 60_000;

/** What a check remembers from one look to the next. */
export interface Memory {
  readonly lasting: Lasting;
  /** Over the time that is told. */
  readonly growth: RecentGrowth;
  /** Over the time after which what no longer grows is over. */
  readonly lately: RecentGrowth;
}

const metric = 'prometheus_remote_storage';

export function remoteWrite(
  { place, metrics }: PrometheusMember,
  { growth }: Memory,
  clock: Clock,
): { readonly readings: readonly Reading[]; readonly problems: readonly string[] } {
  if (metrics === undefined) return { readings: [], problems: [] };
  const by = (name: string) => metrics.by(`${metric}_${name}`, 'remote_name');
  const recent = (name: string) =>
    [...by(name)].map(
      ([remote, total]) => [remote, growth.grown(`${place.name} ${name} ${remote}`, total, clock.now())] as const,
    );
  const newest = metrics.one(`${metric}_highest_timestamp_in_seconds`);
  const sent = by('queue_highest_sent_timestamp_seconds');
  const lost = recent('samples_failed_total').filter(([, count]) => count > 0);
  const retried = recent('samples_retried_total').filter(
    ([remote, count]) => count > 0 && !((sent.get(remote) ?? 0) > 0),
  );
  return {
    readings: [...sent].flatMap(([remote, at]) =>
      newest === undefined || at === 0 ? [] : [behind(`${place.name} ${said(remote, 80)}`, Math.max(0, newest - at))],
    ),
    problems: [
      ...lost.map(
        ([to, count]) =>
          `${place.name}: remote write ${said(to, 80)} refused ${count} samples for good in the last 10 min`,
      ),
      ...retried.map(([to]) => `${place.name}: remote write ${said(to, 80)} has not got a sample through`),
    ],
  };
}

function behind(subject: string, value: number): Reading {
  const base = { measure: 'remote-write-lag', subject, unit: 'seconds' as const, value };
  return { ...base, limit: keptS, warnAt: behindS, lastingMs, limitName: 'two hours, after which samples are lost' };
}
