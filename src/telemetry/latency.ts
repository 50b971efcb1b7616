import type { LatencyView } from '../core/status.ts';
import { readToken } from '../core/token.ts';
import type { Sample } from './exposition.ts';

/** The lines of one latency histogram: cumulative buckets in seconds, sum, count; the latest observation as exemplar. */
export function latencySamples(latency: LatencyView): readonly Sample[] {
  const marked = latency.last === undefined ? -1 : bucketOf(latency.boundsMs, latency.last.hiMs);
  let total = 0;
  const samples: Sample[] = [...latency.boundsMs, Number.POSITIVE_INFINITY].map((boundMs, index) => {
    total += latency.counts[index] ?? 0;
    const le = Number.isFinite(boundMs) ? boundMs / 1_000 : '+Inf';
    return { labels: { le }, value: total, suffix: '_bucket', ...(index === marked ? exemplar(latency.last) : {}) };
  });
  samples.push({ labels: {}, value: latency.sumMs / 1_000, suffix: '_sum' });
  samples.push({ labels: {}, value: total, suffix: '_count' });
  return samples;
}

function bucketOf(boundsMs: readonly number[], ms: number): number {
  const index = boundsMs.findIndex((bound) => ms <= bound);
  return index < 0 ? boundsMs.length : index;
}

function exemplar(last: LatencyView['last']): Pick<Sample, 'exemplar'> {
  const planned = last === undefined ? undefined : readToken(last.token);
  if (last === undefined || planned === undefined) return {};
  // The time of the observation, as near as we know it; the same at each scrape, so that it is stored once.
  const timestamp = (planned.plannedAt + last.hiMs) / 1_000;
  return { exemplar: { labelSet: { token: last.token }, value: last.hiMs / 1_000, timestamp } };
}
