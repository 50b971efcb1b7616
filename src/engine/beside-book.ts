/** What a hop remembers of canaries beside their verdicts, while the process runs. `Stream` is the engine's: this file knows no state. */
import type { EpochMs } from '../lib/clock.ts';

export interface Ref<Stream> {
  readonly stream: Stream;
  readonly seq: number;
}

/** Canaries that were seen further down, and are to be seen here. */
export interface AwaitedBook<Stream> {
  /** By stream number and sequence number: when it was seen further down. */
  readonly waiting: Map<string, Ref<Stream> & { readonly at: EpochMs }>;
  /** Those that a complete look did not show in time: when that was known, and when they were seen further down; newest last. */
  contradicted: { readonly at: EpochMs; readonly belowAt: EpochMs; readonly ref: Ref<Stream> }[];
  /** When canaries were seen at this very hop for the first time; newest last. */
  seenHere: EpochMs[];
}

export function newAwaitedBook<Stream>(): AwaitedBook<Stream> {
  return { waiting: new Map(), contradicted: [], seenHere: [] };
}

/** Of one stream of another pipeline. */
export interface Stray {
  /** Emission of the first one. */
  since: EpochMs;
  /** When the newest one was found. */
  lastAt: EpochMs;
  count: number;
}

/** Canaries of other pipelines at a hop that is to take none. */
export interface StrayBook<Stream> {
  readonly streams: Map<Stream, Stray>;
  /** Where among the others' streams the next look goes on. */
  next: number;
}

export function newStrayBook<Stream>(): StrayBook<Stream> {
  return { streams: new Map(), next: 0 };
}
