/** While nothing answers us, that is told once for the whole deployment: of each pipeline, list and figure it would be the same again. */
import type { EngineState, PipelineState } from './state.ts';
import { mayBeIsolation } from './unread.ts';

/** It is told that nothing answers us, and not yet that this is over; or it may have to be told soon. */
export function isCutOff(state: EngineState): boolean {
  if (isolatedPipelines(state).length > 0) return true;
  return state.pipelines.some(({ hops }) => hops.some((hop) => mayBeIsolation(state, hop)));
}

/** The same is told already, of a pipeline that was asked sooner. */
export function isCutOffElsewhere(state: EngineState, { spec }: PipelineState): boolean {
  return isolatedPipelines(state).some((name) => name !== spec.name);
}

function isolatedPipelines(state: EngineState): string[] {
  return [...state.open.values()].flatMap(({ facts }) => (facts.kind === 'isolated' ? [facts.pipeline] : []));
}
