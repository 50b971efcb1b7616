/** What an answer about a stream's schedule proves: which lines went out, which did not, and which are to be brought again. */
import { emission } from '../core/block.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { Emission, ProbeError, Refill, RefillAnswer, ScheduleLimits } from '../probe.ts';
import { changeStream } from './changed.ts';
import { advanceDue, timeOf } from './due.ts';
import { leadMs, mayBring, numbersOf, rangesOf, withhold } from './handed.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { EngineState, StreamState } from './state.ts';
import { judgeTrack, noteWentOut, recordEmission } from './track.ts';

/** A call that failed is made again after this, then after twice as long each time, ms. */
const retryMs = { first: 10_000, most: 60_000 };

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
    if (refill.fresh !== undefined) schedule.unsure = true;
    noteFailure(state, stream, schedule, error);
    return;
  }
  schedule.unsure = answer.unsure === true;
  const moved = schedule.place !== answer.place;
  schedule.place = answer.place;
  // Asked out of turn: when the next lines are due has not changed.
  const review = state.now < schedule.nextAt;
  for (const [number, emissions] of answer.settled) settleBatch(state, stream, schedule, number, emissions);
  if (answer.stuck !== undefined) noteStuck(state, stream, answer.stuck);
  if (answer.why !== undefined) noteFailure(state, stream, schedule, answer.why);
  else {
    schedule.failures = 0;
    if (schedule.unsure) schedule.nextAt = state.now + retryMs.first;
    else if (moved || schedule.again.length > 0) schedule.nextAt = state.now;
    else if (!review) schedule.nextAt = nextRefill(state, stream, refill, limits);
  }
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

function noteFailure(
  state: EngineState,
  stream: StreamState,
  schedule: ScheduleState,
  error: LogcanaryError | undefined,
): void {
  if (schedule.failures === 0) schedule.failedSince = state.now;
  schedule.failures += 1;
  schedule.lastError = error?.message ?? 'no answer';
  stream.lastFailure = schedule.lastError;
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
    if (each.state === 'emitted') {
      recordEmission(stream, seq, emission.emitted, each.nb, Math.min(each.na, state.now));
      noteWentOut(stream, each.nb);
    } else if (each.state === 'withheld' && timeOf(stream, seq) >= state.now + leadMs) again.push(seq);
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

/** Whoever has the lines does not send them. */
function noteStuck(state: EngineState, stream: StreamState, why: ProbeError): void {
  const open = stream.schedule?.batches.map(({ from }) => timeOf(stream, from)) ?? [];
  if (stream.failedInRow === 0) stream.failedSince = Math.min(state.now, ...open);
  stream.failedInRow = Math.max(2, stream.failedInRow);
  stream.lastFailure = why.message;
}
