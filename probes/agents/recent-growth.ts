/** What counters grew by lately: nothing before the first reading, and a counter that fell began anew at 0. */
import type { EpochMs } from '../../src/probe.ts';

export interface RecentGrowth {
  /** Notes a reading of this counter as of `at`. Returns by how much it grew within the window, as far as we were there. */
  grown(key: string, total: number, at: EpochMs): number;
}

/** Counters that were not read for this many windows are forgotten: members come and go. */
const keptWindows = 6;

interface Seen {
  total: number;
  at: EpochMs;
  readonly steps: { readonly at: EpochMs; readonly by: number }[];
}

export function createRecentGrowth(windowMs: number): RecentGrowth {
  const counters = new Map<string, Seen>();
  return {
    grown(key, total, at) {
      for (const [name, seen] of counters) if (at - seen.at > keptWindows * windowMs) counters.delete(name);
      const seen = counters.get(key) ?? { total, at, steps: [] };
      counters.set(key, seen);
      const by = total >= seen.total ? total - seen.total : total;
      if (by > 0) seen.steps.push({ at, by });
      while (seen.steps[0] !== undefined && at - seen.steps[0].at >= windowMs) seen.steps.shift();
      seen.total = total;
      seen.at = at;
      return seen.steps.reduce((sum, step) => sum + step.by, 0);
    },
  };
}
