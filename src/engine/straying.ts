/** Canaries of other pipelines at a hop that is to take none: a route is wrong, and a tenant's lines lie with another. */
import { emission } from '../core/block.ts';
import { evidenceOf } from '../core/evidence.ts';
import type { EpochMs } from '../lib/clock.ts';
import { firstPlannedFrom, timeOf } from './due.ts';
import type { LineRef } from './event.ts';
import { type Finding, looksOf, runbookOf } from './finding.ts';
import type { EngineState, HopState, StreamState } from './state.ts';
import { emissionAt } from './track.ts';

/** Canaries of others that one look searches for, besides those of streams that strayed before. */
const asksAtOnce = 64;
/** Streams that strayed and are remembered. */
const strayLimit = 1_000;
/** Pipelines that are named. */
const namedAtMost = 5;

/** A stream of another pipeline, where none of those has any business. */
export function isStranger({ pipeline, spec }: HopState, { injector }: StreamState): boolean {
  return spec.exclusive === true && injector.pipeline !== pipeline;
}

/** A canary of a stranger was found. */
export function noteStray({ now }: EngineState, hop: HopState, { stream, seq }: LineRef): void {
  hop.counters.entered.misrouted += 1;
  hop.dirty = true;
  const { streams } = hop.strays;
  const before = streams.get(stream);
  const planned = timeOf(stream, seq);
  if (before === undefined && streams.size >= strayLimit) return;
  if (before === undefined || now - before.lastAt > quietMs(hop, stream))
    streams.set(stream, { since: planned, lastAt: now, count: 1 });
  else {
    before.lastAt = now;
    before.count += 1;
    before.since = Math.min(before.since, planned);
  }
}

/** So long it must be quiet before it is over: looks, and canaries of a slow stream, are that far apart. */
function quietMs({ pipeline, spec }: HopState, { runs }: StreamState): number {
  return Math.max(pipeline.spec.resolveAfterMs, 3 * spec.pollMs, 3 * (runs.at(-1)?.everyMs ?? 0));
}

/**
 * For observers that find only what they search for: the newest canary, old enough to have arrived, of some streams of other
 * pipelines, all in their turn; of those that strayed in each look.
 */
export function strangersFor(state: EngineState, hop: HopState): LineRef[] {
  if (hop.spec.exclusive !== true || hop.mode !== 'poll') return [];
  const others = [...state.streamsByNumber.values()].filter((stream) => stream.listed && isStranger(hop, stream));
  const { strays } = hop;
  const turn = Array.from({ length: Math.min(asksAtOnce, others.length) }, (_, i) => strays.next + i);
  strays.next = others.length === 0 ? 0 : (strays.next + turn.length) % others.length;
  const chosen = new Set([...strays.streams.keys(), ...turn.flatMap((at) => others[at % others.length] ?? [])]);
  return [...chosen].flatMap((stream) => arrivedOf(stream, state.now - hop.spec.withinMs) ?? []);
}

function arrivedOf(stream: StreamState, before: EpochMs): LineRef | undefined {
  const seq = firstPlannedFrom(stream, 0, stream.dueSeq - 1, before) - 1;
  if (seq < 0 || emissionAt(stream, seq)?.state === emission.withheld) return undefined;
  return { stream, seq };
}

export function misroutedFinding(state: EngineState, hop: HopState): Finding[] {
  const { spec, pipeline, strays } = hop;
  if (strays.streams.size === 0) return [];
  const lately = [...strays.streams].filter(([stream, { lastAt }]) => state.now - lastAt <= quietMs(hop, stream));
  if (lately.length === 0) return [];
  const streams = lately.map(([stream]) => stream);
  const names = [...new Set(streams.map(({ injector }) => injector.pipeline.spec.name))].toSorted();
  const count = lately.reduce((sum, [, stray]) => sum + stray.count, 0);
  const all = [...state.streamsByNumber.values()].filter(
    ({ listed, injector }) => listed && names.includes(injector.pipeline.spec.name),
  );
  const from = { shown: names.slice(0, namedAtMost), more: Math.max(0, names.length - namedAtMost) };
  return [
    {
      kind: 'misrouted',
      hop: spec.name,
      since: Math.min(...lately.map(([, { since }]) => since)),
      streams,
      totalStreams: Math.max(all.length, streams.length),
      severity: 'warning',
      looks: looksOf(hop),
      detail: [evidenceOf('misrouted', { count, from, hop: spec.name, pipeline: pipeline.spec.name })],
      firstLook: runbookOf(hop, 'misrouted'),
    },
  ];
}
