/**
 * How deep a break lies where hops on the way cannot be read. Injectors that enter at several depths tell more: lines of the agents
 * vanish, those written straight into the stream arrive, so it broke before the stream.
 */

import { verdictOfCode } from '../core/block.ts';
import { type Evidence, evidenceOf } from '../core/evidence.ts';
import type { EpochMs } from '../lib/clock.ts';
import { timeOf } from './due.ts';
import { type Finding, isWatched } from './finding.ts';
import { hasStopped, isMissing, walkBack } from './flow.ts';
import { failing } from './look-outcome.ts';
import { lineage } from './looking.ts';
import type { HopState, StreamState, Track } from './state.ts';
import { codeAt } from './track.ts';

/** A stop must show in more than this share of the streams: the way is one for all of them. */
const most = 0.5;
const emitters = 'the emitters';

export function readableAbove(hop: HopState): string {
  let above = hop.parent;
  while (above && failing(above)) above = above.parent;
  return above?.spec.name ?? emitters;
}

/** Between which places some streams stopped that are missing at a hop, and what cannot be read in between. */
export function spanOf(
  hop: HopState,
  tracks: readonly Track[],
  stopped: readonly StreamState[],
  since: EpochMs,
): Pick<Finding, 'between' | 'unreadable'> {
  const broken = new Set(stopped);
  // From the emitters down to the hop itself.
  const way = [...lineage(hop)].reverse();
  const entered = way.map((each) => tracks.filter(({ stream }) => stream.injector.spec.enters === each.spec.name));
  const flows = (some: readonly Track[]) => some.some((track) => !broken.has(track.stream) && arrives(track, since));
  const fails = (some: readonly Track[]) => some.length > 0 && some.every(({ stream }) => broken.has(stream));
  const readable = way.findLastIndex((each) => each !== hop && !failing(each));
  const seen = tracks.filter(({ stream }) => broken.has(stream)).map((track) => passed(way, track));
  const above = way.length - 2;
  const from = Math.min(above, Math.max(readable, Math.min(...seen), entered.findLastIndex(fails)));
  const entry = entered.findIndex((some, at) => at > from && flows(some));
  const to = entry < 0 ? way.length - 1 : entry;
  return {
    between: {
      from: way[from]?.spec.name ?? emitters,
      to: way[to]?.spec.name ?? hop.spec.name,
    },
    unreadable: way.filter((each, at) => at > from && at < to && failing(each)).map(({ spec }) => spec.name),
  };
}

/** The deepest hop on the way that the newest line that is missing is known to have passed: it may be seen on another branch. -1: none. */
function passed(way: readonly HopState[], track: Track): number {
  for (const walked of walkBack(track, 0)) {
    if (!isMissing(walked)) continue;
    return way.findLastIndex((each) => {
      const above = each === track.hop ? undefined : track.stream.tracks.find(({ hop }) => hop === each);
      const code = above && codeAt(above, walked.seq);
      const verdict = code === undefined ? undefined : verdictOfCode(code);
      return verdict === 'delivered' || verdict === 'delayed';
    });
  }
  return -1;
}

/** A line that went out since then was seen there. */
function arrives({ stream, newestSeenSeq }: Track, since: EpochMs): boolean {
  return newestSeenSeq >= 0 && timeOf(stream, newestSeenSeq) > since;
}

/**
 * What is seen behind a hop that cannot be read: whether lines pass it all the same, or stopped somewhere on the way. Where the hops
 * next to it cannot be read either, or know nothing yet, nothing is said.
 */
export function evidenceBehind(hop: HopState, since: EpochMs): Evidence[] {
  const next = hop.pipeline.hops
    .filter(({ parent }) => parent === hop)
    .map((each) => ({ hop: each, ...passing(hop, each) }));
  const readable = next.filter(({ hop: each }) => !failing(each));
  const starved = readable.filter(({ through }) => isStarved(through));
  // That lines came after it went unreadable says nothing of now where none has come since.
  const fed = readable.filter((each) => !starved.includes(each) && each.through.some((track) => arrives(track, since)));
  if (fed.length > 0) return [evidenceOf('still-behind', { hops: namesOf(fed) })];
  if (starved.length === 0) return [];
  const from = readableAbove(hop);
  if (starved.some(({ entering }) => entering.some((track) => !hasStopped(track) && arrives(track, since))))
    return [evidenceOf('stopped-before', { hops: namesOf(starved), from, entry: hop.spec.name })];
  return [evidenceOf('nothing-behind', { hops: namesOf(starved), from })];
}

/** Streams that pass a hop on their way to the next, and those that begin there. */
function passing(hop: HopState, next: HopState): { through: Track[]; entering: Track[] } {
  const above = new Set<string | undefined>([undefined, ...[...lineage(hop)].slice(1).map(({ spec }) => spec.name)]);
  const tracks = next.tracks.filter(isWatched);
  const enters = ({ stream }: Track) => stream.injector.spec.enters;
  return {
    through: tracks.filter((track) => above.has(enters(track))),
    entering: tracks.filter((track) => enters(track) === hop.spec.name),
  };
}

function isStarved(tracks: readonly Track[]): boolean {
  const stopped = tracks.filter(hasStopped);
  return tracks.length > 0 && stopped.length > most * tracks.length;
}

function namesOf(all: readonly { readonly hop: HopState }[]): { shown: string[]; more: number } {
  return { shown: all.map(({ hop }) => hop.spec.name), more: 0 };
}
