import { expect } from 'vitest';
import { accounted } from '../../src/core/verdict-name.ts';
import type { EngineState, HopState } from '../../src/engine/state.ts';
import { expectedAt, verdictCounts } from '../../src/engine/sums.ts';

/** Expected, from grants and receipts alone, and the sum of the accounted verdicts. */
export function sumsAt(hop: HopState): { expected: number; sum: number } {
  const tracks = hop.tracks;
  const counts = verdictCounts(tracks);
  return { expected: expectedAt(hop, tracks), sum: accounted.reduce((sum, verdict) => sum + counts[verdict], 0) };
}

/** The accounting identity of design §4 at every hop, now. */
export function expectIdentity(state: EngineState): void {
  for (const pipeline of state.pipelines) {
    for (const hop of pipeline.hops) {
      const { expected, sum } = sumsAt(hop);
      if (sum !== expected) expect({ hop: hop.spec.name, sum }).toEqual({ hop: hop.spec.name, sum: expected });
    }
  }
}
