/** Times in which posts to us were turned away: suspended, or without a ledger. (What came before the start, the hop's own looks leave out.) */
import type { EpochMs } from '../lib/clock.ts';
import { hasOpen } from './finding.ts';
import type { EngineState, HopState } from './state.ts';

/** Of the latest times in which posts were turned away so many are remembered. */
const deafLimit = 64;

/**
 * Canaries that would have been posted in that time, going by how long they take of late (half as long again, and at most the
 * deadline), are missing or late through us.
 */
export function wasDeaf(state: EngineState, hop: HopState, from: EpochMs, to: EpochMs): void {
  const { withinMs } = hop.spec;
  if (isHeldUpAbove(state, hop)) {
    // One stretch says it all.
    hop.deaf.splice(0, hop.deaf.length, { from: 0, to });
    return;
  }
  const takes = hop.recentHi.length > 0 ? Math.min(1.5 * Math.max(...hop.recentHi), withinMs) : withinMs;
  if (hop.deaf.length === deafLimit) hop.deaf.shift();
  hop.deaf.push({ from: from - takes, to });
}

/** What is held up on its way here may have been let go, and posted, at any moment: all that is still missing. */
function isHeldUpAbove(state: EngineState, hop: HopState): boolean {
  for (let above = hop.parent; above; above = above.parent) {
    const at = above;
    if (heldUp.some((kind) => hasOpen(state, at, kind))) return true;
  }
  return false;
}

const heldUp = ['stopped', 'slow', 'unreadable'] as const;

/** It could not be posted to us when it was due to be. */
export function isDeaf({ deaf }: HopState, planned: EpochMs): boolean {
  return deaf.length > 0 && deaf.some(({ from, to }) => planned >= from && planned < to);
}
