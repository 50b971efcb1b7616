import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import type { Severity } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';

/** A stretch of text (already cleaned, not yet escaped for any channel) or a moment that each channel shows its own way: `brief`, where its zone was said just before. */
export type Piece = string | { readonly at: EpochMs; readonly brief?: true };
export type Line = readonly Piece[];

/** How one kind of incident is said: while it is open, and when it is over. */
export interface Phrase {
  /** The whole title. */
  open(facts: IncidentFacts): string;
  /** What is fine again, after the word for it: a subject and a state, the duration follows. */
  over(facts: IncidentFacts): string;
  /** What people must not conclude: said beside the evidence while the incident is open. */
  readonly caution?: string;
}

/** How many canaries of each verdict; a verdict that was not counted is 0. */
export interface Tally {
  readonly overdue: number;
  readonly delayed: number;
  readonly excused: number;
  readonly unverifiable: number;
  readonly lost: number;
  /** It is over and nothing is left to be found. */
  readonly settled: boolean;
}

/**
 * One language. Everything that we say ourselves is here; names, evidence and commands come from the facts as they are. A
 * language that lacks one of these does not compile.
 */
export interface Words {
  readonly phrases: Readonly<Record<IncidentKind, Phrase>>;
  readonly severity: Readonly<Record<Severity, string>>;
  /** Between two sentences. */
  readonly gap: string;
  /** A title, marked. */
  test(title: string): string;
  update(title: string): string;
  /** `ms` is absent where the beginning is not known to be earlier. */
  recovered(what: string, ms?: number): string;

  readonly testNote: string;
  since(at: EpochMs): Line;
  overAt(at: EpochMs, since: EpochMs): Line;
  tally(counts: Tally): string;
  /** Why nothing is lost yet, or no more than that, and when it is decided. */
  lossDecided(at: EpochMs, someLost: boolean): Line;
  /** The span in which it broke. */
  where(facts: IncidentFacts): string;
  /** `names` is empty, or a list made by `list`; `common` is empty, or what they have in common and others have not. */
  streams(affected: number, total: number, names: string, common: string): string;
  looks(complete: number, asked: number): string;
  runway(entries: readonly Line[]): Line;
  runwayEntry(what: string, at: EpochMs, earliest: EpochMs, latest?: EpochMs): Line;
  changed(entries: readonly Line[], more: number): Line;
  firstLook(looks: readonly string[]): string;
  behind(names: string): string;
  /** Some of many, with how many there are besides. */
  list(shown: readonly string[], more: number): string;

  readonly links: Readonly<Record<LinkKind, string>>;
}

/** Where a page leads to: our status page, its incident there, and what the configuration names. */
export type LinkKind = 'page' | 'incident' | 'runbook' | 'discover';
