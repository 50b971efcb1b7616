/**
 * When losses that are too rare for one short window are more than the budget allows: burn rates over two windows each, and a
 * CUSUM. Both are asked of what is known of a series of canaries: when each loss was decided, and how many canaries were.
 *
 * False alarms: where a tenth of the budget is lost, and losses are independent, burn rates raise at most 0.01 in 30 days a series, and
 * so does the CUSUM (`test/core/burn.test.ts`).
 */
import type { EpochMs } from '../lib/clock.ts';
import { poissonAtLeast } from './poisson.ts';
import { arrivalsPerLoss, cusumAfterLoss, type LossRates, meanRunLength } from './sequential.ts';

const minute = 60_000;
const hour = 60 * minute;
export const monthMs = 30 * 24 * hour;

export interface BurnRow {
  readonly longMs: number;
  readonly shortMs: number;
  /** Loss, as a multiple of the budget, above which both windows must be. */
  readonly factor: number;
}

/** Google, The Site Reliability Workbook, table 5-8 (rows 1, 2, 4), and the kubernetes-mixin's third. */
export const burnRows: readonly BurnRow[] = [
  { longMs: hour, shortMs: 5 * minute, factor: 14.4 },
  { longMs: 6 * hour, shortMs: 30 * minute, factor: 6 },
  { longMs: 24 * hour, shortMs: 2 * hour, factor: 3 },
  { longMs: 72 * hour, shortMs: 6 * hour, factor: 1 },
];

/** Nothing older is asked for. */
export const burnHorizonMs = 72 * hour;
/** At least so many losses, whatever their share: at one canary a minute a single one is 1.67 % of an hour. */
const leastLosses = 3;
/** The loss that is taken for healthy, as a part of the budget. */
const healthyPart = 0.1;
/**
 * A window's losses must not come of what is healthy with more than this probability: without it, at one canary in 90 s, three in 72 h
 * would raise 0.08 false alarms a month.
 */
const explained = 1e-5;
const falseAlarmsPerMonth = 0.01;
/** Thresholds up to here are computed; from one to the next the run length grows by bad/healthy, which the last ones show. */
const solvedUpTo = 6;

export interface LossSeries {
  /** When each loss was decided, oldest first. */
  readonly losses: readonly EpochMs[];
  /** Canaries that were decided in a time: arrived or lost. */
  trials(from: EpochMs, to: EpochMs): number;
}

export interface Counted {
  readonly losses: number;
  readonly trials: number;
}

/** The first row of which both windows lose faster than it allows. */
export function burning(
  series: LossSeries,
  budget: number,
  now: EpochMs,
): (BurnRow & { readonly counted: Counted }) | undefined {
  for (const row of burnRows) {
    const counted = countSince(series, now - row.longMs, now);
    if (counted.losses < leastLosses || !isAbove(counted, row.factor * budget)) continue;
    if (!isAbove(countSince(series, now - row.shortMs, now), row.factor * budget)) continue;
    if (poissonAtLeast(counted.losses, counted.trials * budget * healthyPart) <= explained) return { ...row, counted };
  }
  return undefined;
}

/** Losses and canaries decided after `from`. */
export function countSince(series: LossSeries, from: EpochMs, now: EpochMs): Counted {
  const { losses } = series;
  let at = losses.length;
  while (at > 0 && (losses[at - 1] as EpochMs) > from) at -= 1;
  return { losses: losses.length - at, trials: Math.max(series.trials(from, now), losses.length - at) };
}

function isAbove({ losses, trials }: Counted, share: number): boolean {
  return losses > 0 && losses > share * trials;
}

export interface Cusum {
  readonly rates: LossRates;
  /** So many arrivals undo a loss. */
  readonly perLoss: number;
}

/** A tenth of the budget is healthy, the budget is to be noticed. Undefined for a budget that leaves nothing to notice. */
export function cusumOf(budget: number): Cusum | undefined {
  if (budget <= 0 || budget >= 0.5) return undefined;
  const rates = { healthy: budget * healthyPart, bad: budget };
  return { rates, perLoss: arrivalsPerLoss(rates) };
}

/** Canaries a month as a power of two: a threshold holds for all up to it, so that each new stream does not move it. */
export function powerOf(canariesPerMonth: number): number {
  return Math.ceil(Math.log2(Math.max(1, canariesPerMonth)));
}

/** The smallest threshold, in losses, at which 2^power canaries a month give no more than the false alarms that are allowed. */
export function thresholdFor({ rates, perLoss }: Cusum, power: number): number {
  let threshold = leastLosses;
  let length = meanRunLength(rates.healthy, perLoss, threshold);
  while (length * falseAlarmsPerMonth < 2 ** power) {
    threshold += 1;
    const grown = (length * rates.bad) / rates.healthy;
    length = threshold <= solvedUpTo ? meanRunLength(rates.healthy, perLoss, threshold) : grown;
  }
  return threshold;
}

/** How long it takes on average until the CUSUM tells of a loss of `share`, ms; undefined where that is more than it remembers. */
export function meanTimeToTell(share: number, budget: number, canariesPerMs: number): number | undefined {
  const cusum = cusumOf(budget);
  if (!cusum || share >= 1) return undefined;
  const canaries = meanRunLength(share, cusum.perLoss, thresholdFor(cusum, powerOf(canariesPerMs * monthMs)));
  return canaries / canariesPerMs > burnHorizonMs ? undefined : canaries / canariesPerMs;
}

export interface Climb {
  /** The CUSUM now: at the newest loss, less what arrived since. */
  readonly sum: number;
  /** The position of the first loss since it was last at 0: where the change most likely began. */
  readonly first: number;
}

/** Follows the CUSUM through a series. */
export function climbOf(series: LossSeries, perLoss: number, now: EpochMs): Climb {
  let sum = 0;
  let first = 0;
  let last: EpochMs | undefined;
  for (const [at, lostAt] of series.losses.entries()) {
    const arrived = last === undefined ? 0 : Math.max(0, series.trials(last, lostAt) - 1);
    if (sum <= arrived / perLoss) first = at;
    sum = cusumAfterLoss(sum, arrived, perLoss);
    last = lostAt;
  }
  if (last === undefined) return { sum: 0, first: 0 };
  return { sum: Math.max(0, sum - series.trials(last, now) / perLoss), first };
}
