/** Times in which trouble is expected: still measured and recorded, but nobody is woken for it. */
import type { EpochMs } from '../lib/clock.ts';

export interface Maintenance {
  /** `mw-` and a number that is never reused. */
  readonly id: string;
  /** Absent: every pipeline. */
  readonly pipeline?: string;
  /** A hop or check of that pipeline. Absent: all of it. */
  readonly hop?: string;
  readonly from: EpochMs;
  /** It always has an end: one that is forgotten would hide the next outage. */
  readonly until: EpochMs;
  readonly reason: string;
  readonly by: string;
}

/** The longest that one may last, ms: 7 days. What lasts longer is no maintenance, but a configuration. */
export const longestMaintenanceMs = 7 * 86_400_000;

/** Whether a window holds now for trouble at a place. */
export function covers(window: Maintenance, place: { pipeline: string; hop: string }, now: EpochMs): boolean {
  if (now < window.from || now >= window.until) return false;
  if (window.pipeline !== undefined && window.pipeline !== place.pipeline) return false;
  return window.hop === undefined || window.hop === place.hop;
}
