/** Lines that are with somebody who sends them out: what is open, what is to be brought again, what did not go out. */
import { emission } from '../core/block.ts';
import type { BatchRow } from '../core/ledger.ts';
import type { EpochMs } from '../lib/clock.ts';
import { changeStream } from './changed.ts';
import { timeOf } from './due.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { EngineState, StreamState } from './state.ts';
import { emissionAt, recordEmission } from './track.ts';

/** A line that is due sooner than this is not worth bringing again: it would be late, ms. */
export const leadMs = 1_000;

export function mayBring(stream: StreamState, schedule: ScheduleState): boolean {
  const written = stream.listed && stream.leavingSince === undefined && stream.held === undefined;
  return written && stream.injector.pipeline.rest.off === undefined && schedule.place !== undefined && !schedule.unsure;
}

/** Some line of a batch that was planned before then is neither proven to be out nor seen. */
export function isOpenBefore(stream: StreamState, { from, to }: BatchRow, before: EpochMs): boolean {
  for (let seq = from; seq <= to && timeOf(stream, seq) < before; seq++) {
    if (emissionAt(stream, seq)?.state === emission.unconfirmed) return true;
  }
  return false;
}

export function withhold(state: EngineState, stream: StreamState, seq: number): void {
  if (emissionAt(stream, seq)?.state === emission.withheld) return;
  recordEmission(stream, seq, emission.withheld, state.now, state.now);
  if (emissionAt(stream, seq)?.state !== emission.withheld) return;
  // Why nothing could go out then was told, where that is worth telling, and is over.
  if (timeOf(stream, seq) < stream.heldUntil) return;
  if (stream.failedInRow === 0) stream.failedSince = timeOf(stream, seq);
  stream.failedInRow += 1;
}

export function numbersOf({ from, to }: { from: number; to: number }): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** Contiguous ranges of numbers, oldest first. */
export function rangesOf(numbers: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const seq of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === seq - 1) last.to = seq;
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}

/** Where a place is gone, what it holds may still go out for so long, ms: it is told that the place is gone before it ends there. */
const endsMs = 60_000;

/**
 * A stream that is listed no more: of what is still out there nothing will be learnt, and what was to be brought again is not. Later
 * lines do not go out: who should send them is gone. (One that does all the same shows when it is seen.)
 */
export function forgetSchedule(state: EngineState, stream: StreamState): void {
  const { schedule } = stream;
  if (schedule === undefined || (schedule.batches.length === 0 && schedule.again.length === 0)) return;
  for (const seq of schedule.again.flatMap(numbersOf)) withhold(state, stream, seq);
  for (const seq of schedule.batches.flatMap(numbersOf)) {
    const open = emissionAt(stream, seq)?.state === emission.unconfirmed;
    if (open && timeOf(stream, seq) > state.now + endsMs)
      recordEmission(stream, seq, emission.withheld, state.now, state.now);
  }
  schedule.again = [];
  schedule.batches = [];
  changeStream(stream);
}
