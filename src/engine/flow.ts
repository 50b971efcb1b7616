/** What the verdicts of a stream at a hop say about the flow there: stopped, slow, losing, or fine. */
import { blockSize, codeOf, emission, verdictOfCode } from '../core/block.ts';
import type { RunRow } from '../core/ledger.ts';
import { plannedAt } from '../core/schedule.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isDeaf } from './deafness.ts';
import { timeOf } from './due.ts';
import { lineage } from './looking.ts';
import type { HopState, StreamState, Track } from './state.ts';
import { blockOf, codeAt, emissionAt, runOf, termsOf } from './track.ts';

/** The newest canaries that must all be overdue before a stream counts as stopped (design §5: k = 2). */
export const stoppedAfter = 2;
/** Complete looks that must say so: a canary on its way between two looks is not a stop. */
const stoppedLooks = 2;
/** A late canary counts as overtaken, so probably lost, once this many younger ones of its stream arrived (design §5). */
export const overtakenBy = 20;
/** `slow`: of this many newest canaries most are late, and the last two that arrived were. */
const slowWindow = 5;
/** Canaries expected at a hop that are walked back over, at most. */
const walkLimit = 1_000;

/** How the parent hop stands for the same canary. `unknown`: it could not be read. */
export type ParentState = 'fine' | 'late' | 'broken' | 'unknown' | 'unsettled';

export interface Walked {
  readonly seq: number;
  readonly verdict: Verdict;
  readonly parent: ParentState;
  readonly plannedAt: EpochMs;
}

/** Canaries of a track from the newest back, as far as they are settled here and above and belong to no past incident. */
export function* walkBack(track: Track, since: EpochMs): Iterable<Walked> {
  const { stream, hop } = track;
  const from = Math.max(since, ...[...lineage(hop)].map((each) => each.absorbBefore));
  const last = Math.max(0, stream.dueSeq - walkLimit * Math.ceil(hop.spec.sample.of / hop.spec.sample.take));
  for (let seq = stream.dueSeq - 1; seq >= last; seq--) {
    const run = runOf(stream, seq);
    if (!run) return;
    const planned = plannedAt(run, seq);
    if (planned < from) return;
    if (isDeaf(hop, planned)) continue;
    if (!termsOf(run, hop.id, stream.number, seq)) continue;
    const code = codeAt(track, seq);
    // A block folded away holds only canaries that arrived, or old history.
    const verdict = code === undefined ? 'delivered' : verdictOfCode(code);
    if (verdict === undefined || verdict === 'pending' || verdict === 'withheld' || verdict === 'excused') continue;
    if (verdict === 'unverifiable') continue;
    const parent = parentState(track, seq);
    if (parent === 'unsettled') continue;
    yield { seq, verdict, parent, plannedAt: planned };
  }
}

/** The nearest hop above at which the canary is expected and about which something is known. */
export function parentState(track: Track, seq: number): ParentState {
  let unknown = false;
  const { stream } = track;
  const run = runOf(stream, seq);
  for (let hop = track.hop.parent; hop; hop = hop.parent) {
    if (!termsOf(run, hop.id, stream.number, seq)) continue;
    const above = stream.tracks.find((each) => each.hop === hop);
    const code = above ? codeAt(above, seq) : 0;
    const verdict = code === undefined ? foldedAs(above, run, seq) : verdictOfCode(code);
    if (verdict === 'delivered') return unknown ? 'unknown' : 'fine';
    if (verdict === 'delayed') return unknown ? 'unknown' : 'late';
    if (verdict === 'overdue' || verdict === 'lost') return 'broken';
    if (verdict === 'pending') return 'unsettled';
    if (verdict === 'unverifiable') unknown = true;
  }
  if (unknown) return 'unknown';
  // A block that is folded away held only what went out, or is old history.
  const sent = emissionAt(stream, seq);
  return sent === undefined || sent.state === emission.emitted ? 'fine' : 'unsettled';
}

/** It arrived, or is old history. Where something came late since it went out, that may have been this one. */
function foldedAs(above: Track | undefined, run: RunRow | undefined, seq: number): 'delivered' | 'delayed' {
  return above && run && above.lastLateAt > plannedAt(run, seq) ? 'delayed' : 'delivered';
}

export interface TrackFlow {
  /** The newest settled canaries are all overdue and nothing arrives. `root`: above they are fine or unknown. */
  readonly stopped: 'root' | 'behind' | undefined;
  readonly slow: boolean;
  /** Emission of the first canary of the present trouble. */
  readonly since: EpochMs;
}

/** Called once per complete look at the hop: counts looks in a row. */
export function noteLook(track: Track, now: EpochMs): void {
  track.stoppedLooks = missesAny(track) && quietAndMissing(track, now) ? track.stoppedLooks + 1 : 0;
}

function quietAndMissing(track: Track, now: EpochMs): boolean {
  const latest = newest(track, stoppedAfter);
  if (latest.length < stoppedAfter || !latest.every(isMissing)) return false;
  // What was quiet stays so until something arrives, however slow the schedule has become meanwhile.
  return track.stoppedLooks > 0 || now - track.lastSeenAt > quietMs(track, latest.at(-1)?.seq ?? 0);
}

/** Nothing arriving for longer than this is a silence, by the schedule of the canary `seq`. */
function quietMs(track: Track, seq: number): number {
  return stoppedAfter * spacingMs(track, runOf(track.stream, seq)) + track.hop.spec.pollMs;
}

/** How far apart the canaries of a run are that are expected at this hop: a sampled hop sees fewer. */
function spacingMs(track: Track, run: RunRow | undefined): number {
  const terms = run?.terms.find((each) => each.hop === track.hop.id);
  return run && terms ? run.everyMs * (terms.of / terms.take) : 0;
}

/**
 * After a stop one arrival proves little while the newest canaries are still missing: only once it was not quiet again for
 * this long is it over. 0 where the newest arrived.
 */
export function mayBeStoppedAgainMs(track: Track): number {
  const [last] = missesAny(track) ? newest(track, 1) : [];
  const { pollMs, timeoutMs } = track.hop.spec;
  return last && isMissing(last) ? quietMs(track, last.seq) + stoppedLooks * pollMs + timeoutMs : 0;
}

function newest(track: Track, count: number, which: (walked: Walked) => boolean = () => true): Walked[] {
  const found: Walked[] = [];
  for (const walked of walkBack(track, 0)) {
    if (which(walked)) found.push(walked);
    if (found.length === count) break;
  }
  return found;
}

export function isMissing(walked: Walked): boolean {
  return walked.verdict === 'overdue' || walked.verdict === 'lost';
}

/**
 * Nearly all tracks of a large pipeline are fine, which shows without walking: nothing is missing or came late lately. What was
 * lost before stays missing for days, and says nothing of now.
 */
export function isQuietlyFine(track: Track, now: EpochMs): boolean {
  const { spec, pipeline } = track.hop;
  const lately = Math.max(10 * spec.withinMs, pipeline.spec.loss.windowMs);
  return now - track.lastLateAt > 10 * spec.withinMs && !missesSince(track, now - lately);
}

/** So many complete looks in a row said so. */
export function hasStopped(track: Track): boolean {
  return track.stoppedLooks >= stoppedLooks;
}

export function flowOf(track: Track, now: EpochMs, stalledAbove: boolean): TrackFlow {
  if (isQuietlyFine(track, now)) {
    return { stopped: undefined, slow: false, since: 0 };
  }
  const latest = newest(track, slowWindow);
  const [first] = latest;
  const stopped = hasStopped(track) && first && isMissing(first) ? stopKind(latest, stalledAbove) : undefined;
  return {
    stopped,
    slow: stopped === undefined && isSlow(track, latest),
    since: stopped ? missingSince(track) : (latest.findLast((each) => each.verdict !== 'delivered')?.plannedAt ?? 0),
  };
}

/** While a stop above is open, what passed there late is its backlog, still on its way here; what is not known there is no new stop. */
function stopKind(latest: readonly Walked[], stalledAbove: boolean): 'root' | 'behind' {
  const inherited = ({ parent }: Walked) =>
    parent === 'broken' || (stalledAbove && (parent === 'late' || parent === 'unknown'));
  return latest.slice(0, stoppedAfter).some(inherited) ? 'behind' : 'root';
}

function isSlow(track: Track, latest: readonly Walked[]): boolean {
  const late = latest.filter((each) => each.verdict !== 'delivered' && each.parent === 'fine');
  if (latest.length < slowWindow || late.length * 2 <= latest.length) return false;
  // Where lines take far longer than they may, those that arrive lie behind all of the newest ones.
  const arrived = newest(track, 2, (each) => !isMissing(each));
  return arrived.length === 2 && arrived.every((each) => each.verdict === 'delayed' && each.parent === 'fine');
}

function missingSince(track: Track): EpochMs {
  let since = 0;
  for (const walked of walkBack(track, 0)) {
    if (!isMissing(walked)) break;
    since = walked.plannedAt;
  }
  return since;
}

export interface LossTally {
  /** Lost, or overtaken by 20 younger ones. */
  losses: number;
  /** Canaries that arrived, or count as losses, and were fine above. */
  trials: number;
  /** Of those, the ones of streams that lose, emitted since the first loss. */
  trialsSince: number;
  /** Emission of the first loss in the window. */
  since: EpochMs;
  /** Emission of the newest canary that is missing while younger ones arrived. */
  lastAt: EpochMs;
  /** Arrived canaries of streams that lose, emitted after `lastAt` and long enough ago to be due. */
  goodAfter: number;
}

/** Adds up the losses of the window over all streams at a hop. Streams that miss nothing in it are counted by their schedule. */
export function tallyLosses(
  tracks: readonly Track[],
  from: EpochMs,
  dueBefore: EpochMs,
): LossTally & { streams: StreamState[] } {
  const tally = {
    losses: 0,
    trials: 0,
    trialsSince: 0,
    since: 0,
    lastAt: 0,
    goodAfter: 0,
    streams: [] as StreamState[],
  };
  const arrivals: EpochMs[] = [];
  const missing = new Set(tracks.filter((each) => missesSince(each, from)));
  const whole = tracks.filter((each) => !missing.has(each));
  for (const track of missing) {
    const own: EpochMs[] = [];
    if (!tallyTrack(track, from - decidedMs(track), tally, own)) continue;
    tally.streams.push(track.stream);
    arrivals.push(...own);
  }
  // Streams that lose nothing say nothing of those that do: neither how often, nor that it is over.
  tally.trialsSince = tally.losses + arrivals.filter((at) => at >= tally.since).length;
  tally.goodAfter = arrivals.filter((at) => at > tally.lastAt && at <= dueBefore).length;
  for (const track of whole) tally.trials += slotsBetween(track, from - decidedMs(track), dueBefore);
  return tally;
}

/**
 * So long it takes until a late canary is known to be overtaken. The window is one of canaries of which that is known: with
 * slow periods nothing younger could ever be called a loss.
 */
export function decidedMs(track: Track): number {
  return track.hop.spec.withinMs + overtakenBy * spacingMs(track, track.stream.runs.at(-1));
}

/** Some canary is overdue or lost here: without one there is neither a stop nor a loss. */
export function missesAny(track: Track): boolean {
  return (track.live[codeOf.overdue] ?? 0) + (track.live[codeOf.lost] ?? 0) > 0;
}

/** Some canary of the window from `from` on is overdue or lost here: old losses are kept for days, and cost no walk each time. */
export function missesSince(track: Track, from: EpochMs): boolean {
  if (!missesAny(track)) return false;
  const { stream } = track;
  const limit = from - decidedMs(track);
  for (let index = blockOf(stream.dueSeq - 1); index >= 0; index--) {
    const last = Math.min((index + 1) * blockSize, stream.dueSeq) - 1;
    if (timeOf(stream, last) < limit) return false;
    const codes = track.blocks.get(index)?.codes;
    const at = codes ? Math.max(codes.lastIndexOf(codeOf.overdue), codes.lastIndexOf(codeOf.lost)) : -1;
    if (at >= 0) return timeOf(stream, index * blockSize + at) >= limit;
  }
  return false;
}

function slotsBetween(track: Track, from: EpochMs, to: EpochMs): number {
  const run = track.stream.runs.at(-1);
  if (!run) return 0;
  const begin = Math.max(from, run.t0, track.hop.absorbBefore);
  const terms = run.terms.find((each) => each.hop === track.hop.id);
  return terms && to > begin ? Math.floor(((to - begin) / run.everyMs) * (terms.take / terms.of)) : 0;
}

function tallyTrack(track: Track, from: EpochMs, tally: LossTally, arrivals: EpochMs[]): boolean {
  let younger = 0;
  let losing = false;
  for (const walked of walkBack(track, from)) {
    if (walked.parent === 'broken' || walked.parent === 'unknown') continue;
    if (!isMissing(walked)) {
      younger += 1;
      tally.trials += 1;
      arrivals.push(walked.plannedAt);
      continue;
    }
    // Missing with nothing younger behind it is a stop or a delay, not a loss among others.
    if (younger > 0) tally.lastAt = Math.max(tally.lastAt, walked.plannedAt);
    if (younger === 0 || (walked.verdict === 'overdue' && younger < overtakenBy)) continue;
    losing = true;
    tally.losses += 1;
    tally.trials += 1;
    tally.since = tally.since === 0 ? walked.plannedAt : Math.min(tally.since, walked.plannedAt);
  }
  return losing;
}

export function hopsBehind(hop: HopState): HopState[] {
  return hop.pipeline.hops.filter((each) => each !== hop && [...lineage(each)].includes(hop));
}
