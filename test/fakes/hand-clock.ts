import type { Clock, Deadline, EpochMs } from '../../src/lib/clock.ts';

/** A clock that stands still; its deadlines run out when the test says so. */
export interface HandClock extends Clock {
  /** Lets every running deadline run out. */
  expire(): void;
  /** Deadlines that were neither cleared nor ran out. */
  readonly running: number;
}

export function handClock(now: EpochMs): HandClock {
  const running = new Set<() => void>();
  return {
    now: () => now,
    wall: () => now,
    monotonicMs: () => 0,
    sleep: () => Promise.reject(new Error('nothing here may sleep')),
    deadline: (ms, signal) => handDeadline(running, ms, signal),
    expire: () => {
      for (const run of [...running]) run();
    },
    get running() {
      return running.size;
    },
  };
}

function handDeadline(running: Set<() => void>, ms: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  let expired = false;
  const stop = () => controller.abort(signal?.reason);
  const run = () => {
    expired = true;
    running.delete(run);
    controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
  };
  running.add(run);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    clear: () => {
      running.delete(run);
      signal?.removeEventListener('abort', stop);
    },
  };
}
