/** A clock whose time passes only when nothing real is under way: hours in minutes, and no call is ever late by accident. */
import type { Clock, EpochMs } from '../../src/lib/clock.ts';

interface Timer {
  readonly at: EpochMs;
  fire(): void;
}

export interface VirtualClock extends Clock {
  /** Time stands still until the work is done: for what really takes time, such as a commit or a request. */
  hold<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass until `at`. */
  pass(at: EpochMs): Promise<void>;
}

export function createVirtualClock(start: EpochMs): VirtualClock {
  const timers: Timer[] = [];
  let now = start;
  let held = 0;
  let released = () => {};

  const add = (ms: number, fire: () => void): Timer => {
    const timer = { at: now + Math.max(0, Math.ceil(ms)), fire };
    const later = timers.findIndex(({ at }) => at > timer.at);
    timers.splice(later < 0 ? timers.length : later, 0, timer);
    return timer;
  };
  const remove = (timer: Timer) => {
    const at = timers.indexOf(timer);
    if (at >= 0) timers.splice(at, 1);
  };
  /** Whatever can go on without time has gone on. */
  const settled = async () => {
    do {
      while (held > 0)
        await new Promise<void>((resolve) => {
          released = resolve;
        });
      await new Promise((resolve) => setImmediate(resolve));
    } while (held > 0);
  };

  return {
    now: () => now,
    wall: () => now,
    monotonicMs: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        // whoever only lets others go first needs no time for it, and may be held
        if (ms <= 0) return void setImmediate(resolve);
        const stop = () => {
          remove(timer);
          reject(signal?.reason);
        };
        const timer = add(ms, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        signal?.addEventListener('abort', stop, { once: true });
      }),
    deadline(ms, signal) {
      const controller = new AbortController();
      let expired = false;
      const stop = () => controller.abort(signal?.reason);
      const timer = add(ms, () => {
        expired = true;
        controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
      });
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
      return {
        signal: controller.signal,
        get expired() {
          return expired;
        },
        clear() {
          remove(timer);
          signal?.removeEventListener('abort', stop);
        },
      };
    },
    async hold(work) {
      held += 1;
      try {
        return await work;
      } finally {
        held -= 1;
        if (held === 0) released();
      }
    },
    async pass(at) {
      for (;;) {
        await settled();
        const [next] = timers;
        if (next === undefined || next.at > at) break;
        timers.shift();
        now = Math.max(now, next.at);
        next.fire();
      }
      now = Math.max(now, at);
    },
  };
}
