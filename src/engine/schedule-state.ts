import type { BatchRow } from '../core/ledger.ts';
import type { EpochMs } from '../lib/clock.ts';

/** What was handed over ahead of its time. The first four are stored. */
export interface ScheduleState {
  nextBatch: number;
  place: string | undefined;
  batches: readonly BatchRow[];
  again: readonly { readonly from: number; readonly to: number }[];
  /** T at which this process of ours began. */
  readonly startedAt: EpochMs;
  inFlight: boolean;
  /** When the next call is due in any case. */
  nextAt: EpochMs;
  /** When it is looked next whether a receipt is owed, and when the last call began. */
  nextReviewAt: EpochMs;
  calledAt: EpochMs;
  /** It is not known whether the last lines were taken: before more are sent, that is asked. */
  unsure: boolean;
  /** Calls in a row that failed, since when, and why. */
  failures: number;
  failedSince: EpochMs;
  lastError: string;
}
