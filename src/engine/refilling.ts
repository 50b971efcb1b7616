/**
 * Lines that are handed over ahead of their times, to somebody who sends them out, and what is learnt of them later. A line is with
 * one place at a time: what was brought is brought elsewhere, or again, only once it is known that it did not and will not go out.
 */
import type { BatchRow } from '../core/ledger.ts';
import { plannedAt } from '../core/schedule.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { HandedBatch, Refill, ScheduleLimits } from '../probe.ts';
import { changeStream } from './changed.ts';
import { timeOf } from './due.ts';
import type { Command } from './event.ts';
import { isOpenBefore, leadMs, mayBring, withhold } from './handed.ts';
import { currentRun, everyMsOf, lineOf, openRun } from './injecting.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { EngineState, InjectorState, StreamState } from './state.ts';
import { grant, runOf } from './track.ts';

/** A stream's receipt is asked for out of turn at most so often, and of all streams so many a second. */
const reviewEveryMs = 10_000;
const reviewsPerSecond = 5;
/** As many missed slots are withheld one by one; more begin a new schedule. */
const withholdLimit = 100;
/** Of a line's delay and the spaces around it, bytes. */
const lineOverhead = 16;

interface Scheduled {
  readonly stream: StreamState;
  readonly schedule: ScheduleState;
  readonly limits: ScheduleLimits;
}

/** True when its next call waits for nothing but its time. */
export function mayRefill({ listed, schedule, injector }: StreamState): boolean {
  const { limits, refillsInFlight, listFailures } = injector;
  if (limits === undefined || refillsInFlight >= limits.concurrency || listFailures > 1) return false;
  return listed && schedule?.inFlight === false;
}

/** The calls that are due, those first that have waited longest; only so many at a time. */
export function refillDue(state: EngineState, commands: Command[]): void {
  for (const { injectors } of state.pipelines) {
    for (const injector of injectors) {
      const { limits } = injector;
      // The list goes the same way: while that fails, asking for each stream would only load who is down.
      if (limits === undefined || injector.listFailures > 1) continue;
      const due = dueStreams(state, injector, limits);
      for (const each of due.slice(0, Math.max(0, limits.concurrency - injector.refillsInFlight)))
        callAbout(state, each, commands);
    }
  }
}

function dueStreams(state: EngineState, injector: InjectorState, limits: ScheduleLimits): Scheduled[] {
  const due: Scheduled[] = [];
  for (const stream of injector.streams.values()) {
    const { schedule } = stream;
    if (schedule === undefined || schedule.inFlight || !stream.listed) continue;
    if (state.now >= schedule.nextAt || owesReceipt(state, stream, schedule)) due.push({ stream, schedule, limits });
  }
  return due.sort((a, b) => a.schedule.calledAt - b.schedule.calledAt);
}

/** A line is past its deadline, was not seen, and it is not known whether it went out: what is wrong depends on that. */
function owesReceipt(state: EngineState, stream: StreamState, schedule: ScheduleState): boolean {
  const { now } = state;
  const { injector } = stream;
  if (now < schedule.nextReviewAt || now < injector.nextReviewAt || schedule.failures > 0) return false;
  schedule.nextReviewAt = now + reviewEveryMs / 5;
  if (now - schedule.calledAt < reviewEveryMs) return false;
  const within = Math.min(...injector.pipeline.hops.map(({ spec }) => spec.withinMs));
  return schedule.batches.some((batch) => isOpenBefore(stream, batch, now - within));
}

/** One call about a stream: settles what is out, and brings what is next. */
function callAbout(state: EngineState, scheduled: Scheduled, commands: Command[]): void {
  const { stream, schedule, limits } = scheduled;
  const { injector } = stream;
  dropLate(state, scheduled);
  const open = schedule.batches.map((batch) => handedOf(stream, batch));
  const number = schedule.nextBatch;
  // A receipt that is asked for out of turn brings nothing: many small batches would only fill the other side's memory.
  const fresh = state.now < schedule.nextAt ? undefined : freshLines(state, scheduled, number);
  if (fresh === undefined && open.length === 0 && schedule.place !== undefined && !mayBring(stream, schedule)) {
    schedule.nextAt = state.now + limits.refillMs;
    return;
  }
  schedule.nextBatch += 1;
  if (state.now < schedule.nextAt)
    injector.nextReviewAt = Math.max(state.now, injector.nextReviewAt) + 1_000 / reviewsPerSecond;
  schedule.inFlight = true;
  schedule.calledAt = state.now;
  injector.refillsInFlight += 1;
  changeStream(stream);
  const refill: Refill = {
    ...{ stream: stream.key, instance: `${state.instance}-${stream.number.toString(36)}`, number, open },
    ...(schedule.place === undefined ? {} : { place: schedule.place }),
    ...(fresh === undefined ? {} : { fresh }),
  };
  commands.push({ type: 'refill', stream, refill });
}

function handedOf(stream: StreamState, { number, place, handedAt, from, to }: BatchRow): HandedBatch {
  const planned = Array.from({ length: to - from + 1 }, (_, at) => timeOf(stream, from + at));
  return { number, place, handedAt, plannedAt: planned };
}

/** What was not brought in time did not go out. */
function dropLate(state: EngineState, { stream, schedule }: Scheduled): void {
  if (schedule.again.length === 0) return;
  const kept: { from: number; to: number }[] = [];
  for (const { from, to } of schedule.again) {
    let first = from;
    for (; first <= to && timeOf(stream, first) < state.now + leadMs; first++) withhold(state, stream, first);
    if (first <= to) kept.push({ from: first, to });
  }
  schedule.again = kept;
}

/** The lines of the next batch: first what is to be brought again, then new ones as far as the horizon reaches. */
function freshLines(state: EngineState, scheduled: Scheduled, number: number): Refill['fresh'] | undefined {
  const { stream, schedule, limits } = scheduled;
  if (!mayBring(stream, schedule) || schedule.place === undefined) return undefined;
  if (schedule.again.length === 0) catchUp(state, stream);
  const from = schedule.again[0]?.from ?? stream.nextSeq;
  const texts: string[] = [];
  const planned: EpochMs[] = [];
  let bytes = 0;
  // Nothing goes out while it is off; if it is on again before that, it is a schedule of its own.
  const horizon = Math.min(
    state.now + limits.horizonMs,
    stream.injector.pipeline.rest.until ?? Number.POSITIVE_INFINITY,
  );
  for (let seq = from; texts.length < limits.maxLines; seq++) {
    if (schedule.again.length > 0 && seq > (schedule.again[0]?.to ?? seq) && seq < stream.nextSeq) break;
    const run = seq < stream.nextSeq ? runOf(stream, seq) : currentRun(state, stream);
    const at = run && plannedAt(run, seq);
    if (!run || at === undefined || at > horizon) break;
    const text = lineOf(state, stream, run, seq);
    bytes += Buffer.byteLength(text) + lineOverhead;
    if (bytes > limits.maxBytes) break;
    if (seq === stream.nextSeq) grant(stream);
    texts.push(text);
    planned.push(at);
  }
  if (texts.length === 0) return undefined;
  notePlanned(state, stream);
  const to = from + texts.length - 1;
  schedule.again = schedule.again.flatMap((range) => without(range, to));
  schedule.batches = [...schedule.batches, { number, place: schedule.place, from, to, handedAt: state.now }];
  return { handedAt: state.now, texts, plannedAt: planned };
}

/** The part of a range above `to`. */
function without(range: { from: number; to: number }, to: number): { from: number; to: number }[] {
  if (range.to <= to) return [];
  return [{ from: Math.max(range.from, to + 1), to: range.to }];
}

function notePlanned(state: EngineState, stream: StreamState): void {
  const run = currentRun(state, stream);
  stream.nextPlanned = run ? plannedAt(run, stream.nextSeq) : Number.POSITIVE_INFINITY;
}

/**
 * Slots that passed while nothing could be brought are withheld; after a long pause, at another pace, or before anything was brought,
 * the schedule begins anew.
 */
function catchUp(state: EngineState, stream: StreamState): void {
  const run = currentRun(state, stream);
  const isOld = !run || run.everyMs !== everyMsOf(state, stream);
  const isUnused = run?.fromSeq === stream.nextSeq && stream.nextPlanned < state.now;
  if (isOld || isUnused || state.now - stream.nextPlanned > withholdLimit * run.everyMs) {
    openRun(state, stream);
    return;
  }
  while (stream.nextPlanned < state.now) {
    withhold(state, stream, grant(stream));
    notePlanned(state, stream);
  }
}
