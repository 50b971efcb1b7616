/** What an answer about a stream's schedule proves: which lines went out, which did not, and which are to be brought again. */
import { emission } from '../core/block.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { Emission, Refill, RefillAnswer, ScheduleLimits } from '../probe.ts';
import { changeStream } from './changed.ts';
import { advanceDue, timeOf } from './due.ts';
import { isOpenBefore, leadMs, mayBring, numbersOf, rangesOf, withhold } from './handed.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { EngineState, StreamState } from './state.ts';
import { judgeTrack, recordEmission } from './track.ts';

/** A call that failed is made again after this, then after twice as long each time, ms. */
const retryMs = { first: 10_000, most: 60_000 };
/** A line that is so late and neither out nor dropped is stuck where it was brought to, ms. */
const stuckAfterMs = 60_000;

export function onRefilled(
  state: EngineState,
  stream: StreamState,
  refill: Refill,
  answer: RefillAnswer | undefined,
  error: LogcanaryError | undefined,
): void {
  const { schedule, injector } = stream;
  const { limits } = injector;
  injector.refillsInFlight -= 1;
  if (schedule === undefined || limits === undefined) return;
  schedule.inFlight = false;
  changeStream(stream);
  if (answer === undefined) {
    onFailed(state, stream, schedule, refill, error);
    return;
  }
  schedule.failures = 0;
  schedule.unsure = false;
  const moved = schedule.place !== answer.place;
  schedule.place = answer.place;
  for (const [number, emissions] of answer.settled) settleBatch(state, stream, schedule, number, emissions);
  noteStuck(state, stream, schedule);
  // What was refused now would be refused at once again.
  const refused = answer.why !== undefined && refill.fresh !== undefined;
  if (refused) {
    stream.lastFailure = answer.why?.message ?? '';
    schedule.nextAt = state.now + retryMs.most;
  } else if (moved || schedule.again.length > 0) schedule.nextAt = state.now;
  else schedule.nextAt = nextRefill(state, stream, refill, limits);
  advanceDue(stream, state.now);
  for (const track of stream.tracks) judgeTrack(track, state.now);
}

/** In time before the lines there run out, where they are so long, or so many, that few fit in one call. */
function nextRefill(state: EngineState, stream: StreamState, refill: Refill, limits: ScheduleLimits): EpochMs {
  const regular = state.now + limits.refillMs;
  // It was asked before any could be brought.
  if (refill.fresh === undefined && stream.nextPlanned <= state.now + limits.horizonMs - limits.refillMs)
    return mayBring(stream, stream.schedule as ScheduleState) ? state.now : regular;
  const last = stream.nextSeq === 0 ? state.now : timeOf(stream, stream.nextSeq - 1);
  const full = stream.nextPlanned > state.now + limits.horizonMs;
  return full ? regular : Math.min(regular, Math.max(state.now + 1_000, (state.now + last) / 2));
}

function onFailed(
  state: EngineState,
  stream: StreamState,
  schedule: ScheduleState,
  refill: Refill,
  error: LogcanaryError | undefined,
): void {
  if (schedule.failures === 0) schedule.failedSince = state.now;
  schedule.failures += 1;
  schedule.lastError = error?.message ?? 'no answer';
  stream.lastFailure = schedule.lastError;
  if (refill.fresh !== undefined) schedule.unsure = true;
  const wait = retryMs.first * 2 ** Math.min(10, schedule.failures - 1);
  schedule.nextAt = state.now + Math.min(retryMs.most, wait);
}

/** Takes in what an answer says of a batch. Nothing is done twice: an answer tells all that is known, again and again. */
function settleBatch(
  state: EngineState,
  stream: StreamState,
  schedule: ScheduleState,
  number: number,
  emissions: readonly (Emission | undefined)[],
): void {
  const batch = schedule.batches.find((each) => each.number === number);
  if (batch === undefined) return;
  const whole = emissions.length === batch.to - batch.from + 1 && !emissions.includes(undefined);
  const again: number[] = [];
  emissions.forEach((each, at) => {
    const seq = batch.from + at;
    if (seq > batch.to || each === undefined) return;
    if (each.state === 'emitted') noteEmitted(state, stream, seq, each.nb, each.na);
    else if (each.state === 'withheld' && timeOf(stream, seq) >= state.now + leadMs) again.push(seq);
    else if (each.state === 'withheld') {
      stream.lastFailure = each.why.message;
      withhold(state, stream, seq);
    }
  });
  if (!whole) return;
  schedule.batches = schedule.batches.filter((each) => each !== batch);
  if (!isGoing(stream)) for (const seq of again) withhold(state, stream, seq);
  else schedule.again = rangesOf([...schedule.again.flatMap(numbersOf), ...again]);
}

function isGoing({ listed, leavingSince }: StreamState): boolean {
  return listed && leavingSince === undefined;
}

function noteEmitted(state: EngineState, stream: StreamState, seq: number, nb: EpochMs, na: EpochMs): void {
  recordEmission(stream, seq, emission.emitted, nb, Math.min(na, state.now));
  // Receipts of earlier lines say nothing against a failure of later ones.
  if (stream.failedInRow > 0 && nb < stream.failedSince) return;
  stream.failedInRow = 0;
  stream.lastEmittedAt = Math.max(stream.lastEmittedAt, nb);
}

/** Lines that are long due and still wait where they were brought to: whoever has them does not send. */
function noteStuck(state: EngineState, stream: StreamState, schedule: ScheduleState): void {
  const stuck = schedule.batches.filter((batch) => isOpenBefore(stream, batch, state.now - stuckAfterMs));
  if (stuck.length === 0) return;
  if (stream.failedInRow === 0) stream.failedSince = Math.min(...stuck.map(({ from }) => timeOf(stream, from)));
  stream.failedInRow = Math.max(2, stream.failedInRow);
  stream.lastFailure = 'lines that were handed over in time have not gone out, and it does not say why.';
}
