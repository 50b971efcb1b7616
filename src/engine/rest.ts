/**
 * Pipelines that are switched off at times: outside their hours, or while there is no node. Nothing is sent then and nothing is told
 * of them, nor while they warm up. What is open stays open: of its end nothing can be known either.
 */
import type { RestSpec } from '../core/pipeline.ts';
import type { RestView } from '../core/status.ts';
import { openRun } from './injecting.ts';
import type { RestState } from './rest-state.ts';
import type { EngineState, PipelineState } from './state.ts';

export function newRest(): RestState {
  return { off: undefined, until: undefined, quietUntil: 0 };
}

/** Nothing is said of it: it is off, or comes up. */
export function isResting({ now }: EngineState, { rest }: PipelineState): boolean {
  return rest.off !== undefined || now < rest.quietUntil;
}

export function restView({ now }: EngineState, { spec, rest }: PipelineState): { readonly rest?: RestView } {
  if (spec.rest === undefined) return {};
  const active = spec.rest.active === undefined ? {} : { active: spec.rest.active.text };
  if (rest.off === undefined && now < rest.quietUntil)
    return { rest: { state: 'warming-up', until: rest.quietUntil, ...active } };
  const until = rest.off === 'no-nodes' || rest.until === undefined ? {} : { until: rest.until };
  return { rest: { state: rest.off ?? 'on', ...until, ...active } };
}

/** With each tick. Hours are those of the wall clock, whatever our own time went through. */
export function noteRests(state: EngineState): void {
  for (const pipeline of state.pipelines) {
    if (pipeline.spec.rest === undefined) continue;
    noteRest(state, pipeline, pipeline.spec.rest);
    if (isResting(state, pipeline)) forget(state, pipeline);
  }
}

function noteRest(state: EngineState, pipeline: PipelineState, { active, withoutNodes, warmUpMs }: RestSpec): void {
  const { rest } = pipeline;
  const hours = active?.hours.at(state.now + state.wallOffset);
  rest.until = hours && hours.until - state.wallOffset;
  const outside = hours !== undefined && !hours.active;
  const off = outside ? 'hours' : withoutNodes && isEmpty(pipeline) ? 'no-nodes' : undefined;
  const wakes = rest.off !== undefined && off === undefined;
  rest.off = off;
  if (off !== undefined) return;
  // Also after a start in the middle of it.
  const since = hours === undefined ? 0 : hours.since - state.wallOffset;
  rest.quietUntil = Math.max(rest.quietUntil, since + warmUpMs, wakes ? state.now + warmUpMs : 0);
  if (wakes) beginAnew(state, pipeline);
}

/** Each of its lists came, and there is nothing to write to. */
export function isEmpty({ injectors }: PipelineState): boolean {
  return injectors.every(
    ({ listedOnce, streams }) => listedOnce && ![...streams.values()].some(({ listed }) => listed),
  );
}

/** What was not due while it was off is not made up for. */
function beginAnew(state: EngineState, { injectors }: PipelineState): void {
  for (const stream of injectors.flatMap(({ streams }) => [...streams.values()])) {
    const { listed, leavingSince, held, nextPlanned, schedule } = stream;
    if (!listed || leavingSince !== undefined || held !== undefined) continue;
    if (nextPlanned < state.now) openRun(state, stream);
    if (schedule) schedule.nextAt = state.now;
  }
}

/** What was on its way when it was switched off, or comes through while it starts, says nothing of how it flows afterwards. */
function forget(state: EngineState, { hops }: PipelineState): void {
  for (const hop of hops) {
    hop.absorbBefore = Math.max(hop.absorbBefore, state.now);
    for (const times of Object.values(hop.odd)) times.length = 0;
  }
}
