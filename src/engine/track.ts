/** A stream at a hop: granting, judging, seeing, folding. The exact heart of the accounting. */
import {
  blockSize,
  codeOf,
  type EmissionBlock,
  emission,
  firstOpenIn,
  impliedBit,
  isMissing,
  isSeen,
  makeRoom,
  newEmissionBlock,
  newVerdictBlock,
  type VerdictBlock,
  type VerdictCode,
  verdictOfCode,
} from '../core/block.ts';
import type { RunRow } from '../core/ledger.ts';
import type { HopTerms } from '../core/run.ts';
import { plannedAt } from '../core/schedule.ts';
import { judgeSeen, judgeUnseen, type Latency, latencyMeansSomething, latencyOf } from '../core/verdict.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { changeEmission, changeStream, changeTrack, changeVerdicts } from './changed.ts';
import type { StreamState, Track } from './state.ts';

/** Lost and unverifiable canaries are looked for this long after they were due to be lost (design §4: 72 h more). */
export const lingerMs = 72 * 3_600_000;

const emissionNames = ['unconfirmed', 'emitted', 'withheld'] as const;
const int32Max = 2_147_483_647;

/** The run a granted sequence number belongs to. */
export function runOf(stream: StreamState, seq: number): RunRow | undefined {
  for (let i = stream.runs.length - 1; i >= 0; i--) {
    const run = stream.runs[i] as RunRow;
    if (run.fromSeq <= seq) return run;
  }
  return undefined;
}

/** The terms under which a canary is expected at a hop; undefined where it does not apply. */
export function termsOf(run: RunRow | undefined, hop: number, stream: number, seq: number): HopTerms | undefined {
  const terms = run?.terms.find((each) => each.hop === hop);
  // The stream's number shifts the sample, so that streams are not sampled at the same moments.
  return terms && (seq + stream) % terms.of < terms.take ? terms : undefined;
}

export function blockOf(seq: number): number {
  return Math.floor(seq / blockSize);
}

/** The code of a canary, or undefined when its block is settled and folded away. */
export function codeAt(track: Track, seq: number): VerdictCode | undefined {
  return track.blocks.get(blockOf(seq))?.codes[seq % blockSize];
}

export function emissionAt(stream: StreamState, seq: number): { state: number; nb: EpochMs; na: EpochMs } | undefined {
  const block = stream.emission.get(blockOf(seq));
  const run = runOf(stream, seq);
  if (!block || !run) return undefined;
  const planned = plannedAt(run, seq);
  const i = seq % blockSize;
  return { state: block.states[i] ?? 0, nb: planned + (block.nb[i] ?? 0), na: planned + (block.na[i] ?? 0) };
}

/** Hands out the next sequence number: from now on it is expected wherever its terms apply. */
export function grant(stream: StreamState): number {
  const seq = stream.nextSeq;
  stream.nextSeq += 1;
  if (stream.schedule === undefined) stream.dueSeq = stream.nextSeq;
  changeStream(stream);
  const index = blockOf(seq);
  if (!stream.emission.has(index)) {
    stream.emission.set(index, newEmissionBlock(index));
    // Its row must be there even if no receipt ever comes: without it nothing of the block can be judged after a crash.
    changeEmission(stream, index);
  }
  const run = runOf(stream, seq);
  for (const track of stream.tracks) {
    if (!termsOf(run, track.hop.id, stream.number, seq)) {
      const full = seq % blockSize === blockSize - 1 ? track.blocks.get(index) : undefined;
      if (full) wake(track, full);
      continue;
    }
    const block = verdictBlock(track, index);
    setCode(track, block, seq % blockSize, codeOf.pending);
    wake(track, block);
  }
  return seq;
}

/** Records what became of a canary's emission. A proof is never taken back: seen or emitted stays emitted. */
export function recordEmission(stream: StreamState, seq: number, state: number, nb: EpochMs, na: EpochMs): void {
  const index = blockOf(seq);
  const block = stream.emission.get(index);
  const run = runOf(stream, seq);
  if (!block || !run) return;
  const i = seq % blockSize;
  if (block.states[i] === emission.emitted) {
    if (state === emission.emitted)
      narrowEmission(stream, block, i, nb - plannedAt(run, seq), na - plannedAt(run, seq));
    return;
  }
  if (block.states[i] === state) return;
  const asExpected = (state === emission.withheld) === (block.states[i] === emission.withheld);
  if (!asExpected && settledAnywhere(stream, run, seq)) return;
  const planned = plannedAt(run, seq);
  makeRoom(block, i);
  block.states[i] = state;
  // What did not go out has no time of its own: the planned one stands for it, as after a restart.
  const sent = state === emission.emitted;
  block.nb[i] = sent ? clamp(nb - planned) : 0;
  block.na[i] = sent ? clamp(Math.max(na, nb) - planned) : 0;
  changeEmission(stream, index);
  for (const track of stream.tracks) {
    const verdicts = track.blocks.get(index);
    if (!verdicts) continue;
    followEmission(track, verdicts, i, state);
    wake(track, verdicts);
  }
}

/** A sighting proves emission within wide bounds; a receipt that comes later within narrow ones. Both hold. */
function narrowEmission(stream: StreamState, block: EmissionBlock, i: number, nb: number, na: number): void {
  const [from, to] = [block.nb[i] ?? 0, block.na[i] ?? 0];
  const [first, last] = [Math.max(from, clamp(nb)), Math.min(to, clamp(na))];
  if (first > last || (first === from && last === to)) return;
  block.nb[i] = first;
  block.na[i] = last;
  changeEmission(stream, block.index);
  for (const track of stream.tracks) {
    const verdicts = track.blocks.get(block.index);
    if (verdicts) wake(track, verdicts);
  }
}

/** Folded into the totals at some hop: whether it is expected cannot change any more. */
function settledAnywhere(stream: StreamState, run: RunRow, seq: number): boolean {
  const index = blockOf(seq);
  return stream.tracks.some(
    (track) => !track.blocks.has(index) && termsOf(run, track.hop.id, stream.number, seq) !== undefined,
  );
}

/** What is withheld is not expected, and what is not is: at once, so that the sums are exact before anything is judged anew. */
function followEmission(track: Track, block: VerdictBlock, i: number, state: number): void {
  const code = block.codes[i] ?? 0;
  if (code === 0 || isSeen(code)) return;
  if (state === emission.withheld) setCode(track, block, i, codeOf.withheld);
  else if (code === codeOf.withheld) setCode(track, block, i, codeOf.pending);
}

function clamp(ms: number): number {
  return Math.max(-int32Max, Math.min(int32Max, Math.round(ms)));
}

/** Excuses every unseen canary emitted at or after `from`, as far as they are due. */
export function excuse(stream: StreamState, from: EpochMs): number {
  let excused = 0;
  for (const track of stream.tracks) {
    for (const block of track.blocks.values()) {
      for (let i = 0; i < blockSize; i++) {
        const verdict = verdictOfCode(block.codes[i] ?? 0);
        if (verdict === undefined || !excusable.has(verdict)) continue;
        const seq = block.index * blockSize + i;
        if (seq >= stream.dueSeq) break;
        const sent = emissionAt(stream, seq);
        if (!sent || sent.state === emission.withheld || sent.nb < from) continue;
        setCode(track, block, i, codeOf.excused);
        excused += 1;
      }
    }
  }
  return excused;
}

const excusable: ReadonlySet<Verdict> = new Set(['pending', 'overdue', 'unverifiable', 'lost']);

export interface Sighting {
  /** It was not known before that the canary passed here. */
  readonly first: boolean;
  /** It had already been seen at this very hop. */
  readonly again: boolean;
  /** Present where it is known well enough to be observed: seen here directly, emission proven, the interval not too wide. */
  readonly latency?: Latency;
}

/** A canary was seen at the track's hop (or, `implied`, further down, which proves that it passed here). */
export function sight(track: Track, seq: number, seenAt: EpochMs, implied: boolean): Sighting {
  const { stream } = track;
  const index = blockOf(seq);
  const block = track.blocks.get(index);
  const i = seq % blockSize;
  const code = block?.codes[i] ?? 0;
  const run = runOf(stream, seq);
  const terms = termsOf(run, track.hop.id, stream.number, seq);
  // A block that is folded away holds only what was seen, or was given up long ago.
  if (!block || code === 0 || !run || !terms) {
    return { first: false, again: seq < stream.nextSeq && terms !== undefined && !impliedFolded(track) };
  }
  if (isSeen(code) && (implied || code < impliedBit)) return { first: false, again: !implied };
  noteArrival(track, seenAt);
  if (isSeen(code)) {
    setCode(track, block, i, code - impliedBit);
    return { first: false, again: false, ...latencyHere(track, seq, seenAt, terms.withinMs) };
  }
  const proven = emissionAt(stream, seq)?.state === emission.emitted;
  if (!proven) recordEmission(stream, seq, emission.emitted, Math.min(earliest(stream, run, seq), seenAt), seenAt);
  const { state, nb, na } = emissionAt(stream, seq) ?? { state: emission.emitted, nb: seenAt, na: seenAt };
  if (state === emission.withheld) return { first: false, again: false };
  const verdict = judgeSeen(latencyOf(nb, Math.min(na, seenAt), track.absent.at(seq), seenAt), terms.withinMs);
  setCode(track, block, i, codeOf[verdict] + (implied ? impliedBit : 0));
  if (verdict === 'delayed') track.lastLateAt = seenAt;
  track.newestSeenSeq = Math.max(track.newestSeenSeq, seq);
  if (stream.schedule !== undefined) noteWentOut(stream, plannedAt(run, seq));
  // What was handed over ahead of its time goes out no earlier than that, receipt or not.
  const dated = proven || stream.schedule !== undefined;
  return { first: true, again: false, ...(implied || !dated ? {} : latencyHere(track, seq, seenAt, terms.withinMs)) };
}

/** Lines go out again, and receipts of earlier ones say nothing against a failure of later ones. */
export function noteWentOut(stream: StreamState, at: EpochMs): void {
  if (stream.failedInRow > 0 && at < stream.failedSince) return;
  stream.failedInRow = 0;
  stream.lastEmittedAt = Math.max(stream.lastEmittedAt, at);
}

/** Before this a canary of which there is no receipt cannot have gone out. */
function earliest({ schedule, injector }: StreamState, run: RunRow, seq: number): EpochMs {
  const planned = plannedAt(run, seq);
  const batch = schedule?.batches.find(({ from, to }) => seq >= from && seq <= to);
  if (schedule === undefined || injector.limits === undefined) return planned;
  const { earlyMs, horizonMs } = injector.limits;
  const handedAt = Math.min(planned, batch?.handedAt ?? planned - horizonMs);
  const early = planned - earlyMs(planned - handedAt);
  // T may have jumped between two processes of ours, and the delay goes on by another clock.
  return handedAt < schedule.startedAt ? Math.min(early, handedAt) : early;
}

/** Something arrived that had not been seen here: what is only read or sent again says nothing of the flow. */
function noteArrival(track: Track, seenAt: EpochMs): void {
  track.lastSeenAt = seenAt;
  track.stoppedLooks = 0;
  changeTrack(track);
}

/** Some canary was folded away without having been seen at this very hop: a sighting of that age may be its first. */
function impliedFolded(track: Track): boolean {
  return (track.folded[codeOf.delivered + impliedBit] ?? 0) + (track.folded[codeOf.delayed + impliedBit] ?? 0) > 0;
}

function latencyHere(track: Track, seq: number, seenAt: EpochMs, withinMs: number): { latency?: Latency } {
  const sent = emissionAt(track.stream, seq);
  if (sent?.state !== emission.emitted) return {};
  const latency = latencyOf(sent.nb, sent.na, track.absent.at(seq), seenAt);
  return latencyMeansSomething(latency, withinMs) ? { latency } : {};
}

/** Applies the verdict table to every block in which something may have changed. */
export function judgeTrack(track: Track, now: EpochMs): void {
  let next = Number.POSITIVE_INFINITY;
  for (const block of track.blocks.values()) {
    const first = block.index * blockSize;
    const last = first + blockSize - 1;
    const changed =
      now >= block.wakeAt ||
      track.absent.newest(first, last) > block.wakeAbsent ||
      track.lost.newest(first, last) > block.wakeLost;
    if (changed) judgeBlock(track, block, now);
    if (block.wakeAt < next) next = block.wakeAt;
  }
  track.wakeAt = next;
}

function judgeBlock(track: Track, block: VerdictBlock, now: EpochMs): void {
  const { stream } = track;
  const sent = stream.emission.get(block.index);
  block.wakeAt = Number.POSITIVE_INFINITY;
  block.wakeAbsent = Number.POSITIVE_INFINITY;
  block.wakeLost = Number.POSITIVE_INFINITY;
  let run: RunRow | undefined;
  let runEnd = -1;
  let terms: HopTerms | undefined;
  for (let i = firstOpenIn(block); i < blockSize; i++) {
    const code = block.codes[i] as number;
    if (code === 0 || isSeen(code)) continue;
    const seq = block.index * blockSize + i;
    if (seq > runEnd) {
      run = runOf(stream, seq);
      terms = run?.terms.find((each) => each.hop === track.hop.id);
      runEnd = run ? endOfRun(stream, run) : seq;
    }
    if (!run || !terms || !sent) continue;
    judgeOne(track, block, i, code, run, terms, sent, now);
  }
  settleIfFinal(track, block, now);
}

function endOfRun(stream: StreamState, run: RunRow): number {
  const at = stream.runs.indexOf(run);
  const next = stream.runs[at + 1];
  return next ? next.fromSeq - 1 : Number.POSITIVE_INFINITY;
}

function judgeOne(
  track: Track,
  block: VerdictBlock,
  i: number,
  code: VerdictCode,
  run: RunRow,
  terms: HopTerms,
  sent: EmissionBlock,
  now: EpochMs,
): void {
  const seq = block.index * blockSize + i;
  const state = emissionNames[sent.states[i] ?? 0] ?? 'unconfirmed';
  const na = plannedAt(run, seq) + (sent.na[i] ?? 0);
  const absentAsOf = track.absent.at(seq);
  const lostAsOf = Math.min(absentAsOf, track.lost.at(seq));
  const verdict = judgeUnseen({
    emission: state,
    excused: code === codeOf.excused,
    na,
    withinMs: terms.withinMs,
    lostAfterMs: terms.lostAfterMs,
    graceMs: terms.graceMs,
    absentAsOf,
    lostAsOf,
    now,
  });
  if (codeOf[verdict] !== code) setCode(track, block, i, codeOf[verdict]);
  const due = na + terms.withinMs;
  if (verdict === 'pending') block.wakeAt = Math.min(block.wakeAt, due + terms.graceMs);
  if (state === 'emitted' && (verdict === 'pending' || verdict === 'unverifiable')) {
    block.wakeAbsent = Math.min(block.wakeAbsent, due);
  }
  if (state === 'emitted' && verdict !== 'lost' && verdict !== 'excused') {
    block.wakeLost = Math.min(block.wakeLost, na + terms.lostAfterMs);
  }
  const final = na + terms.lostAfterMs + lingerMs;
  if (now < final && verdict !== 'pending') block.wakeAt = Math.min(block.wakeAt, final);
}

/** A full block in which nothing can change any more is folded into the totals; its row stays for `trace`. */
function settleIfFinal(track: Track, block: VerdictBlock, now: EpochMs): void {
  const { stream } = track;
  const first = block.index * blockSize;
  if (stream.nextSeq < first + blockSize) return;
  if (block.wakeAt !== Number.POSITIVE_INFINITY) return;
  for (let i = firstOpenIn(block); i < blockSize; i++) {
    const code = block.codes[i] as number;
    if (code === codeOf.pending) return;
    if (code === 0 || isSeen(code)) continue;
    const run = runOf(stream, first + i);
    const terms = run && termsOf(run, track.hop.id, stream.number, first + i);
    if (run && terms && now < plannedAt(run, first + i) + terms.lostAfterMs + lingerMs) return;
  }
  foldTrackBlock(track, block);
}

function foldTrackBlock(track: Track, block: VerdictBlock): void {
  for (const code of block.codes) {
    if (code === 0) continue;
    track.live[code] = (track.live[code] ?? 0) - 1;
    track.folded[code] = (track.folded[code] ?? 0) + 1;
  }
  track.justSettled ??= new Map();
  track.justSettled.set(block.index, block);
  track.blocks.delete(block.index);
  changeTrack(track);
  changeVerdicts(track, block.index);
}

/**
 * Every canary of a block was given up: 72 h after it was due to be lost. A stream that ended leaves its last block unfilled
 * and so never folded; without this its missing canaries would be looked for, and counted as missing, for ever.
 */
export function isGivenUp(track: Track, index: number, now: EpochMs): boolean {
  const { stream } = track;
  const last = Math.min((index + 1) * blockSize, stream.nextSeq) - 1;
  const run = runOf(stream, last);
  const terms = run?.terms.find((each) => each.hop === track.hop.id);
  return !!run && !!terms && now >= plannedAt(run, last) + terms.lostAfterMs + lingerMs;
}

/** Planned time of the last canary of a block. */
export function endOfBlock(stream: StreamState, index: number): EpochMs {
  const last = (index + 1) * blockSize - 1;
  const run = runOf(stream, last);
  return run ? plannedAt(run, last) : 0;
}

export function verdictBlock(track: Track, index: number): VerdictBlock {
  let block = track.blocks.get(index);
  if (!block) {
    block = newVerdictBlock(index);
    track.blocks.set(index, block);
  }
  return block;
}

function wake(track: Track, block: VerdictBlock): void {
  block.wakeAt = 0;
  track.wakeAt = 0;
}

function setCode(track: Track, block: VerdictBlock, i: number, code: VerdictCode): void {
  const before = block.codes[i] ?? 0;
  if (before === code) return;
  block.codes[i] = code;
  if (i < block.openFrom && isMissing(code)) block.openFrom = i;
  if (before !== 0) track.live[before] = (track.live[before] ?? 0) - 1;
  track.live[code] = (track.live[code] ?? 0) + 1;
  changeVerdicts(track, block.index);
  // From implied to seen is no new verdict.
  if (!isSeen(before)) countEntry(track, before, code);
}

function countEntry(track: Track, before: VerdictCode, code: VerdictCode): void {
  const { entered } = track.hop.counters;
  const verdict = verdictOfCode(code);
  if (verdict === undefined || verdict === 'pending' || verdict === 'overdue') return;
  entered[verdict] += 1;
  if (before === codeOf.lost && verdict !== 'excused') entered.recovered += 1;
  track.hop.dirty = true;
}
