import { type Clock, createClock } from '../../src/lib/clock.ts';

export interface HastyClock extends Clock {
  /** Every sleep that was asked for, ms. */
  readonly slept: readonly number[];
  /** Moves T and the monotonic clock on. */
  advance(ms: number): void;
}

/** A clock that stands still but for sleeping, which takes no time on the machine's clock and all of it on this one. */
export function hastyClock(): HastyClock {
  const real = createClock();
  const slept: number[] = [];
  const origin = real.now();
  let passed = 0;
  return {
    ...real,
    slept,
    now: () => origin + passed,
    wall: () => origin + passed,
    monotonicMs: () => passed,
    advance(ms) {
      passed += ms;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      passed += ms;
    },
  };
}
