/** What a look asks for: which canaries, and what it will have covered if it turns out complete. */
import {
  blockSize,
  codeCount,
  codeOf,
  firstOpenIn,
  isSeen,
  type VerdictBlock,
  type VerdictCode,
} from '../core/block.ts';
import { tokenPrefix } from '../core/token.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Question } from '../probe.ts';
import { awaitedAt } from './awaiting.ts';
import { advanceDue, timeOf } from './due.ts';
import type { AskedRange, Command, LineRef } from './event.ts';
import { tokenOf } from './injecting.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { strangersFor } from './straying.ts';
import { codeAt, isGivenUp, runOf } from './track.ts';

/** Canaries one look may search for by token: half the oldest, half the newest when there are more. */
const askLimit = 8_192;
/** Lost canaries are asked about only in every so many looks: they must not crowd out those that can still be in time. */
const lostEvery = 10;

const openCodes: ReadonlySet<VerdictCode> = new Set([codeOf.pending, codeOf.overdue, codeOf.unverifiable]);
const unseenCodes: ReadonlySet<VerdictCode> = new Set(
  Array.from({ length: codeCount }, (_, code) => code).filter((code) => code !== 0 && !isSeen(code)),
);

/** Oldest first. They are made in that order and put back in that order, so there is nearly never anything to sort. */
function inOrder(track: Track): Iterable<VerdictBlock> {
  let last = -1;
  for (const { index } of track.blocks.values()) {
    if (index < last) return [...track.blocks.values()].sort((a, b) => a.index - b.index);
    last = index;
  }
  return track.blocks.values();
}

/** Unseen canaries that a sighting could still change, oldest first. */
export function* unseen(track: Track, now: EpochMs): Iterable<readonly [seq: number, code: VerdictCode]> {
  for (const block of inOrder(track)) {
    const first = firstOpenIn(block);
    if (first === blockSize || isGivenUp(track, block.index, now)) continue;
    for (let i = first; i < blockSize; i++) {
      const code = block.codes[i] as number;
      if (code !== 0 && !isSeen(code)) yield [block.index * blockSize + i, code];
    }
  }
}

export function lookCommand(state: EngineState, hop: HopState): Command {
  const asOf = state.now;
  const includeLost = hop.asked % lostEvery === 0;
  hop.asked += 1;
  const codes = includeLost ? unseenCodes : openCodes;
  const whole = outstanding(hop, asOf);
  const besides = [...awaitedAt(hop), ...strangersFor(state, hop)];
  const missing = Math.min(askLimit, countOf(hop, codes));
  const count = missing + besides.length;
  // Most observers read everything and want no token: choosing waits until one is asked for.
  let chosen: readonly LineRef[] | undefined;
  const question: Question = {
    asOf,
    since: oldest(hop, hop.mode === 'on-demand' ? openCodes : codes, asOf),
    count,
    prefixes: prefixesOf(whole),
    *tokens() {
      chosen ??= choose(hop, whole, codes, asOf);
      for (const { stream, seq } of [...chosen, ...besides]) {
        const token = tokenOf(state, stream, seq);
        if (token) yield token;
      }
    },
    ...(hop.cursor === undefined ? {} : { cursor: hop.cursor }),
  };
  // An observer that searches by token covers what it was given; one that reads everything covers all that is out.
  const asked = () => (chosen ? { ranges: rangesOf(hop, chosen), count: chosen.length } : { ranges: whole, count });
  return { type: 'look', hop, question, asked, timeoutMs: hop.spec.timeoutMs };
}

/** For each stream its canaries from the first unseen one on, as far as they are due. */
function outstanding(hop: HopState, now: EpochMs): AskedRange[] {
  const ranges: AskedRange[] = [];
  for (const track of hop.tracks) {
    advanceDue(track.stream, now);
    for (const [from] of unseen(track, now)) {
      if (from < track.stream.dueSeq) ranges.push({ stream: track.stream, from, to: track.stream.dueSeq - 1 });
      break;
    }
  }
  return ranges;
}

/**
 * Planned time of the oldest canary that is looked for. Not of every unseen one: for one that is lost, or that never went out, an
 * observer that reads on demand would read days of what everybody writes.
 */
function oldest(hop: HopState, codes: ReadonlySet<VerdictCode>, asOf: EpochMs): EpochMs {
  let since = asOf;
  for (const track of hop.tracks) {
    for (const [seq, code] of unseen(track, asOf)) {
      if (!codes.has(code)) continue;
      since = Math.min(since, timeOf(track.stream, seq));
      break;
    }
  }
  return since;
}

function countOf(hop: HopState, codes: ReadonlySet<VerdictCode>): number {
  let count = 0;
  for (const { live } of hop.tracks) for (const code of codes) count += live[code] ?? 0;
  return count;
}

function choose(
  hop: HopState,
  whole: readonly AskedRange[],
  codes: ReadonlySet<VerdictCode>,
  asOf: EpochMs,
): readonly LineRef[] {
  const times: EpochMs[] = [];
  for (const { stream, seq } of askable(hop, whole, codes, asOf)) times.push(timeOf(stream, seq));
  if (times.length <= askLimit) return [...askable(hop, whole, codes, asOf)];
  const sorted = Float64Array.from(times).sort();
  const half = askLimit / 2;
  const [last, first] = [sorted[half - 1] ?? 0, sorted[sorted.length - half] ?? 0];
  const edges: { ref: LineRef; at: EpochMs }[] = [];
  for (const ref of askable(hop, whole, codes, asOf)) {
    const at = timeOf(ref.stream, ref.seq);
    if (at <= last || at >= first) edges.push({ ref, at });
  }
  edges.sort((a, b) => a.at - b.at);
  return [...edges.slice(0, half), ...edges.slice(-half)].map(({ ref }) => ref);
}

function* askable(
  hop: HopState,
  whole: readonly AskedRange[],
  codes: ReadonlySet<VerdictCode>,
  asOf: EpochMs,
): Generator<LineRef, void, undefined> {
  for (const { stream, to } of whole) {
    const track = stream.tracks.find((each) => each.hop === hop);
    for (const [seq, code] of track ? unseen(track, asOf) : []) {
      if (seq > to) break;
      if (codes.has(code)) yield { stream, seq };
    }
  }
}

/** Contiguous ranges of what was asked; a gap in which everything was seen already does not end a range. */
function rangesOf(hop: HopState, chosen: readonly LineRef[]): AskedRange[] {
  const ranges: { stream: StreamState; from: number; to: number }[] = [];
  const open = new Map<StreamState, { stream: StreamState; from: number; to: number }>();
  for (const { stream, seq } of chosen) {
    const range = open.get(stream);
    if (range && gapSeen(hop, stream, range.to + 1, seq - 1)) {
      range.to = seq;
      continue;
    }
    const begun = { stream, from: seq, to: seq };
    ranges.push(begun);
    open.set(stream, begun);
  }
  return ranges;
}

function gapSeen(hop: HopState, stream: StreamState, from: number, to: number): boolean {
  const track = stream.tracks.find((each) => each.hop === hop);
  for (let seq = from; seq <= to; seq++) {
    const code = track && codeAt(track, seq);
    // A block that is not in memory any more is settled.
    if (code !== undefined && code !== 0 && !isSeen(code)) return false;
  }
  return true;
}

/** Of all runs that the ranges touch. */
function prefixesOf(whole: readonly AskedRange[]): string[] {
  const prefixes = new Set<string>();
  for (const { stream, from } of whole) {
    const first = runOf(stream, from);
    const runs = first ? stream.runs.slice(stream.runs.indexOf(first)) : [];
    for (const { key, writer } of runs) prefixes.add(tokenPrefix(key, writer));
  }
  return [...prefixes];
}
