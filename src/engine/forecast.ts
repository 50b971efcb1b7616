/** When a figure will be at its limit, if it goes on as it does. */
import { theilSen } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Reading } from '../probe.ts';
import type { ReadingHistory } from './history.ts';
import type { CheckState } from './state.ts';

/** The latest readings, not thinned out: what began just now shows in them first. */
export const recentLimit = 8;
/** Below this share of the limit a fast rise still has room, and is as often a merge or a burst: no finding yet. */
const forecastFrom = 0.7;
/** Of so many agents, the fullest, trends are computed: there may be thousands, and a trend takes a fifth of a millisecond. */
const agentTrends = 40;

export type Forecast = NonNullable<ReadingHistory['forecast']>;

export function subjectKey(reading: Reading): string {
  return JSON.stringify([reading.measure, reading.subject ?? '']);
}

export function isNear({ value, limit }: Reading): boolean {
  return value >= forecastFrom * limit;
}

/**
 * Time until the limit by Theil–Sen with its 95 % interval: of the latest readings or of the whole history, whichever is
 * sooner. Undefined without a rising trend, and for agents but the fullest.
 */
export function forecastOf(check: CheckState, reading: Reading): Forecast | undefined {
  const history = check.history.get(subjectKey(reading));
  if (!history) return undefined;
  return reading.agent ? history.forecast : forecastBy(history, reading);
}

/** Growth a second over the latest readings (4 min at 30 s each); undefined after a single one. */
export function growthOf(check: CheckState, reading: Reading): number | undefined {
  const recent = check.history.get(subjectKey(reading))?.recent ?? [];
  const [first, last] = [recent[0], recent.at(-1)];
  if (first === undefined || last === undefined || last.x <= first.x) return undefined;
  return ((last.y - first.y) * 1000) / (last.x - first.x);
}

/** Once for each result: computes the trends of the fullest agents, and drops those of before. */
export function forecastAgents(check: CheckState, readings: readonly Reading[]): void {
  for (const history of check.history.values()) history.forecast = undefined;
  const near = readings.filter((reading) => reading.agent && isNear(reading));
  const fullest = near.sort((a, b) => b.value / b.limit - a.value / a.limit).slice(0, agentTrends);
  for (const reading of fullest) {
    const history = check.history.get(subjectKey(reading));
    if (history) history.forecast = forecastBy(history, reading);
  }
}

function forecastBy({ recent, points }: ReadingHistory, reading: Reading): Forecast | undefined {
  const short = recent.length === recentLimit ? trendOf(recent, reading) : undefined;
  const long = trendOf(points, reading);
  if (short && long) return short.ms < long.ms ? short : long;
  return short ?? long;
}

function trendOf(points: readonly { x: EpochMs; y: number }[], reading: Reading): Forecast | undefined {
  const trend = theilSen(points);
  const left = reading.limit - reading.value;
  if (!trend || trend.lo <= 0 || left <= 0) return undefined;
  return { ms: left / trend.slope, loMs: left / trend.hi, hiMs: left / trend.lo };
}
