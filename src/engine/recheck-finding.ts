/** What was there and is not any more (`vanished`), and what was seen further down but never there (`inconsistent`). */
import { type Evidence, evidenceOf } from '../core/evidence.ts';
import { goodRunToClear, wilson } from '../core/statistics.ts';
import type { EpochMs } from '../lib/clock.ts';
import { whom } from './blaming.ts';
import { timeOf } from './due.ts';
import { enough, type Finding, looksOf, runbookOf } from './finding.ts';
import { hopsBehind } from './flow.ts';
import type { RecheckBatch } from './recheck-book.ts';
import type { EngineState, HopState, IncidentState, StreamState } from './state.ts';

/** After so many good ones at least it is over, whatever the share. */
const leastGood = 5;

/** One place where it shows: the re-checks of one age, or the ordinary looks. */
interface Sign {
  readonly evidence: Evidence;
  readonly since: EpochMs;
  readonly streams: readonly StreamState[];
}

export function recheckFindings(state: EngineState, hop: HopState): Finding[] {
  const vanished = signsOf(state, hop, 'vanished');
  const inconsistent = [...signsOf(state, hop, 'inconsistent'), ...contradictedSign(state, hop)];
  return [...findingOf(hop, 'vanished', vanished), ...findingOf(hop, 'inconsistent', inconsistent)];
}

function findingOf(hop: HopState, kind: 'vanished' | 'inconsistent', signs: readonly Sign[]): Finding[] {
  if (signs.length === 0) return [];
  const tracks = hop.tracks.filter(({ stream }) => stream.listed && stream.leavingSince === undefined);
  const concerned = new Set(signs.flatMap(({ streams }) => streams));
  const streams = tracks.map(({ stream }) => stream).filter((stream) => concerned.has(stream));
  return [
    {
      kind,
      hop: hop.spec.name,
      since: Math.min(...signs.map(({ since }) => since)),
      ...whom(hop, tracks, streams),
      severity: 'warning',
      looks: looksOf(hop),
      detail: signs.map(({ evidence }) => evidence),
      firstLook: runbookOf(hop, kind),
    },
  ];
}

function signsOf(state: EngineState, hop: HopState, kind: 'vanished' | 'inconsistent'): Sign[] {
  const { budget } = hop.pipeline.spec.loss;
  return [...(hop.recheck?.series ?? [])].flatMap(([ageMs, { batches }]): Sign[] => {
    const bad = batches.filter((batch) => batch[kind] > 0);
    const [first, last] = [bad[0], bad.at(-1)];
    const [missing, asked] = [sumOf(bad, kind), sumOf(batches, 'asked')];
    if (first === undefined || last === undefined || missing < enough) return [];
    if (wilson(missing, asked).lo <= budget) return [];
    // The share in its time: before and after, all was well, and would only make the clearing wait.
    const share = missing / sumOf(batches.slice(batches.indexOf(first), batches.indexOf(last) + 1), 'asked');
    const goodAfter = sumOf(batches.slice(batches.indexOf(last) + 1), 'asked');
    if (goodAfter >= Math.max(leastGood, goodRunToClear(share))) return [];
    const numbers = new Set(bad.flatMap(({ streams }) => streams));
    return [
      {
        evidence: evidenceOf(kind, { missing, asked, hop: hop.spec.name, age: ageMs }),
        since: Math.min(...bad.map(({ since }) => since)),
        streams: [...numbers].flatMap((number) => state.streamsByNumber.get(number) ?? []),
      },
    ];
  });
}

function sumOf(batches: readonly RecheckBatch[], what: 'asked' | 'vanished' | 'inconsistent'): number {
  return batches.reduce((sum, batch) => sum + batch[what], 0);
}

/** Complete looks go on to cover canaries that were seen below, and do not show them. */
function contradictedSign({ now }: EngineState, hop: HopState): Sign[] {
  const { awaited, pipeline, spec } = hop;
  if (awaited.contradicted.length === 0) return [];
  const { budget, windowMs: window } = pipeline.spec.loss;
  const windowMs = Math.max(window, contradictedAfterMs(hop));
  const bad = awaited.contradicted.filter(({ at }) => at >= now - windowMs);
  const [first, last] = [bad[0], bad.at(-1)];
  if (first === undefined || last === undefined || bad.length < enough) return [];
  // Those of one moment may have been there, and removed before our next look: that is what re-checks are for.
  if (last.belowAt - first.belowAt <= 2 * spec.pollMs) return [];
  const here = awaited.seenHere.filter((at) => at >= now - windowMs).length;
  if (wilson(bad.length, bad.length + here).lo <= budget) return [];
  const hereThen = awaited.seenHere.filter((at) => at >= first.at && at <= last.at).length;
  if (seenAfter(hop, last.at) >= Math.max(leastGood, goodRunToClear(bad.length / (bad.length + hereThen)))) return [];
  const behind = hopsBehind(hop).map((each) => each.spec.name);
  return [
    {
      evidence: evidenceOf('not-shown', {
        ...{ missing: bad.length, here, hop: spec.name },
        below: { shown: behind, more: 0 },
      }),
      since: Math.min(...bad.map(({ ref }) => timeOf(ref.stream, ref.seq))),
      streams: [...new Set(bad.map(({ ref }) => ref.stream))],
    },
  ];
}

function seenAfter({ awaited }: HopState, after: EpochMs): number {
  return awaited.seenHere.filter((at) => at > after).length;
}

/** Something was found there again since it was last bad: that nothing was asked, or could be, proves nothing. */
export function isThereAgain(hop: HopState, { facts, lastBadAt }: IncidentState): boolean {
  const series = [...(hop.recheck?.series.values() ?? [])];
  const rechecked = series.some(({ batches }) => batches.some(({ at }) => at >= lastBadAt));
  // Nobody can ask again: the configuration has changed since.
  if (facts.kind === 'vanished') return rechecked || hop.recheck === undefined;
  return rechecked || hop.mode !== 'poll' || seenAfter(hop, lastBadAt) >= leastGood;
}

/** A contradiction shows only after so long: before that nothing is known to be over, ms. */
export function contradictedAfterMs({ spec }: HopState): number {
  return spec.withinMs + 2 * spec.pollMs + spec.timeoutMs;
}
