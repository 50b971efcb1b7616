/** How often one process may search one cluster, whatever the number of pipelines that point at it. */
import type { Clock } from '../../src/probe.ts';

/** Searches a second per cluster: a watchdog must not change what it measures (ARCHITECTURE.md, "Reading politely"). */
const SEARCHES_PER_WINDOW = 2;
const WINDOW_MS = 1000;

export interface Pace {
  /** Waits for its turn. Rejects with the signal's reason. */
  turn(signal: AbortSignal): Promise<void>;
}

/** Kept by the clock, which an app has one of: two apps in one process do not slow each other. */
const paces = new WeakMap<Clock, Map<string, Pace>>();

/** The pace of this target, shared by all who ask with the same clock. */
export function paceOf(clock: Clock, target: string): Pace {
  const known = paces.get(clock) ?? new Map<string, Pace>();
  paces.set(clock, known);
  const pace = known.get(target) ?? createPace(clock);
  known.set(target, pace);
  return pace;
}

function createPace(clock: Clock): Pace {
  /** Monotonic ms of the newest turns given out, oldest first. */
  const turns: number[] = Array.from({ length: SEARCHES_PER_WINDOW }, () => Number.NEGATIVE_INFINITY);
  return {
    async turn(signal) {
      const now = clock.monotonicMs();
      const at = Math.max(now, (turns.shift() ?? now) + WINDOW_MS);
      turns.push(at);
      if (at > now) await clock.sleep(at - now, signal);
    },
  };
}
