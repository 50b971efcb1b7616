/** One agent may feed two places: when it stops, both stop for the same streams, and that is one trouble. */
import { evidenceOf } from '../core/evidence.ts';
import { type Finding, hasOpen } from './finding.ts';
import { hopsBehind } from './flow.ts';
import type { EngineState, HopState, PipelineState, StreamState } from './state.ts';

/** Streams that both miss, of those that either does. */
const sameAbove = 0.8;

/**
 * Stops at hops that lines reach straight from the emitters, for the same streams: told at the one that was told first, and the others
 * beside it. Where both were told apart, both stay.
 */
export function withOneCause(state: EngineState, pipeline: PipelineState, present: readonly Finding[]): Finding[] {
  const roots = pipeline.hops.filter((hop) => hop.parent === undefined);
  if (roots.length < 2) return [...present];
  const stops = present.filter(({ kind, hop }) => kind === 'stopped' && roots.some(({ spec }) => spec.name === hop));
  const gone = new Map<Finding, Finding | undefined>();
  for (const stop of stops) {
    if (hasOpen(state, hopOf(roots, stop), 'stopped')) continue;
    const first = stops.find((each) => each !== stop && !gone.has(each) && isSame(each.streams, stop.streams));
    if (first !== undefined && comesFirst(state, roots, first, stop, stops)) gone.set(stop, first);
    else if (first === undefined && isPartOfOpen(state, roots, stop)) gone.set(stop, undefined);
  }
  return present
    .filter((each) => !gone.has(each))
    .map((each) =>
      withOthers(
        each,
        [...gone].filter(([, first]) => first === each).map(([stop]) => hopOf(roots, stop)),
      ),
    );
}

function hopOf(roots: readonly HopState[], { hop }: Finding): HopState {
  const found = roots.find(({ spec }) => spec.name === hop);
  if (found === undefined) throw new Error(`no hop ${hop}`);
  return found;
}

function comesFirst(
  state: EngineState,
  roots: readonly HopState[],
  first: Finding,
  stop: Finding,
  stops: readonly Finding[],
): boolean {
  return hasOpen(state, hopOf(roots, first), 'stopped') || stops.indexOf(first) < stops.indexOf(stop);
}

/** The other one flows again already, and is still told until it was good for long enough. */
function isPartOfOpen(state: EngineState, roots: readonly HopState[], { hop, streams }: Finding): boolean {
  return roots.some((other) => {
    if (other.spec.name === hop || !hasOpen(state, other, 'stopped')) return false;
    const open = [...state.open.values()].find(
      ({ facts }) =>
        facts.kind === 'stopped' && facts.hop === other.spec.name && facts.pipeline === other.pipeline.spec.name,
    );
    return open?.streams !== undefined && isSame(open.streams, streams);
  });
}

function isSame(some: readonly StreamState[], others: readonly StreamState[]): boolean {
  const both = new Set([...some, ...others]);
  return some.length + others.length - both.size >= sameAbove * both.size;
}

function withOthers(finding: Finding, others: readonly HopState[]): Finding {
  if (others.length === 0) return finding;
  const behind = new Set([
    ...(finding.behind ?? []),
    ...others.flatMap((hop) => [hop, ...hopsBehind(hop)]).map(({ spec }) => spec.name),
  ]);
  const said = evidenceOf('stopped-too', { hops: { shown: others.map(({ spec }) => spec.name), more: 0 } });
  return {
    ...finding,
    behind: [...behind],
    detail: typeof finding.detail === 'string' ? finding.detail : [...finding.detail, said],
  };
}
