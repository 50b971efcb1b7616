/** What comes and goes is kept open: nobody is paged for each time. */
import { evidenceOf, evidenceText } from '../core/evidence.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { EngineState, PipelineState } from './state.ts';

/** More than so many times within the time is flapping (facts: more than 3 within an hour, where resolving takes 5 min). */
const cycles = 3;
const withinResolves = 12;
/** It is over once it was good for so many times as long as others need. */
const steadyResolves = 6;

/** How often it came within the time, the present one included; undefined where that is nothing special. */
export function flapsOf(
  { resolved, now }: EngineState,
  { spec }: PipelineState,
  dedupKey: string,
): Pick<IncidentFacts, 'flapping'> {
  const since = now - withinResolves * spec.resolveAfterMs;
  const before = resolved.filter(({ facts }) => facts.dedupKey === dedupKey && (facts.resolvedAt ?? 0) > since).length;
  return before < cycles
    ? {}
    : { flapping: { times: before + 1, withinMs: now - since, steadyMs: steadyResolves * spec.resolveAfterMs } };
}

/** How long it must be good, ms, where others need `ms`. */
export function steadyFor({ flapping }: IncidentFacts, ms: number): number {
  return Math.max(ms, flapping?.steadyMs ?? 0);
}

/** With that in its evidence. */
export function sayFlapping(facts: IncidentFacts): IncidentFacts {
  if (facts.flapping === undefined) return facts;
  const { times, withinMs: within, steadyMs: steady } = facts.flapping;
  const said = evidenceOf('flapping', { times, within, steady });
  return { ...facts, detail: `${facts.detail} ${evidenceText([said])}`, evidence: [...(facts.evidence ?? []), said] };
}
