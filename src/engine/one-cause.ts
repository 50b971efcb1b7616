/** One agent may feed two places: when it stops, both stop for the same streams, and that is one trouble. */
import { evidenceOf } from '../core/evidence.ts';
import type { Finding } from './finding.ts';
import { hopsBehind } from './flow.ts';
import { keyOf } from './incident-place.ts';
import type { EngineState, HopState, IncidentState, PipelineState, StreamState } from './state.ts';

/** Streams that both miss, of those that either does. */
const sameAbove = 0.8;

/**
 * Stops at hops that share the way to them, as far as can be seen, for the same streams: told at the one that was told first, and the
 * others beside it. Where both were told apart, both stay.
 */
export function withOneCause(state: EngineState, pipeline: PipelineState, present: readonly Finding[]): Finding[] {
  const stops = present.filter(({ kind }) => kind === 'stopped');
  if (stops.length === 0 || pipeline.hops.length < 2) return [...present];
  const told = stops.filter((stop) => openAt(state, pipeline, stop.hop) !== undefined);
  const firsts = [...told];
  const others = new Map<Finding, Finding | undefined>();
  for (const stop of stops) {
    if (told.includes(stop)) continue;
    const first = firsts.find((each) => isSameStop(pipeline, each, stop));
    if (first !== undefined || isPartOfOpen(state, pipeline, stop)) others.set(stop, first);
    else firsts.push(stop);
  }
  return present.filter((each) => !others.has(each)).map((each) => withOthers(pipeline, each, others));
}

/** Nothing that can be read lies between it and where its lines come from: another hop may hang on the same. */
function sharesItsWay({ hops }: PipelineState, { hop, unreadable = [] }: Finding): boolean {
  return unreadable.length > 0 || hopOf(hops, hop)?.parent === undefined;
}

function hopOf(hops: readonly HopState[], name: string): HopState | undefined {
  return hops.find(({ spec }) => spec.name === name);
}

function openAt(state: EngineState, { spec }: PipelineState, hop: string): IncidentState | undefined {
  return state.open.get(keyOf({ pipeline: spec.name, hop, kind: 'stopped' }));
}

function isSameStop(pipeline: PipelineState, one: Finding, other: Finding): boolean {
  if (!sharesItsWay(pipeline, one) || !sharesItsWay(pipeline, other)) return false;
  return one.between?.from === other.between?.from && isSame(one.streams, other.streams);
}

/** It was told beside that one, which may flow again already, and is still open until it was good for long enough. */
function isPartOfOpen(state: EngineState, pipeline: PipelineState, stop: Finding): boolean {
  return pipeline.hops.some(({ spec }) => {
    const open = spec.name === stop.hop ? undefined : openAt(state, pipeline, spec.name);
    if (open?.streams === undefined) return false;
    if (open.alsoAt?.includes(stop.hop)) return true;
    if (!sharesItsWay(pipeline, stop) || open.facts.between?.from !== stop.between?.from) return false;
    const sharesToo = open.facts.unreadable.length > 0 || hopOf(pipeline.hops, spec.name)?.parent === undefined;
    return sharesToo && isSame(open.streams, stop.streams);
  });
}

function isSame(some: readonly StreamState[], others: readonly StreamState[]): boolean {
  const either = new Set([...some, ...others]).size;
  return some.length + others.length - either >= sameAbove * either;
}

function withOthers(
  { hops }: PipelineState,
  finding: Finding,
  all: ReadonlyMap<Finding, Finding | undefined>,
): Finding {
  const names = [...all].filter(([, first]) => first === finding).map(([{ hop }]) => hop);
  if (names.length === 0) return finding;
  const behind = new Set([...(finding.behind ?? []), ...names.flatMap((name) => [name, ...below(hops, name)])]);
  const said = evidenceOf('stopped-too', { hops: { shown: names, more: 0 } });
  return { ...finding, alsoAt: names, behind: [...behind], detail: [...finding.detail, said] };
}

function below(hops: readonly HopState[], name: string): string[] {
  const hop = hopOf(hops, name);
  return hop === undefined ? [] : hopsBehind(hop).map(({ spec }) => spec.name);
}
