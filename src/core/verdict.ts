import type { EpochMs } from '../lib/clock.ts';
import type { Verdict } from './verdict-name.ts';

/** Everything the verdict on an unseen canary at one hop depends on. Times are ledger time T, ms. */
export interface Unseen {
  /** `emitted`: proven by a receipt. `unconfirmed`: handed out, nothing known. `withheld`: proven not to have gone out. */
  readonly emission: 'emitted' | 'unconfirmed' | 'withheld';
  readonly excused: boolean;
  /** Emitted not after this; the planned time while emission is unproven. */
  readonly na: EpochMs;
  readonly withinMs: number;
  readonly lostAfterMs: number;
  readonly graceMs: number;
  /** F: newest `asOf` of a complete look that covered it; 0 for none. */
  readonly absentAsOf: EpochMs;
  /** Like F, of looks that can prove loss: not while, or just after, the hop or one above it could not be read. At most F. */
  readonly lostAsOf: EpochMs;
  readonly now: EpochMs;
}

/** The verdict table of the design, first match wins, for a canary that was not seen. */
export function judgeUnseen(canary: Unseen): Verdict {
  const due = canary.na + canary.withinMs;
  if (canary.emission === 'withheld') return 'withheld';
  if (canary.excused) return 'excused';
  const lookedLongEnough = canary.now >= due + canary.graceMs;
  if (canary.emission === 'unconfirmed') return lookedLongEnough ? 'unverifiable' : 'pending';
  if (canary.lostAsOf > canary.na + canary.lostAfterMs) return 'lost';
  if (canary.absentAsOf > due) return 'overdue';
  return lookedLongEnough ? 'unverifiable' : 'pending';
}

/** When and how late a canary was seen; the bounds follow from emission [nb, na], the last look without it, and the one with it. */
export interface Latency {
  /** It took at least this long, ms. */
  readonly loMs: number;
  /** And at most this long. */
  readonly hiMs: number;
}

export function latencyOf(nb: EpochMs, na: EpochMs, absentAsOf: EpochMs, seenAt: EpochMs): Latency {
  return { loMs: Math.max(0, absentAsOf - na), hiMs: Math.max(0, seenAt - nb) };
}

/** Delivered unless it is proven to be late. */
export function judgeSeen(latency: Latency, withinMs: number): Verdict {
  return latency.loMs <= withinMs ? 'delivered' : 'delayed';
}

/** A latency interval as wide as its own deadline says nothing about the latency. */
export function latencyMeansSomething(latency: Latency, withinMs: number): boolean {
  return latency.hiMs - latency.loMs <= withinMs;
}
