/** What is wrong before the first hop: lines that do not go out, a control plane that cannot be asked, places without an emitter. */
import { type Evidence, evidenceOf } from '../core/evidence.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isCutOff } from './cut-off.ts';
import { timeOf } from './due.ts';
import { type Finding, runbookOf, streamsOf } from './finding.ts';
import { isEmpty } from './rest.ts';
import type { EngineState, InjectorState, PipelineState, StreamState } from './state.ts';

/** Lists that failed in a row before it is told. */
const failedLists = 3;
/** Calls about one stream that failed for so long are told: a pod that is replaced is away for a minute, ms. */
const unreachableAfterMs = 300_000;
/** A container that is started anew prints again within this, ms. */
const restartMs = 60_000;
/** Places that are named. */
const namedAtMost = 5;

export function emissionFindings(state: EngineState, pipeline: PipelineState): Finding[] {
  return [...injection(state, pipeline), ...blindToPlaces(state, pipeline), ...uncovered(state, pipeline)];
}

/**
 * Kinds of which it is not known whether they are over: a list, or a call, that failed last or was not made since the start; a place
 * that is bare, be it not for long by our own memory.
 */
export function heldAtEmitters({ injectors }: PipelineState): readonly ('injection' | 'blind' | 'uncovered')[] {
  const scheduling = injectors.filter(({ limits }) => limits !== undefined);
  if (scheduling.some(({ listedOnce, listFailures }) => !listedOnce || listFailures > 0))
    return ['injection', 'blind', 'uncovered'];
  const streams = scheduling.flatMap((injector) => [...injector.streams.values()]).filter(({ listed }) => listed);
  const unreachable = streams.some(({ held, schedule }) => held === undefined && (schedule?.failures ?? 0) > 0);
  const bare = streams.some(({ held }) => held?.uncoveredSince !== undefined);
  return [...(unreachable ? (['injection'] as const) : []), ...(bare ? (['uncovered'] as const) : [])];
}

/** Nobody else than us is asked to page for this: the flow is not measured there, which says nothing of it. */
const warning = { hop: 'emitter', severity: 'warning' as const };

function injection(state: EngineState, pipeline: PipelineState): Finding[] {
  const streams = streamsOf(state, pipeline).filter(({ held }) => held === undefined);
  const silent = streams.filter((stream) => isSilent(state, stream));
  const unreachable = streams.filter((stream) => !silent.includes(stream) && isUnreachable(state, stream));
  const unlisted = unlistedInjectors(state, pipeline).filter((each) => isOut(state, each));
  const [injector] = [...silent, ...unreachable].map((stream) => stream.injector).concat(unlisted);
  if (injector === undefined) return [];
  const bad = [...silent, ...unreachable];
  const since = [...silent.map(({ failedSince }) => failedSince), ...unreachable.map(calledInVainSince)];
  return [
    {
      ...{ kind: 'injection', ...warning, streams: bad, totalStreams: streams.length },
      since: since.length > 0 ? Math.min(...since) : outSince(injector),
      detail: injectionDetail(silent, unreachable, unlisted),
      firstLook: runbookOf(injector, 'injection'),
    },
  ];
}

function unlistedInjectors(state: EngineState, { injectors }: PipelineState): InjectorState[] {
  return isCutOff(state) ? [] : injectors.filter(({ listFailures }) => listFailures >= failedLists);
}

/** Two in a row did not go out. An emitter that starts anew loses a few, and is at work again within seconds. */
function isSilent(state: EngineState, { failedInRow, failedSince, schedule }: StreamState): boolean {
  return failedInRow >= 2 && (schedule === undefined || state.now - failedSince >= restartMs);
}

function injectionDetail(
  [silent]: readonly StreamState[],
  [unreachable]: readonly StreamState[],
  [unlisted]: readonly InjectorState[],
): Evidence[] {
  if (silent) return [evidenceOf('not-written', { answer: silent.lastFailure })];
  if (unreachable) return [evidenceOf('not-handed-over', { answer: unreachable.schedule?.lastError ?? '' })];
  return [evidenceOf('not-listed', { answer: unlisted?.lastListError ?? '' })];
}

function isUnreachable(state: EngineState, { schedule, injector }: StreamState): boolean {
  if (schedule === undefined || injector.listFailures > 0) return false;
  return schedule.failures >= failedLists && state.now - schedule.failedSince >= unreachableAfterMs;
}

function calledInVainSince({ schedule }: StreamState): EpochMs {
  return schedule?.failedSince ?? 0;
}

/** Nothing that was handed over earlier is still to go out, so failing to list means that nothing does. */
function isOut(state: EngineState, injector: InjectorState): boolean {
  return handedUntil(injector) <= state.now;
}

/** Since when nothing goes out, where listing fails: since what was handed over ran out, if something was. */
function outSince(injector: InjectorState): EpochMs {
  return Math.max(injector.listFailedSince, handedUntil(injector));
}

/** Planned time of the last line that is with its emitter; of the stream whose lines end first. 0 where there are none. */
function handedUntil(injector: InjectorState): EpochMs {
  // Before the first list of a new start nothing tells which of them are still there.
  const ends = [...injector.streams.values()]
    .filter(({ listed }) => listed || !injector.listedOnce)
    .filter(({ leavingSince, held }) => leavingSince === undefined && held === undefined)
    .map((stream) => Math.max(0, ...(stream.schedule?.batches.map(({ to }) => timeOf(stream, to)) ?? [])));
  return ends.length === 0 ? 0 : Math.min(...ends);
}

/** Nobody learns of nodes that come and go. Lines that were handed over go on, so for a while the flow is measured all the same. */
function blindToPlaces(state: EngineState, pipeline: PipelineState): Finding[] {
  const [injector] = unlistedInjectors(state, pipeline).filter(({ limits }) => limits !== undefined);
  if (injector === undefined) return [];
  const leftMs = handedUntil(injector) - state.now;
  const still = leftMs >= 60_000 ? evidenceOf('goes-on', { left: leftMs }) : evidenceOf('ran-out', {});
  const streams = [...injector.streams.values()].filter(
    ({ listed, leavingSince }) => listed || (!injector.listedOnce && leavingSince === undefined),
  );
  return [
    {
      ...{ kind: 'blind', ...warning, since: injector.listFailedSince },
      ...{ streams, totalStreams: Math.max(streams.length, streamsOf(state, pipeline).length) },
      detail: [evidenceOf('not-readable', { answer: injector.lastListError ?? '' }), still],
      firstLook: runbookOf(injector, 'blind'),
    },
  ];
}

function uncovered(state: EngineState, pipeline: PipelineState): Finding[] {
  const nobody = withoutAnyPlace(state, pipeline);
  if (nobody !== undefined) return [nobody];
  const streams = streamsOf(state, pipeline);
  const bare = streams.filter((stream) => isUncovered(state, pipeline, stream));
  const [first] = bare;
  if (first === undefined) return [];
  const named = bare.slice(0, namedAtMost).map(({ name, held }) => `${name}: ${held?.why}`);
  const places = { shown: named, more: bare.length - named.length };
  return [
    {
      ...{ kind: 'uncovered', ...warning, streams: bare, totalStreams: streams.length },
      since: Math.min(...bare.map(({ held }) => held?.uncoveredSince ?? state.now)),
      detail: [evidenceOf('uncovered', { bare: bare.length, total: streams.length, places })],
      firstLook: runbookOf(first.injector, 'uncovered'),
    },
  ];
}

/** No canary is expected although it should flow: that is not to be mistaken for a flow without trouble. */
function withoutAnyPlace(state: EngineState, pipeline: PipelineState): Finding | undefined {
  const { injectors, spec, rest } = pipeline;
  const [first] = injectors;
  const since = emptySince(state, injectors);
  if (first === undefined || since === undefined || state.now - since < spec.pageAfterMs) return undefined;
  if (spec.rest?.withoutNodes === true && isEmpty(pipeline)) return undefined;
  const { active } = spec.rest ?? {};
  const slept = active !== undefined && since <= rest.quietUntil;
  return {
    ...{ kind: 'uncovered', ...warning, streams: [], totalStreams: 0, since: Math.max(since, rest.quietUntil) },
    detail: [slept ? evidenceOf('not-awake', { hours: active.text }) : evidenceOf('nowhere', {})],
    firstLook: runbookOf(first, 'uncovered'),
  };
}

/** Since when no list shows a place to write to; undefined while one does, or is not known to. */
function emptySince(state: EngineState, injectors: readonly InjectorState[]): EpochMs | undefined {
  let since: EpochMs | undefined;
  for (const injector of injectors) {
    if (injector.emptySince === undefined || injector.listFailures > 0 || !isOfNow(state, injector)) return undefined;
    since = Math.max(since ?? 0, injector.emptySince);
  }
  return since;
}

/** A node that has just come gets its emitter within minutes. */
function isUncovered(state: EngineState, { spec }: PipelineState, { held, injector }: StreamState): boolean {
  if (held?.uncoveredSince === undefined || !isOfNow(state, injector)) return false;
  return state.now - held.uncoveredSince >= spec.pageAfterMs;
}

/** What was listed before we were suspended may have changed meanwhile. */
function isOfNow({ watchingSince }: EngineState, { listedAt }: InjectorState): boolean {
  return listedAt >= watchingSince;
}
