import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

export interface LoopOptions {
  /** For the log. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Wait after a step that worked, ms. After failures it waits 100 ms, doubling up to 800 ms. */
  readonly everyMs: number;
  /** One round. Rejecting means: the same again later. */
  step(signal: AbortSignal): Promise<void>;
}

/** A part of the sandbox's pipeline that runs until it is stopped. */
export interface Loop {
  /** Aborts the step that runs and resolves when it has ended. Safe to call twice. */
  stop(): Promise<void>;
}

const longestBackoffMs = 800;

/** Wait before try number `failures` + 1, ms: 100, 200, 400, then 800. */
export function backoffMs(failures: number): number {
  return Math.min(longestBackoffMs, 100 * 2 ** Math.min(10, Math.max(0, failures - 1)));
}

export function startLoop(options: LoopOptions): Loop {
  const controller = new AbortController();
  const ended = run(options, controller.signal);
  return {
    async stop() {
      controller.abort(new DOMException(`${options.name} is stopped`, 'AbortError'));
      await ended;
    },
  };
}

/** Says each new trouble once, not at every try. */
async function run({ name, clock, log, everyMs, step }: LoopOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let trouble = '';
  while (!signal.aborted) {
    try {
      await step(signal);
      if (failures > 0) log.info({ part: name, failures }, 'sandbox: goes on again');
      failures = 0;
      trouble = '';
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (trouble !== messageOf(error))
        log.warn({ part: name, error: messageOf(error) }, 'sandbox: failed, tries again');
      trouble = messageOf(error);
    }
    await clock.sleep(failures > 0 ? backoffMs(failures) : everyMs, signal).catch(() => undefined);
  }
}
