/**
 * The only place that touches the machine's clocks and timers. Everything that waits takes a signal.
 */

/** Milliseconds since 1970 on the ledger's clock (T). Never subtract a stamp of another clock from it. */
export type EpochMs = number;

export interface Clock {
  /** Ledger time T, ms: starts at max(wall, last persisted T), driven by the monotonic clock, never backwards. */
  now(): EpochMs;
  /** The machine's wall clock, ms. Only for noticing that it was stepped, and for talking to other systems. */
  wall(): EpochMs;
  /** Monotonic ms with an arbitrary origin, for durations. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A signal that aborts after `ms` (with a `TimeoutError`) or with `signal`, whichever is first. Call `clear` when done. */
  deadline(ms: number, signal?: AbortSignal): Deadline;
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** True when the time ran out, false while running or when aborted from outside. */
  readonly expired: boolean;
  clear(): void;
}

/** Where a clock takes its raw readings from; a test or the sandbox's `clock-stepped` fault passes its own. */
export interface ClockSource {
  wall(): EpochMs;
  monotonicMs(): number;
}

export const machineClock: ClockSource = {
  wall: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock whose T begins at max(wall, `notBefore`) and then follows the monotonic clock. */
export function createClock(notBefore: EpochMs = 0, source: ClockSource = machineClock): Clock {
  const origin = source.monotonicMs();
  const start = Math.max(source.wall(), notBefore);
  let last = start;
  return {
    now() {
      last = Math.max(last, Math.floor(start + source.monotonicMs() - origin));
      return last;
    },
    wall: () => source.wall(),
    monotonicMs: () => source.monotonicMs(),
    sleep,
    deadline,
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function deadline(ms: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const stop = () => controller.abort(signal?.reason);
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
  }, ms);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}
