/**
 * What the last three days say of losses at a hop: which canaries did not arrive while younger ones of their streams did, and how many
 * were decided. Derived from blocks and runs at each asking: what arrives later is no loss any more, and a restart forgets nothing.
 */
import { blockSize, codeOf, isSeen } from '../core/block.ts';
import { burnHorizonMs, type LossSeries } from '../core/burn.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isDeaf } from './deafness.ts';
import { timeOf } from './due.ts';
import { decidedMs, missesAny, overtakenBy, parentState } from './flow.ts';
import { flowKinds } from './incident-place.ts';
import { lineage } from './looking.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { blockOf } from './track.ts';

/** Canaries are added up in stretches of the shortest window there is. */
const binMs = 300_000;
const bins = burnHorizonMs / binMs;
const binsAnHour = 3_600_000 / binMs;
/** Canaries of a stream that leaves, emitted so long before its sign or later, may yet be excused (design §4). */
const leavingLeadMs = 60_000;

export interface Loss {
  readonly track: Track;
  readonly plannedAt: EpochMs;
  /** When it was known: the loss rules' time, in which nothing is still open. */
  readonly decidedAt: EpochMs;
}

/** A time whose canaries belong to an incident. */
export interface Told {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/**
 * Times of incidents of the flow at a hop or above it: what was lost then was told with them, or was held up. An open loss here is what
 * is being judged. Lines on their way when it began, or could not be read any more, were planned up to a deadline before.
 */
export function toldTimes({ open, resolved, now }: EngineState, hop: HopState): Told[] {
  const told: Told[] = [];
  const above = new Set([...lineage(hop)].map(({ spec }) => spec.name));
  for (const { facts } of [...open.values(), ...resolved]) {
    if (facts.pipeline !== hop.pipeline.spec.name || !above.has(facts.hop) || !flowKinds.has(facts.kind)) continue;
    const to = facts.resolvedAt ?? now;
    if (facts.kind !== 'lossy') told.push({ from: facts.since - hop.spec.withinMs - hop.spec.pollMs, to });
    else if (facts.hop === hop.spec.name && facts.resolvedAt !== undefined) told.push({ from: facts.since, to });
  }
  return told;
}

/** From when on canaries count: three days back, or since it was last switched on. */
export function countedFrom(state: EngineState, { pipeline, absorbBefore }: HopState): EpochMs {
  const from = state.now - burnHorizonMs;
  const { rest } = pipeline.spec;
  if (rest === undefined) return from;
  const hours = rest.active?.hours.at(state.now + state.wallOffset);
  const awake = hours === undefined ? 0 : hours.since - state.wallOffset + rest.warmUpMs;
  return Math.max(from, absorbBefore, awake);
}

/** All losses at a hop that were decided since `from`, oldest first. */
export function lossesAt(state: EngineState, hop: HopState, from: EpochMs, told: readonly Told[]): Loss[] {
  const losses: Loss[] = [];
  for (const track of hop.tracks) {
    if (!missesAny(track)) continue;
    const takes = decidedMs(track);
    for (const { plannedAt } of missedBy(track, from - takes)) {
      const decidedAt = plannedAt + takes;
      const counts = decidedAt <= state.now && !told.some((each) => plannedAt >= each.from && plannedAt <= each.to);
      if (counts) losses.push({ track, plannedAt, decidedAt });
    }
  }
  return losses.sort((a, b) => a.decidedAt - b.decidedAt);
}

/** Canaries of a track that are missing here alone, while younger ones arrived: so many that it is no delay, or it is lost. Newest first. */
function* missedBy(track: Track, from: EpochMs): Iterable<{ plannedAt: EpochMs }> {
  const { stream, hop } = track;
  for (const { seq, isOvertaken } of missing(track, from)) {
    const plannedAt = timeOf(stream, seq);
    if (!isOvertaken || plannedAt < from || isDeaf(hop, plannedAt)) continue;
    if (stream.leavingSince !== undefined && plannedAt >= stream.leavingSince - leavingLeadMs) continue;
    const above = parentState(track, seq);
    if (above === 'fine' || above === 'late') yield { plannedAt };
  }
}

/** Missing canaries with a younger one that arrived, newest first. Settled blocks hold none, and are not in memory. */
function* missing(track: Track, from: EpochMs): Iterable<{ seq: number; isOvertaken: boolean }> {
  const { stream, blocks } = track;
  let younger = 0;
  let above = blockOf(stream.dueSeq - 1) + 1;
  for (const index of [...blocks.keys()].filter((each) => each < above).sort((a, b) => b - a)) {
    const last = Math.min((index + 1) * blockSize, stream.dueSeq) - 1;
    if (timeOf(stream, last) < from) return;
    // Sampled or not, a block between that is folded away is full of canaries that arrived.
    if (index < above - 1) younger += overtakenBy;
    above = index;
    const codes = blocks.get(index)?.codes;
    for (let at = last % blockSize; codes && at >= 0; at--) {
      if (younger >= overtakenBy)
        at = Math.max(codes.lastIndexOf(codeOf.lost, at), codes.lastIndexOf(codeOf.overdue, at));
      if (at < 0) break;
      const code = codes[at] as number;
      const isMissing = code === codeOf.lost || code === codeOf.overdue;
      if (isSeen(code)) younger += 1;
      else if (isMissing && younger > 0)
        yield { seq: index * blockSize + at, isOvertaken: code === codeOf.lost || younger >= overtakenBy };
    }
  }
}

/** Emission of the newest canary that is missing while a younger one arrived, decided or not. */
export function newestMiss(track: Track, from: EpochMs): EpochMs {
  for (const { seq } of missing(track, from)) return timeOf(track.stream, seq);
  return 0;
}

/** Canaries that arrived and were planned after `from`, up to `enough` of them, and long enough ago to be due. */
export function arrivedSince(track: Track, from: EpochMs, dueBefore: EpochMs, enough: number): number {
  const { stream, hop, blocks } = track;
  let arrived = 0;
  for (let seq = stream.dueSeq - 1; seq >= 0 && arrived < enough; seq--) {
    const planned = timeOf(stream, seq);
    if (planned <= from) break;
    const code = blocks.get(blockOf(seq))?.codes[seq % blockSize];
    const isHere = code === undefined ? isExpected(stream, hop, seq) : isSeen(code);
    if (isHere && planned <= dueBefore) arrived += 1;
  }
  return arrived;
}

function isExpected(stream: StreamState, hop: HopState, seq: number): boolean {
  const run = stream.runs.findLast((each) => each.fromSeq <= seq);
  const terms = run?.terms.find((each) => each.hop === hop.id);
  return terms !== undefined && (seq + stream.number) % terms.of < terms.take;
}

/** How many canaries of some tracks were decided in a time, by their schedules; told times are left out. */
export function decidedOf(
  tracks: readonly Track[],
  now: EpochMs,
  told: readonly Told[],
): {
  readonly trials: LossSeries['trials'];
  /** In the busiest hour: a rule gets no keener while a stop, or a list that fails, thins them out. */
  readonly perMs: number;
} {
  const counts = new Float64Array(bins);
  const steps = new Float64Array(bins + 1);
  const from = now - burnHorizonMs;
  let longest = 0;
  for (const track of tracks) {
    const takes = decidedMs(track);
    longest = Math.max(longest, takes);
    addRuns(track, from, takes, (begin, end, rate) => addStretch(counts, steps, begin - from, end - from, rate));
  }
  let rate = 0;
  for (let bin = 0; bin < bins; bin++) {
    rate += steps[bin] as number;
    counts[bin] = (counts[bin] as number) + rate * binMs;
  }
  const perMs = busiestHour(counts) / (binsAnHour * binMs);
  for (const each of told) leaveOut(counts, each.from - from, each.to + longest - from);
  return { trials: summed(counts, from), perMs };
}

function busiestHour(counts: Float64Array): number {
  let most = 0;
  for (let begin = 0; begin < bins; begin += binsAnHour)
    most = Math.max(
      most,
      counts.subarray(begin, begin + binsAnHour).reduce((sum, count) => sum + count, 0),
    );
  return most;
}

/** Calls back with each run's time and pace, canaries expected here per ms. */
function addRuns(
  { stream, hop }: Track,
  from: EpochMs,
  takes: number,
  add: (begin: EpochMs, end: EpochMs, rate: number) => void,
): void {
  let next = stream.dueSeq;
  for (const run of stream.runs.toReversed()) {
    const count = next - run.fromSeq;
    if (count <= 0) continue;
    const end = timeOf(stream, next - 1) + run.everyMs;
    next = run.fromSeq;
    if (end + takes < from) break;
    const terms = run.terms.find((each) => each.hop === hop.id);
    if (!terms || end <= run.t0) continue;
    add(run.t0 + takes, end + takes, ((count / (end - run.t0)) * terms.take) / terms.of);
  }
}

/** Whole bins go into `steps`, where the pace begins and ends; what is left at both ends into the counts. */
function addStretch(counts: Float64Array, steps: Float64Array, begin: number, end: number, rate: number): void {
  const [first, last] = [Math.max(0, begin) / binMs, Math.min(burnHorizonMs, end) / binMs];
  if (last <= first) return;
  const [a, b] = [Math.floor(first), Math.min(Math.floor(last), bins - 1)];
  const put = (bin: number, width: number) => {
    counts[bin] = (counts[bin] as number) + width * binMs * rate;
  };
  if (a === b) {
    put(a, last - first);
    return;
  }
  put(a, a + 1 - first);
  put(b, last - b);
  steps[a + 1] = (steps[a + 1] as number) + rate;
  steps[b] = (steps[b] as number) - rate;
}

function leaveOut(counts: Float64Array, begin: number, end: number): void {
  const last = Math.min(bins, Math.ceil(end / binMs));
  for (let bin = Math.max(0, Math.floor(begin / binMs)); bin < last; bin++) {
    const covered = Math.min(end, (bin + 1) * binMs) - Math.max(begin, bin * binMs);
    counts[bin] = (counts[bin] as number) * (1 - Math.max(0, covered) / binMs);
  }
}

function summed(counts: Float64Array, from: EpochMs): LossSeries['trials'] {
  const sums = new Float64Array(bins + 1);
  for (let bin = 0; bin < bins; bin++) sums[bin + 1] = (sums[bin] as number) + (counts[bin] as number);
  const upTo = (at: EpochMs) => {
    const place = Math.max(0, Math.min(bins, (at - from) / binMs));
    const bin = Math.min(bins - 1, Math.floor(place));
    return (sums[bin] as number) + (place - bin) * (counts[bin] as number);
  };
  return (begin, end) => upTo(end) - upTo(begin);
}
