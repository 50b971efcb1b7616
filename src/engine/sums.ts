/** Exact sums over streams and tracks: what was handed out, what is expected, and what became of it. */
import { blockSize, codeCount, codeOf, type EmissionBlock, emission, verdictOfCode } from '../core/block.ts';
import type { HopTerms } from '../core/run.ts';
import { type Verdict, verdicts } from '../core/verdict-name.ts';
import type { HopState, StreamState, Track } from './state.ts';
import { emissionAt, runOf, termsOf } from './track.ts';

/** Everything handed out is one of: emitted for certain, withheld for certain, unconfirmed. */
export function emissionCounts(streams: readonly StreamState[]): {
  emitted: number;
  withheld: number;
  unconfirmed: number;
} {
  let granted = 0;
  let emitted = 0;
  let withheld = 0;
  for (const stream of streams) {
    granted += stream.nextSeq;
    emitted += stream.foldedEmission[emission.emitted] ?? 0;
    withheld += stream.foldedEmission[emission.withheld] ?? 0;
    for (const block of stream.emission.values()) {
      for (const state of block.states) {
        if (state === emission.emitted) emitted += 1;
        else if (state === emission.withheld) withheld += 1;
      }
    }
  }
  return { emitted, withheld, unconfirmed: granted - emitted - withheld };
}

/** Life-long counts per verdict at a hop: folded blocks plus those in memory. */
export function verdictCounts(tracks: Iterable<Track>): Record<Verdict, number> {
  const counts = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const track of tracks) {
    for (let code = 1; code < codeCount; code++) {
      const verdict = verdictOfCode(code);
      if (verdict) counts[verdict] += (track.folded[code] ?? 0) + (track.live[code] ?? 0);
    }
  }
  return counts;
}

/** Injected plus unconfirmed, of the canaries that apply here: from grants and receipts, without looking at a verdict. */
export function expectedAt(hop: HopState, tracks: readonly Track[]): number {
  let expected = 0;
  for (const { stream } of tracks) {
    expected += applicableCount(stream, hop.id) - (stream.foldedWithheld.get(hop.id) ?? 0);
    for (const block of stream.emission.values()) expected -= withheldIn(stream, block, hop.id);
  }
  return expected;
}

/** Canaries that were handed over and are not due yet: they are told of when they are. */
export function pendingAhead({ stream, blocks }: Track): number {
  let ahead = 0;
  for (let seq = stream.dueSeq; seq < stream.nextSeq; seq++) {
    if (blocks.get(Math.floor(seq / blockSize))?.codes[seq % blockSize] === codeOf.pending) ahead += 1;
  }
  return ahead;
}

export function unconfirmedAhead(stream: StreamState): number {
  let ahead = 0;
  for (let seq = stream.dueSeq; seq < stream.nextSeq; seq++) {
    if (emissionAt(stream, seq)?.state === emission.unconfirmed) ahead += 1;
  }
  return ahead;
}

/** How many of a stream's granted canaries are expected at a hop by the terms of their runs: known without any verdict. */
export function applicableCount(stream: StreamState, hop: number): number {
  let count = 0;
  stream.runs.forEach((run, at) => {
    const end = stream.runs[at + 1]?.fromSeq ?? stream.nextSeq;
    const terms = run.terms.find((each) => each.hop === hop);
    if (terms) count += sampledBelow(end + stream.number, terms) - sampledBelow(run.fromSeq + stream.number, terms);
  });
  return count;
}

/** Numbers below `end` whose remainder by `of` is under `take`. */
function sampledBelow(end: number, { take, of }: HopTerms): number {
  return Math.floor(end / of) * take + Math.min(end % of, take);
}

/** Withheld canaries of an emission block that would have been expected at a hop. */
export function withheldIn(stream: StreamState, block: EmissionBlock, hop: number): number {
  let count = 0;
  const { states } = block;
  for (let i = states.indexOf(emission.withheld); i >= 0; i = states.indexOf(emission.withheld, i + 1)) {
    const seq = block.index * blockSize + i;
    if (termsOf(runOf(stream, seq), hop, stream.number, seq)) count += 1;
  }
  return count;
}
