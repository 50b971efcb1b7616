/**
 * Canaries that were seen further down before they were seen here. They passed, so nothing is missing; but where looks are complete
 * they must show here, too, within the hop's time. A complete look that does not show one contradicts what was seen below.
 */
import type { EpochMs } from '../lib/clock.ts';
import { timeOf } from './due.ts';
import type { LineRef } from './event.ts';
import type { HopState, StreamState } from './state.ts';

/** So many at a time; more are not waited for: a sample tells as much, and each is asked for in every look. */
const awaitedLimit = 512;
const timesLimit = 5_000;

export interface AwaitedBook {
  /** By stream number and sequence number: when it was seen further down. */
  readonly waiting: Map<string, LineRef & { readonly at: EpochMs }>;
  /** Those that a complete look did not show in time: when that was known, and when they were seen further down; newest last. */
  contradicted: { readonly at: EpochMs; readonly belowAt: EpochMs; readonly ref: LineRef }[];
  /** When canaries were seen at this very hop for the first time; newest last. */
  seenHere: EpochMs[];
}

export function newAwaitedBook(): AwaitedBook {
  return { waiting: new Map(), contradicted: [], seenHere: [] };
}

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

/** Those to be asked for besides what is missing, by observers that search for each. */
export function awaitedAt({ awaited }: HopState): readonly LineRef[] {
  return [...awaited.waiting.values()];
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
  const longAgo = look.asOf - spec.withinMs - 2 * spec.pollMs - spec.timeoutMs;
  for (const [key, { stream, seq, at }] of awaited.waiting) {
    if (at > longAgo) continue;
    awaited.waiting.delete(key);
    if (!covers(look, stream, seq)) continue;
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
