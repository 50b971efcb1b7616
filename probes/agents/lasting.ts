/** Conditions that matter only when they last: an input that is paused for a second is a burst. */
import type { EpochMs } from '../../src/probe.ts';

export interface Lasting {
  /** Says that this holds as of `at`. True when it held at every round for at least so long. */
  holds(key: string, at: EpochMs, forMs: number): boolean;
  /** Ends a round: what was not said to hold in it is forgotten. */
  endRound(): void;
}

export function createLasting(): Lasting {
  let before = new Map<string, EpochMs>();
  let now = new Map<string, EpochMs>();
  return {
    holds(key, at, forMs) {
      const since = now.get(key) ?? before.get(key) ?? at;
      now.set(key, since);
      return at - since >= forMs;
    },
    endRound() {
      before = now;
      now = new Map();
    },
  };
}
