/** Everything that is wrong with a pipeline now, derived from its state alone; incidents are findings that stay. */
import { evidenceOf } from '../core/evidence.ts';
import { goodRunToClear, wilson } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import { whom } from './blaming.ts';
import { burningFinding } from './burning.ts';
import { isCutOffElsewhere } from './cut-off.ts';
import { readableAbove, spanOf } from './depth.ts';
import { emissionFindings, heldAtEmitters } from './emission-finding.ts';
import { countsSince, enough, type Finding, hasOpen, isWatched, looksOf, runbookOf } from './finding.ts';
import { flowOf, hopsBehind, isMissing, isQuietlyFine, missesAny, type TrackFlow, walkBack } from './flow.ts';
import { failing, isFailing } from './look-outcome.ts';
import { lineage } from './looking.ts';
import { lossFinding } from './loss-finding.ts';
import { flowLooks, oddLooks } from './on-the-way.ts';
import { withOneCause } from './one-cause.ts';
import { recheckFindings } from './recheck-finding.ts';
import type { EngineState, HopState, PipelineState, Track } from './state.ts';
import { misroutedFinding } from './straying.ts';
import { troubleAt } from './trouble.ts';
import { isolation, mayBeIsolation, readingAbove, unreadFinding } from './unread.ts';

/** Where the pipeline hurts. `present` are findings; `held` are kinds at hops about which nothing new is known, so nothing may resolve. */
export interface Findings {
  readonly present: readonly Finding[];
  readonly held: ReadonlySet<string>;
}

export function findingsOf(state: EngineState, pipeline: PipelineState): Findings {
  const present: Finding[] = [];
  const held = new Set<string>();
  const isolated = isolation(state, pipeline);
  if (isolated && !isCutOffElsewhere(state, pipeline)) present.push(isolated);
  for (const hop of pipeline.hops) {
    const unread = isolated || mayBeIsolation(state, hop) ? undefined : unreadFinding(state, hop);
    if (unread) present.push(unread);
    if (isFailing(hop))
      for (const kind of [
        'stopped',
        'slow',
        'lossy',
        'corrupted',
        'duplicated',
        'vanished',
        'inconsistent',
        'misrouted',
        'unproven',
      ])
        held.add(`${hop.spec.name} ${kind}`);
    if (isolated && isFailing(hop)) for (const kind of ['unreadable', 'blind']) held.add(`${hop.spec.name} ${kind}`);
    if (hop.completeSinceStart > 0) present.push(...recheckFindings(state, hop), ...misroutedFinding(state, hop));
    if (!readingAbove(state, hop)) present.push(...canaryFindings(state, hop, present));
  }
  present.push(...emissionFindings(state, pipeline));
  for (const kind of heldAtEmitters(pipeline)) held.add(`emitter ${kind}`);
  return { present: withOneCause(state, pipeline, present), held };
}

// ---------------------------------------------------------------------------------------------- canaries

function canaryFindings(state: EngineState, hop: HopState, already: readonly Finding[]): Finding[] {
  if (hop.completeSinceStart === 0) return [];
  if (hop.firstSightedAt === undefined) return unproven(hop);
  const found = flowFindings(state, hop);
  const above = hop.parent;
  return found.concat(
    oddFinding(state, hop, 'corrupted', above, already),
    oddFinding(state, hop, 'duplicated', above, already),
    forgedFinding(state, hop, already),
  );
}

/** Stopped, slow, lossy. Asked at every judging of every hop, and nearly always answered by the first line. */
function flowFindings(state: EngineState, hop: HopState): Finding[] {
  const found: Finding[] = [];
  const odd = hop.tracks.filter((track) => isWatched(track) && !isQuietlyFine(track, state.now));
  if (odd.length === 0) return found.concat(burningFinding(state, hop) ?? []);
  const tracks = hop.tracks.filter(isWatched);
  const stalledAbove = [...lineage(hop)].some((each) => each !== hop && hasOpen(state, each, 'stopped'));
  const flows = odd.map((track) => ({ track, flow: flowOf(track, state.now, stalledAbove) }));
  // Readable again, but not yet fed: until that incident is over, a stop here is part of it.
  const recovering = hasOpen(state, hop, 'unreadable') && !hasOpen(state, hop, 'stopped');
  const stopped = recovering ? [] : flows.filter(({ flow }) => flow.stopped === 'root');
  if (stopped.length > 0) found.push(stoppedFinding(hop, tracks, stopped));
  const openHere = [...lineage(hop)].some(
    (each) => hasOpen(state, each, 'unreadable') || hasOpen(state, each, 'stopped'),
  );
  if (stopped.length === 0 && !openHere) found.push(...rateFindings(state, hop, tracks, flows));
  return found;
}

type Flow = { readonly track: Track; readonly flow: TrackFlow };

function stoppedFinding(hop: HopState, tracks: readonly Track[], stopped: readonly Flow[]): Finding {
  const total = tracks.length;
  const since = Math.min(...stopped.map(({ flow }) => flow.since));
  const streams = stopped.map(({ track }) => track.stream);
  const lostAfter = hop.pipeline.spec.lostAfterMs;
  // Of a new stream nothing was ever seen here: more likely never set up than broken, so no page for it beside others that flow.
  const span = spanOf(hop, tracks, streams, since);
  const newcomers = stopped.length < total && stopped.every(({ track }) => track.newestSeenSeq < 0);
  return {
    kind: 'stopped',
    ...(newcomers ? { severity: 'warning' as const } : {}),
    hop: hop.spec.name,
    since,
    ...whom(hop, tracks, streams),
    ...span,
    behind: hopsBehind(hop).map((each) => each.spec.name),
    counts: () => countsSince(hop, since),
    lossDecidedAt: since + lostAfter,
    looks: looksOf(hop),
    detail: [evidenceOf('stopped', { hop: hop.spec.name })],
    firstLook: flowLooks(hop, 'stopped', { streams, between: span.between }),
  };
}

function rateFindings(state: EngineState, hop: HopState, tracks: readonly Track[], flows: readonly Flow[]): Finding[] {
  const slow = flows.filter(({ flow }) => flow.slow);
  const found: Finding[] = [];
  if (slow.length > 0) {
    const since = Math.min(...slow.map(({ flow }) => flow.since));
    const streams = slow.map(({ track }) => track.stream);
    const detail = [evidenceOf('slow', { hop: hop.spec.name, within: hop.spec.withinMs })];
    found.push({ ...troubleAt(hop, 'slow', { tracks, streams, since }), detail });
  }
  const lossy = lossFinding(state, hop, tracks);
  if (lossy) found.push(lossy);
  return found;
}

/** Damage and duplicates: blamed on the first hop that shows them, judged by their share of what arrived. */
function oddFinding(
  state: EngineState,
  hop: HopState,
  kind: 'corrupted' | 'duplicated',
  above: HopState | undefined,
  already: readonly Finding[],
): Finding[] {
  if (hop.odd[kind].length === 0) return [];
  const from = state.now - hop.pipeline.spec.loss.windowMs;
  const times = hop.odd[kind].filter((at) => at >= from);
  const arrived = hop.seenTimes.filter((at) => at >= from).length;
  // The share since it began: before, all was well, and would only make the clearing wait.
  const sinceFirst = hop.seenTimes.filter((at) => at >= (times[0] ?? 0)).length;
  const share = Math.min(1, times.length / Math.max(sinceFirst, times.length, 1));
  const last = times.at(-1);
  if (last === undefined || times.length < enough) return [];
  if (wilson(times.length, Math.max(arrived, times.length)).lo <= hop.pipeline.spec.loss.budget) return [];
  const goodAfter = hop.seenTimes.filter((at) => at > last).length;
  if (goodAfter >= Math.max(5, goodRunToClear(share))) return [];
  if (above && shownAbove(state, above, kind, already, last)) return [];
  return [
    {
      kind,
      hop: hop.spec.name,
      since: times[0] ?? state.now,
      streams: [],
      totalStreams: 0,
      severity: 'warning',
      between: { from: readableAbove(hop), to: hop.spec.name },
      looks: looksOf(hop),
      detail: [evidenceOf(kind, { count: times.length, arrived, hop: hop.spec.name })],
      firstLook: oddLooks(hop, kind),
    },
  ];
}

/** A hop above has shown the same lately, so it does not begin here. */
function shownAbove(
  state: EngineState,
  above: HopState,
  kind: 'corrupted' | 'duplicated' | 'forged',
  already: readonly Finding[],
  since: EpochMs,
): boolean {
  for (const hop of lineage(above)) {
    if (mayStillShow(hop, since)) return true;
    if (already.some((each) => each.kind === kind && each.hop === hop.spec.name) || hasOpen(state, hop, kind))
      return true;
    const last = hop.odd[kind].at(-1);
    if (last !== undefined && state.now - last < hop.pipeline.spec.loss.windowMs) return true;
  }
  return false;
}

/** It was not asked since, or did not answer yet: what came through both is seen at whichever answers first. */
function mayStillShow(above: HopState, since: EpochMs): boolean {
  const last = above.looks.at(-1);
  return above.mode === 'poll' && last?.coverage === 'complete' && last.askedAt < since;
}

function forgedFinding(state: EngineState, hop: HopState, already: readonly Finding[]): Finding[] {
  const quietMs = Math.max(hop.pipeline.spec.resolveAfterMs, 3 * hop.spec.pollMs);
  const last = hop.odd.forged.at(-1);
  if (last === undefined || state.now - last > quietMs) return [];
  if (hop.parent && shownAbove(state, hop.parent, 'forged', already, last)) return [];
  return [
    {
      kind: 'forged',
      hop: hop.spec.name,
      since: hop.odd.forged.find((at) => state.now - at < hop.pipeline.spec.loss.windowMs) ?? last,
      streams: [],
      totalStreams: 0,
      severity: 'warning',
      looks: looksOf(hop),
      detail: [evidenceOf('forged', { hop: hop.spec.name })],
      firstLook: oddLooks(hop, 'forged'),
    },
  ];
}

function unproven(hop: HopState): Finding[] {
  const tracks = hop.tracks;
  const missing = tracks.filter((track) => missesAny(track) && missesAlone(track));
  if (missing.length === 0 || failing(hop)) return [];
  if ([...lineage(hop)].some((each) => each !== hop && each.firstSightedAt === undefined)) return [];
  return [
    {
      kind: 'unproven',
      hop: hop.spec.name,
      since: Math.min(...missing.map((track) => track.stream.openedAt)),
      streams: missing.map((track) => track.stream),
      totalStreams: tracks.length,
      severity: 'warning',
      looks: looksOf(hop),
      detail: [evidenceOf('unproven', { hop: hop.spec.name })],
      firstLook: runbookOf(hop, 'unproven'),
    },
  ];
}

/** Something is missing here that did not come late or not at all above. */
function missesAlone(track: Track): boolean {
  for (const walked of walkBack(track, 0)) {
    if (isMissing(walked) && (walked.parent === 'fine' || walked.parent === 'unknown')) return true;
  }
  return false;
}
