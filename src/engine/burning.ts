/** Losses that are too rare for the loss window: hours and days of them, by burn rates and by a CUSUM (`src/core/burn.ts`). */
import {
  type BurnRow,
  burning,
  type Counted,
  type Cusum,
  climbOf,
  countSince,
  cusumOf,
  type LossSeries,
  monthMs,
  powerOf,
  thresholdFor,
} from '../core/burn.ts';
import { evidenceOf } from '../core/evidence.ts';
import { goodRunToClear, wilson } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import { enough, type Finding, hasOpen, isWatched } from './finding.ts';
import { overtakenBy } from './flow.ts';
import { lineage } from './looking.ts';
import {
  arrivedSince,
  countedFrom,
  decidedOf,
  type Loss,
  lossesAt,
  newestMiss,
  type Told,
  toldTimes,
} from './losses.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { troubleAt } from './trouble.ts';

/** Hours of losses are added up anew so often, ms; while they are told, as often as the hop is read, but no more than this. */
const everyMs = 60_000;
const leastEveryMs = 500;

interface Known {
  nextAt: EpochMs;
  finding: Finding | undefined;
  /** By `powerOf` the canaries a month: the first takes some 30 ms. */
  readonly thresholds: Map<number, number>;
}
/** Derived from the state alone; kept, since it changes slowly and is asked for at every judging. */
const known = new WeakMap<HopState, Known>();

/** Losses that say: it loses more than the budget, oldest first, and how they are counted. */
interface Speaking {
  readonly losses: readonly Loss[];
  readonly counted: Counted & { readonly windowMs: number };
  readonly row?: BurnRow;
}

/** Undefined while something stands still, or cannot be read, here or above: what is lost then is part of that. */
export function burningFinding(state: EngineState, hop: HopState): Finding | undefined {
  const last = known.get(hop);
  const isStalled = [...lineage(hop)].some(
    (each) => hasOpen(state, each, 'unreadable') || hasOpen(state, each, 'stopped'),
  );
  if (isStalled) {
    if (last) last.nextAt = 0;
    return undefined;
  }
  if (last && state.now < last.nextAt) return last.finding;
  const thresholds = last?.thresholds ?? new Map<number, number>();
  const finding = look(state, hop, thresholds);
  const againMs = finding ? Math.max(leastEveryMs, Math.min(everyMs, hop.spec.pollMs)) : everyMs;
  known.set(hop, { nextAt: state.now + againMs, finding, thresholds });
  return finding;
}

function look(state: EngineState, hop: HopState, thresholds: Map<number, number>): Finding | undefined {
  const told = toldTimes(state, hop);
  const losses = lossesAt(state, hop, countedFrom(state, hop), told);
  if (losses.length < enough) return undefined;
  const speaking = speakingOf(state, hop, losses, told, thresholds);
  if (speaking === undefined || isOver(state, hop, speaking, told)) return undefined;
  return findingOf(state, hop, speaking);
}

/** The hop as a whole first, then each stream by itself: what one node of thousands loses is nothing beside all others. */
function speakingOf(
  state: EngineState,
  hop: HopState,
  losses: readonly Loss[],
  told: readonly Told[],
  thresholds: Map<number, number>,
): Speaking | undefined {
  const { now } = state;
  const { budget } = hop.pipeline.spec.loss;
  const decided = decidedOf(hop.tracks, now, told);
  const series = seriesOf(losses, decided.trials);
  const cusum = cusumOf(budget);
  const climb = cusum && climbOf(series, cusum.perLoss, now);
  const recent = losses.slice(climb?.first);
  const row = burning(series, budget, now);
  if (row) {
    const inWindow = losses.filter(({ decidedAt }) => decidedAt > now - row.longMs);
    const counted = { ...row.counted, windowMs: row.longMs };
    return { row, counted, losses: climb === undefined || recent.length < enough ? inWindow : recent };
  }
  if (!cusum || !climb) return undefined;
  const threshold = thresholdAt(cusum, decided.perMs * monthMs, thresholds);
  const whole = { losses: recent, counted: sinceFirst(recent, series, now) };
  if (climb.sum >= threshold) return whole;
  const single = singleStreams(losses, cusum, threshold, now, told);
  if (single) return single;
  // What is told is over when enough arrived, not when it has become a little rarer.
  return recent.length >= enough && hasOpen(state, hop, 'lossy') ? whole : undefined;
}

function seriesOf(losses: readonly Loss[], trials: LossSeries['trials']): LossSeries {
  return { losses: losses.map(({ decidedAt }) => decidedAt), trials };
}

function sinceFirst(losses: readonly Loss[], series: LossSeries, now: EpochMs): Speaking['counted'] {
  const from = (losses[0]?.decidedAt ?? now) - 1;
  return {
    ...countSince({ ...series, losses: losses.map(({ decidedAt }) => decidedAt) }, from, now),
    windowMs: now - from,
  };
}

function thresholdAt(cusum: Cusum, canariesPerMonth: number, thresholds: Map<number, number>): number {
  const power = powerOf(canariesPerMonth);
  const threshold = thresholds.get(power) ?? thresholdFor(cusum, power);
  thresholds.set(power, threshold);
  return threshold;
}

/** With the threshold of the whole hop, all its streams together raise no more false alarms than the hop as a whole. */
function singleStreams(
  losses: readonly Loss[],
  { perLoss }: Cusum,
  threshold: number,
  now: EpochMs,
  told: readonly Told[],
): Speaking | undefined {
  const speaking: Loss[] = [];
  for (const [track, own] of Map.groupBy(losses, (loss) => loss.track)) {
    // Each loss adds less than one.
    if (own.length <= threshold) continue;
    const climb = climbOf(seriesOf(own, decidedOf([track], now, told).trials), perLoss, now);
    if (climb.sum >= threshold) speaking.push(...own.slice(climb.first));
  }
  if (speaking.length === 0) return undefined;
  speaking.sort((a, b) => a.decidedAt - b.decidedAt);
  const series = seriesOf(speaking, decidedOf(tracksOf(speaking), now, told).trials);
  return { losses: speaking, counted: sinceFirst(speaking, series, now) };
}

function tracksOf(losses: readonly Loss[]): Track[] {
  return [...new Set(losses.map(({ track }) => track))];
}

/**
 * So many arrived since the last one, of the streams that lose, that it would have shown again with 95 %; going by how fast they were
 * lost, and by the budget where that is more.
 */
function isOver(state: EngineState, hop: HopState, { losses }: Speaking, told: readonly Told[]): boolean {
  const losing = tracksOf(losses);
  const [first, last] = [losses[0] as Loss, losses.at(-1) as Loss];
  const lastAt = Math.max(...losing.map((track) => newestMiss(track, first.plannedAt)));
  const between = decidedOf(losing, state.now, told).trials(first.decidedAt, last.decidedAt);
  const share = Math.max((losses.length - 1) / Math.max(between, losses.length), hop.pipeline.spec.loss.budget);
  const needed = overtakenBy + Math.max(5, goodRunToClear(share));
  const dueBefore = state.now - hop.spec.withinMs - hop.spec.pollMs;
  let arrived = 0;
  for (const track of losing) {
    if (arrived < needed) arrived += arrivedSince(track, lastAt, dueBefore, needed - arrived);
  }
  return arrived >= needed;
}

function findingOf({ now }: EngineState, hop: HopState, { losses, counted, row }: Speaking): Finding {
  const losing = new Set<StreamState>(losses.map(({ track }) => track.stream));
  const since = losses.reduce((first, { plannedAt }) => Math.min(first, plannedAt), now);
  const tracks = hop.tracks.filter(isWatched);
  const said = {
    losses: counted.losses,
    trials: Math.round(counted.trials),
    window: Math.min(counted.windowMs, now - hop.tracks.reduce((at, { stream }) => Math.min(at, stream.openedAt), now)),
    hop: hop.spec.name,
    share: counted.losses / counted.trials,
    least: wilson(counted.losses, counted.trials).lo,
    budget: hop.pipeline.spec.loss.budget,
  };
  const streams = tracks.map(({ stream }) => stream).filter((stream) => losing.has(stream));
  const detail = [
    row ? evidenceOf('lossy-burning', { ...said, short: row.shortMs }) : evidenceOf('lossy-slowly', said),
  ];
  return { ...troubleAt(hop, 'lossy', { tracks, streams, since }), detail };
}
