/** Holds drills at their times: never in the first minutes after a start, and not while people have a real page to look after. */
import type { DrillSpec } from './core/pipeline.ts';
import type { Clock, EpochMs } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';

/** After a start nobody wants to be woken for an exercise, and channels may still be set right, ms. */
export const quietAfterStartMs = 5 * 60_000;
/** The wall clock is looked at so often while a time is waited for: it may be set meanwhile, ms. */
const lookAtClockMs = 60_000;
/** One that is postponed is tried again after so long, ms; until the next one is due. */
const tryAgainMs = 60_000;

export interface DrillScheduleOptions {
  readonly spec: DrillSpec;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Why none may be held now, for people; undefined where nothing speaks against it. */
  obstacle(): string | undefined;
  /** Resolves when it is over. */
  hold(): Promise<void>;
}

/** Resolves when the signal aborts, or no more drill is ever due. What was due while we did not run is not made up for. */
export async function keepDrillSchedule(options: DrillScheduleOptions): Promise<void> {
  const { spec, clock, signal } = options;
  const started = clock.monotonicMs();
  let after = clock.wall();
  while (!signal.aborted) {
    const due = spec.next(after);
    if (due === undefined || !(await reached(due, options))) return;
    // not `due`: of several that the clock was set forward over one is held. Set back later, it brings none of them again.
    after = clock.wall();
    await holdWhenPossible(options, started, spec.next(after));
  }
}

/** False when we are to stop before. */
async function reached(due: EpochMs, { clock, signal }: DrillScheduleOptions): Promise<boolean> {
  for (let left = due - clock.wall(); left > 0; left = due - clock.wall()) {
    await clock.sleep(Math.min(left, lookAtClockMs), signal).catch(() => undefined);
    if (signal.aborted) return false;
  }
  return true;
}

async function holdWhenPossible(
  options: DrillScheduleOptions,
  started: number,
  next: EpochMs | undefined,
): Promise<void> {
  const { clock, log, signal } = options;
  let told: string | undefined;
  while (!signal.aborted) {
    const why = obstacleTo(options, started);
    if (why === undefined) return await held(options);
    if (why !== told) log.warn({}, `The drill that is due is postponed: ${why}.`);
    told = why;
    await clock.sleep(tryAgainMs, signal).catch(() => undefined);
    if (next !== undefined && clock.wall() >= next)
      return void log.warn({}, 'A drill was left out: the next one is due.');
  }
}

function obstacleTo({ clock, obstacle }: DrillScheduleOptions, started: number): string | undefined {
  return clock.monotonicMs() - started < quietAfterStartMs ? 'logcanary has only just started' : obstacle();
}

async function held({ hold, log }: DrillScheduleOptions): Promise<void> {
  try {
    await hold();
  } catch (error) {
    log.error({}, `The drill that was due could not be held: ${messageOf(error)}`);
  }
}
