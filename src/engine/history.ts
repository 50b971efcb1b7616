/** What is kept of the past while we run: looks, oddities, figures. Bounded, not stored. */
import type { EpochMs } from '../lib/clock.ts';
import type { Reason } from '../lib/errors.ts';

export interface LookOutcome {
  /** When it was asked for, and when it was over: silence says nothing of the time after the asking. */
  readonly askedAt: EpochMs;
  readonly at: EpochMs;
  readonly coverage: 'complete' | 'partial' | 'failed';
  readonly reason?: Reason;
  readonly why?: string;
}

/** Something odd about sightings at a hop, lately: bounded lists of when. */
export interface Oddities {
  duplicated: EpochMs[];
  corrupted: EpochMs[];
  forged: EpochMs[];
}

export interface ReadingHistory {
  /** Thinned out, so that it reaches back far. */
  readonly points: { x: EpochMs; y: number }[];
  /** The latest few, all of them. */
  readonly recent: { x: EpochMs; y: number }[];
  /** Since when it has been past its warning or its limit at every reading. */
  overSince: EpochMs | undefined;
  /** Of an agent's figure, as of the last result: ms until the limit. Others are forecast when they are asked for. */
  forecast: { readonly ms: number; readonly loMs: number; readonly hiMs?: number } | undefined;
}
