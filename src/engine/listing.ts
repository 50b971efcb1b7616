/** Which streams there are: those that come, those that leave, and those that nothing can be sent to for a while. */
import type { LogcanaryError } from '../lib/errors.ts';
import type { ListedStream } from '../probe.ts';
import { changeStream } from './changed.ts';
import { forgetSchedule } from './handed.ts';
import { currentRun, openRun } from './injecting.ts';
import { excuseLeaving } from './leaving.ts';
import { createStream } from './restore.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { EngineState, InjectorState, StreamState } from './state.ts';

/** Long lists come in many pages, in the same pace as the calls about each stream: of 2,000 nodes and their pods 40 pages, ms a stream. */
const pacedListMs = 15;

/** How often an injector's streams are listed: often enough to notice a leaving node before its canaries are due. */
export function listEveryMs({ pipeline, limits, written }: InjectorState): number {
  const soonest = Math.min(...pipeline.spec.hops.map((hop) => hop.withinMs));
  const paced = limits === undefined ? 0 : written * pacedListMs;
  return Math.max(1_000, Math.min(30_000, Math.max(soonest / 4, paced)));
}

export function onListed(state: EngineState, injector: InjectorState, listed: readonly ListedStream[]): void {
  injector.listInFlight = false;
  if (injector.listFailures > 0) {
    injector.listRecoveredAt = state.now;
    for (const { schedule } of injector.streams.values()) callAnew(state, schedule);
  }
  injector.listFailures = 0;
  injector.lastListError = undefined;
  injector.listedOnce = true;
  const streams = listed.filter((each) => each.leftOut === undefined);
  injector.leftOut = listed.flatMap(({ name, leftOut: why }) => (why === undefined ? [] : [{ name, why }]));
  injector.written = streams.filter((each) => each.leavingSince === undefined && each.held === undefined).length;
  injector.emptySince = injector.written > 0 ? undefined : (injector.emptySince ?? state.now);
  injector.listedAt = state.now;
  const present = new Set(streams.map((each) => each.key));
  for (const stream of injector.streams.values()) if (!present.has(stream.key)) onGone(state, injector, stream);
  const { leaving } = injector.pipeline;
  for (const each of streams) {
    const stream = onStream(state, injector, each);
    if (stream.leavingSince === undefined) {
      leaving.delete(stream);
      if (stream.held === undefined && currentRun(state, stream) === undefined) openRun(state, stream);
    } else if (!leaving.has(stream)) leaving.set(stream, { notedAt: state.now, decided: false, granted: false });
  }
  excuseLeaving(state, injector.pipeline);
}

/** Where schedules are handed out, a place that is not there any more has left, with or without a sign. */
function onGone(state: EngineState, injector: InjectorState, stream: StreamState): void {
  stream.listed = false;
  if (injector.limits === undefined) return;
  if (stream.leavingSince === undefined) {
    stream.leavingSince = state.now;
    injector.pipeline.leaving.set(stream, { notedAt: state.now, decided: false, granted: false });
    changeStream(stream);
  }
  forgetSchedule(state, stream);
}

function onStream(state: EngineState, injector: InjectorState, listed: ListedStream): StreamState {
  let stream = injector.streams.get(listed.key);
  if (!stream) {
    const number = state.next.stream++;
    const { key, name, labels } = listed;
    stream = createStream(
      state,
      injector,
      { number, key, name, labels, nextSeq: 0, openedAt: state.now, leavingSince: null, schedule: null },
      [],
    );
    changeStream(stream);
    injector.streams.set(key, stream);
  }
  stream.listed = true;
  stream.name = listed.name;
  if (!sameLabels(stream.labels, listed.labels)) {
    stream.labels = listed.labels;
    changeStream(stream);
  }
  const wasHeld = stream.held !== undefined;
  stream.held = listed.held;
  const stays = listed.leavingSince === undefined;
  const comesBack = stays && stream.leavingSince !== undefined;
  if (stream.leavingSince !== listed.leavingSince) {
    stream.leavingSince = listed.leavingSince;
    changeStream(stream);
  }
  const another = stream.taker !== undefined && listed.taker !== undefined && stream.taker !== listed.taker;
  stream.taker = listed.taker ?? stream.taker;
  if (stream.held === undefined && wasHeld) {
    stream.heldUntil = state.now;
    callAnew(state, stream.schedule);
  }
  if (stream.schedule && another) Object.assign(stream.schedule, { failures: 0, nextAt: state.now });
  // While nothing could be sent there, nothing was planned.
  const overslept = wasHeld && stays && listed.held === undefined && stream.nextPlanned < state.now;
  if (comesBack || overslept) openRun(state, stream);
  return stream;
}

/** The way there works again: calls that failed meanwhile say nothing of now. */
function callAnew({ now }: EngineState, schedule: ScheduleState | undefined): void {
  if (schedule && schedule.failures > 0) Object.assign(schedule, { failures: 0, nextAt: now });
}

function sameLabels(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

export function onListFailed(state: EngineState, injector: InjectorState, error: LogcanaryError): void {
  injector.listInFlight = false;
  if (injector.listFailures === 0) injector.listFailedSince = state.now;
  injector.listFailures += 1;
  injector.lastListError = error.message;
}
