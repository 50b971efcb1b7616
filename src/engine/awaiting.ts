/**
 * Canaries that were seen further down before they were seen here. They passed, so nothing is missing; but where looks are complete
 * they must show here, too, within the hop's time. A complete look that does not show one contradicts what was seen below.
 */
import type { EpochMs } from '../lib/clock.ts';
import { timeOf } from './due.ts';
import type { LineRef } from './event.ts';
import type { HopState, StreamState } from './state.ts';
import { codeAt } from './track.ts';

/** So many at a time; more are not waited for: a sample tells as much, and each is asked for in every look. */
const awaitedLimit = 512;
const timesLimit = 5_000;

function keyOf({ stream, seq }: LineRef): string {
  return `${stream.number} ${seq}`;
}

/** Seen further down. Where looks do not read everything (on demand) or at all (hooks), that is the usual way. */
export function awaitHere({ mode, awaited }: HopState, ref: LineRef, now: EpochMs): void {
  if (mode === 'poll' && awaited.waiting.size < awaitedLimit) awaited.waiting.set(keyOf(ref), { ...ref, at: now });
}

/** Seen at this very hop. `again`: not for the first time. */
export function noteHere({ mode, awaited }: HopState, ref: LineRef, again: boolean, now: EpochMs): void {
  if (mode !== 'poll') return;
  if (awaited.waiting.size > 0) awaited.waiting.delete(keyOf(ref));
  if (!again) pushBounded(awaited.seenHere, now);
}

/** Those to be asked for besides what is missing, by observers that search for each. Nothing is asked of blocks that are folded away. */
export function awaitedAt(hop: HopState): readonly LineRef[] {
  const { waiting } = hop.awaited;
  for (const [key, ref] of waiting) if (isFolded(hop, ref)) waiting.delete(key);
  return [...waiting.values()];
}

function isFolded(hop: HopState, { stream, seq }: LineRef): boolean {
  const track = stream.tracks.find((each) => each.hop === hop);
  return track === undefined || codeAt(track, seq) === undefined;
}

export interface CompleteLook {
  readonly asOf: EpochMs;
  /** It says nothing of canaries emitted before. */
  readonly since: EpochMs;
  /** Nor of those on these nodes. */
  readonly without: readonly string[];
}

/** What a complete look shows is taken off the list by then: what is left should have been there for long. */
export function contradict(hop: HopState, look: CompleteLook, now: EpochMs): void {
  const { awaited, spec } = hop;
  const longAgo = look.asOf - spec.withinMs;
  for (const [key, { stream, seq, at }] of awaited.waiting) {
    if (at > longAgo) continue;
    awaited.waiting.delete(key);
    if (!covers(look, stream, seq) || isFolded(hop, { stream, seq })) continue;
    hop.counters.entered.inconsistent += 1;
    hop.dirty = true;
    pushBounded(awaited.contradicted, { at: now, belowAt: at, ref: { stream, seq } });
  }
}

function covers({ since, without }: CompleteLook, stream: StreamState, seq: number): boolean {
  return timeOf(stream, seq) >= since && !without.includes(stream.labels.node ?? '');
}

/** Keeps the newest `timesLimit` at least, and an eighth more: dropping one each time would move all the others each time. */
function pushBounded<T>(list: T[], value: T): void {
  list.push(value);
  if (list.length > timesLimit * 1.125) list.splice(0, list.length - timesLimit);
}
