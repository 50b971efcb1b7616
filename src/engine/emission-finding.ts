/** What is wrong before the first hop: lines that do not go out, a control plane that cannot be asked, places without an emitter. */
import type { EpochMs } from '../lib/clock.ts';
import { timeOf } from './due.ts';
import { type Finding, streamsOf } from './finding.ts';
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
  const unlisted = pipeline.injectors.filter((each) => each.listFailures >= failedLists && isOut(state, each));
  const [injector] = [...silent, ...unreachable].map((stream) => stream.injector).concat(unlisted);
  if (injector === undefined) return [];
  const bad = [...silent, ...unreachable];
  const since = [...silent.map(({ failedSince }) => failedSince), ...unreachable.map(calledInVainSince)];
  return [
    {
      ...{ kind: 'injection', ...warning, streams: bad, totalStreams: streams.length },
      since: since.length > 0 ? Math.min(...since) : outSince(injector),
      detail: injectionDetail(silent, unreachable, unlisted),
      firstLook: injector.runbook.injection ? [injector.runbook.injection] : [],
    },
  ];
}

/** Two in a row did not go out. An emitter that starts anew loses a few, and is at work again within seconds. */
function isSilent(state: EngineState, { failedInRow, failedSince, schedule }: StreamState): boolean {
  return failedInRow >= 2 && (schedule === undefined || state.now - failedSince >= restartMs);
}

function injectionDetail(
  [silent]: readonly StreamState[],
  [unreachable]: readonly StreamState[],
  [unlisted]: readonly InjectorState[],
): string {
  if (silent) return `Canaries do not go out, so the flow is not being measured there: ${silent.lastFailure}`;
  if (unreachable) return `No new canaries can be handed over: ${unreachable.schedule?.lastError ?? ''}`;
  return `The streams to write to cannot be listed: ${unlisted?.lastListError ?? ''}`;
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
  const [injector] = pipeline.injectors.filter((each) => each.limits !== undefined && each.listFailures >= failedLists);
  if (injector === undefined) return [];
  const minutes = Math.floor((handedUntil(injector) - state.now) / 60_000);
  const still =
    minutes > 0 ? `Canaries go on as handed over, for ${minutes} min at least.` : 'What was handed over has run out.';
  const streams = [...injector.streams.values()].filter(
    ({ listed, leavingSince }) => listed || (!injector.listedOnce && leavingSince === undefined),
  );
  return [
    {
      ...{ kind: 'blind', ...warning, since: injector.listFailedSince },
      ...{ streams, totalStreams: Math.max(streams.length, streamsOf(state, pipeline).length) },
      detail: `We cannot look, which is not loss: ${injector.lastListError ?? ''} ${still}`,
      firstLook: injector.runbook.blind ? [injector.runbook.blind] : [],
    },
  ];
}

function uncovered(state: EngineState, pipeline: PipelineState): Finding[] {
  const streams = streamsOf(state, pipeline);
  const bare = streams.filter((stream) => isUncovered(state, pipeline, stream));
  const [first] = bare;
  if (first === undefined) return [];
  const named = bare.slice(0, namedAtMost).map(({ name, held }) => `${name}: ${held?.why}`);
  const rest = bare.length > named.length ? `, and ${bare.length - named.length} more` : '';
  return [
    {
      ...{ kind: 'uncovered', ...warning, streams: bare, totalStreams: streams.length },
      since: Math.min(...bare.map(({ held }) => held?.uncoveredSince ?? state.now)),
      detail: `${bare.length} of ${streams.length} places that should be watched have no working emitter (${named.join(', ')}${rest}): nothing is known of the flow there.`,
      firstLook: first.injector.runbook.uncovered ? [first.injector.runbook.uncovered] : [],
    },
  ];
}

/** A node that has just come gets its emitter within minutes. */
function isUncovered(state: EngineState, { spec }: PipelineState, { held }: StreamState): boolean {
  return held?.uncoveredSince !== undefined && state.now - held.uncoveredSince >= spec.pageAfterMs;
}
