/** What is known of a hop's re-checks: which are due, and what the latest found. */
import { unitHash } from '../core/schedule.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Ref } from './beside-book.ts';

const hourMs = 3_600_000;
/** How long after its emission a canary is asked for again (design §4: 1 h and 24 h). */
const agesMs = [hourMs, 24 * hourMs] as const;
/** Asked for also where the configuration does not tell for how long lines are kept. */
const safeAgeMs = hourMs;
/** Asking, and asking again where that failed, takes its time: what may be gone by then is not asked for. */
const spareMs = 10 * 60_000;
/** The latest results that are judged together. */
export const batchesKept = 12;

/** A canary that is asked for again. */
export interface RecheckRef<Stream> extends Ref<Stream> {
  /** It was seen only further down, as far as memory tells; undefined: its block is folded away, so the ledger must tell. */
  readonly implied: boolean | undefined;
}

/** A stretch of time whose canaries are asked for together. */
export interface RecheckSlot {
  readonly ageMs: number;
  /** Counted in steps of `everyMs`. */
  readonly slot: number;
}

export interface Picked<Stream> extends RecheckSlot {
  readonly at: EpochMs;
  readonly refs: readonly RecheckRef<Stream>[];
}

/** What one complete re-check found. Pure data (JSON). */
export interface RecheckBatch {
  readonly at: EpochMs;
  readonly asked: number;
  /** Had been seen there, and are not there. */
  readonly vanished: number;
  /** Had been seen further down only, and are not there. */
  readonly inconsistent: number;
  /** Planned time of the first that is not there; 0 where all are. */
  readonly since: EpochMs;
  /** Numbers of the streams with one that is not there, at most 100. */
  readonly streams: readonly number[];
}

export interface RecheckSeries {
  /** The newest slot that was asked about, or needs not be. */
  done: number;
  /** Newest last. */
  batches: readonly RecheckBatch[];
}

export interface RecheckBook<Stream> extends RecheckTerms {
  /** When its slots begin, so that hops are not all asked at once. */
  readonly phaseMs: number;
  /** By `ageMs`, the ages that apply. */
  readonly series: ReadonlyMap<number, RecheckSeries>;
  /** Chosen, and to be asked about a little later. */
  picked: Picked<Stream> | undefined;
  inFlight: boolean;
  nextAt: EpochMs;
  /** The newest one, whatever came of it. Why is said where it was not complete. */
  last: { readonly at: EpochMs; readonly asked: number; readonly missing: number; readonly why?: string } | undefined;
}

/** What an observer says of its re-checks: `Rechecker` without the asking. */
export interface RecheckTerms {
  readonly everyMs: number;
  readonly spanMs: number;
}

export function bookKey(hop: number): string {
  return `recheck ${hop}`;
}

/**
 * With the results that the ledger's meta row holds. Undefined where there is nothing to ask again: the observer cannot, or lines are
 * not kept for so long.
 */
export function openBook<Stream>(
  terms: RecheckTerms | undefined,
  { id, retentionMs }: { readonly id: number; readonly retentionMs: number | undefined },
  row: string | undefined,
  now: EpochMs,
): RecheckBook<Stream> | undefined {
  if (terms === undefined) return undefined;
  const { everyMs, spanMs } = terms;
  const mayBeGone = (age: number) =>
    retentionMs === undefined ? age > safeAgeMs : age + everyMs + spareMs > retentionMs;
  const ages = agesMs.filter((age) => !mayBeGone(age));
  if (ages.length === 0) return undefined;
  const phaseMs = Math.floor(unitHash(id, 0) * everyMs);
  const stored: Readonly<Record<string, RecheckSeries>> = JSON.parse(row ?? '{}');
  const newest = (age: number) => newestSlot({ everyMs, phaseMs, spanMs }, age, now);
  const series = ages.map((age) => [age, stored[age] ?? { done: newest(age), batches: [] }] as const);
  const rest = { picked: undefined, inFlight: false, nextAt: 0, last: undefined };
  return { everyMs, spanMs, phaseMs, series: new Map(series), ...rest };
}

type Rhythm = Pick<RecheckBook<unknown>, 'everyMs' | 'phaseMs' | 'spanMs'>;

/** The newest slot that is old enough as a whole. */
export function newestSlot({ everyMs, phaseMs }: Rhythm, ageMs: number, now: EpochMs): number {
  return Math.floor((now - ageMs - phaseMs) / everyMs) - 1;
}

/** From when to when canaries of a slot were planned that are asked about: its end, so that they are as old as they should be. */
export function spanOf({ everyMs, spanMs, phaseMs }: Rhythm, slot: number): { from: EpochMs; to: EpochMs } {
  const to = (slot + 1) * everyMs + phaseMs;
  return { from: to - spanMs, to };
}

/** As its meta row. */
export function bookRow({ series }: Pick<RecheckBook<unknown>, 'series'>): string {
  return JSON.stringify(Object.fromEntries(series));
}
