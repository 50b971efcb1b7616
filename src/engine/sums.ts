/** Exact sums over streams and tracks: what was handed out, what is expected, and what became of it. */
import { blockSize, codeCount, codeOf, emission, verdictOfCode } from '../core/block.ts';
import { type Verdict, verdicts } from '../core/verdict-name.ts';
import type { HopState, StreamState, Track } from './state.ts';
import { applicableCount, emissionAt, withheldIn } from './track.ts';

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
