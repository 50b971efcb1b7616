import type { EvidenceKey } from '../core/evidence.ts';
import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import type { Severity } from '../core/pipeline.ts';
import type { Speech, Template } from '../core/template.ts';
import type { EpochMs } from '../lib/clock.ts';

/**
 * A stretch of text (already cleaned, not yet escaped for any channel), a moment that each channel shows its own way (`brief`, where
 * its zone was said just before), or a command.
 */
export type Piece = string | { readonly at: EpochMs; readonly brief?: true } | { readonly run: string };
export type Line = readonly Piece[];

/** Evidence in the language of the page, safe to show. */
export interface Said {
  /** All of it, or empty. */
  readonly evidence: string;
  /** Its first sentence in a few words, where it has any: for titles. */
  readonly brief?: string;
}

/** How one kind of incident is said: while it is open, and when it is over. */
export interface Phrase {
  /** The whole title: what, where, for whom, in about 60 characters. */
  open(facts: IncidentFacts, said: Said): string;
  /** What is fine again, after the word for it: a subject and a state, the duration follows. */
  over(facts: IncidentFacts): string;
  /** What stays though it ended, so that nobody calls it recovered: a sentence, or empty. Undefined where it is as if it had never been. */
  stays?(facts: IncidentFacts): string | undefined;
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
  /** It is over, and of what was due nothing is left to be found. */
  readonly settled: boolean;
  /** Not due yet: new ones go out all the time. */
  readonly pending: number;
}

/** `later`: nothing gets worse until morning. */
export type When = 'now' | 'soon' | 'later';

/** Whom it concerns. */
export interface Whom {
  readonly affected: number;
  readonly total: number;
  /** Each of them is a node. */
  readonly nodes: boolean;
  /** Some of their names as one text, or empty. */
  readonly names: string;
  /** What they have in common and others have not, or empty. */
  readonly common: string;
}

/**
 * One language. Everything that we say ourselves is here; names, commands and others' answers come from the facts as they are. A
 * language that lacks one of these does not compile, or fails `test/notify/translation.test.ts`.
 */
export interface Words {
  readonly phrases: Readonly<Record<IncidentKind, Phrase>>;
  readonly severity: Readonly<Record<Severity, string>>;
  readonly speech: Speech;
  readonly evidence: Readonly<Record<EvidenceKey, Template>>;
  /** Evidence in a few words, for titles; of others the sentence itself. */
  readonly briefs: Readonly<Partial<Record<EvidenceKey, Template>>>;
  /** First things to look at, by their English; absent: the English itself. */
  readonly looks: Readonly<Record<string, Template>>;
  /** Between two sentences. */
  readonly gap: string;
  /** A title, marked. */
  test(title: string): string;
  /** The only news is, as a rule, that it became critical. */
  update(title: string, severity: Severity): string;
  /** `ms` is absent where the beginning is not known to be earlier. */
  recovered(what: string, ms?: number): string;
  /** The same where it is over, and what was done stays done. */
  ended(what: string, ms?: number): string;

  readonly testNote: string;
  /** How soon somebody is needed; without `when` only how severe it is. */
  urgency(severity: Severity, when?: When): string;
  /** Of what became critical later. */
  criticalSince(at: EpochMs, ms: number): Line;
  /** In place of the caution where a figure could not be read. */
  readonly onlyFigure: string;
  since(at: EpochMs): Line;
  /** `ms` as with `recovered`. */
  overAt(at: EpochMs, since: EpochMs, ms?: number): Line;
  tally(counts: Tally): string;
  /** Why nothing is lost yet, or what lost means; `above` may still hold them, empty where that is nobody's to say. */
  lossDecided(at: EpochMs, someLost: boolean, above: string): Line;
  /** The span in which it broke, or had been broken. */
  where(facts: IncidentFacts): string;
  whom(whom: Whom): string;
  looksComplete(hop: string, complete: number, asked: number): string;
  /** Evidence of what is over. */
  was(evidence: string): string;
  runway(entries: readonly Line[]): Line;
  runsOut(figure: string, limit: string): string;
  runwayEntry(what: string, at: EpochMs, earliest: EpochMs, latest?: EpochMs): Line;
  changed(entries: readonly Line[], more: number): Line;
  /** Before the first thing to look at. */
  readonly firstLook: string;
  /** Between a command and what to see in it. */
  readonly colon: string;
  behind(names: string): string;
  /** Some of many, with how many there are besides. */
  list(shown: readonly string[], more: number): string;

  /** What is in a note of people on an incident. */
  readonly note: Readonly<Record<'cause' | 'remediation' | 'ticket', string>>;
  readonly links: Readonly<Record<LinkKind, string>>;
}

/** Where a page leads to: our status page, its incident there, and what the configuration names. */
export type LinkKind = 'page' | 'incident' | 'runbook' | 'discover';
