import type { EpochMs } from '../lib/clock.ts';
import type { Evidence } from './evidence.ts';
import type { FirstLook } from './first-look.ts';
import type { Note } from './note.ts';
import type { Severity } from './pipeline.ts';
import type { Verdict } from './verdict-name.ts';

export const incidentKinds = [
  'stopped',
  'slow',
  'lossy',
  'unreadable',
  'blind',
  'isolated',
  'reading',
  'injection',
  'uncovered',
  'forged',
  'duplicated',
  'corrupted',
  'vanished',
  'inconsistent',
  'misrouted',
  'clock',
  'unproven',
  'silent',
  'undelivered',
  'storm',
  'ledger',
] as const;
export type IncidentKind = (typeof incidentKinds)[number];

/** A rollout, a new configuration, nodes that came or went. */
export interface ChangeBefore {
  readonly at: EpochMs;
  /** For people: `DaemonSet logging/fluent-bit: revision 7c9f begins to roll out`. */
  readonly what: string;
}

/** How long it can go on until it gets worse: a figure's forecast. */
export interface Runway {
  /** For people: `elasticsearch-disk es-1: flood stage`. */
  readonly what: string;
  /** The same in its parts, for other languages. Absent in incidents of an older version. */
  readonly figure?: string;
  readonly limit?: string;
  readonly at: EpochMs;
  /** Its 95 % interval; `latest` is absent where it may never come. */
  readonly earliest: EpochMs;
  readonly latest?: EpochMs;
}

/**
 * Everything a page, the status page and the API need to say about an incident, frozen at one moment. Pure data (JSON):
 * it is stored in the ledger with the incident and with each notification.
 */
export interface IncidentFacts {
  /** `inc-` and a number that is never reused. */
  readonly id: string;
  readonly deployment: string;
  readonly pipeline: string;
  /** The root hop; for kinds without one: `emitter` (injection), `logcanary` (clock, isolated, ledger), else the check's name. */
  readonly hop: string;
  readonly kind: IncidentKind;
  readonly severity: Severity;
  readonly state: 'open' | 'resolved';
  /** Hash of deployment, pipeline, hop, kind: 40 hex digits, the same for every incident of that place and kind. */
  readonly dedupKey: string;
  /** When we said so. */
  readonly openedAt: EpochMs;
  /** When it began, as far as canaries tell: emission of the first one concerned. */
  readonly since: EpochMs;
  readonly resolvedAt?: EpochMs;
  /** Last place where lines are still fine, and the first where not. `from` is `the emitters` above the first hop. */
  readonly between?: { readonly from: string; readonly to: string };
  /** Hops in between that could not be read: the break is somewhere in the span. */
  readonly unreadable: readonly string[];
  readonly streams: {
    readonly affected: number;
    readonly total: number;
    readonly names: readonly string[];
    /** Each of those concerned is a node of its own. */
    readonly nodes?: true;
    /** `zone=1a`: by which labels they differ from the others; empty where too few can tell. Absent where all are concerned. */
    readonly labels?: readonly string[];
  };
  /** Canaries emitted since `since`, at this hop. */
  readonly counts: Readonly<Partial<Record<Verdict, number>>>;
  /** When the first overdue canary would be declared lost. */
  readonly lossDecidedAt?: EpochMs;
  /** How many of the last looks at the hop were complete. */
  readonly looks: { readonly complete: number; readonly asked: number };
  /** Hops behind the root that are broken only because of it; not paged. */
  readonly behind: readonly string[];
  /** One or two plain sentences of evidence, in English: an error's text, a forecast. No secret, no token. */
  readonly detail: string;
  /** The same as data, for other languages. Absent in incidents of an older version. */
  readonly evidence?: readonly Evidence[];
  /** First things to look at, most useful first, in English. */
  readonly firstLook: readonly string[];
  /** The same as data. Absent in incidents of an older version. */
  readonly advice?: readonly FirstLook[];
  /** What was changed shortly before it began, newest first, at most 5. Absent where nothing is known of it. */
  readonly changed?: readonly ChangeBefore[];
  /** When it became critical. Absent while it is a warning. */
  readonly criticalAt?: EpochMs;
  /** What its pipeline will run into next, soonest first, at most 2. Absent where nothing is forecast. */
  readonly runway?: readonly Runway[];
  /** What people found out, oldest first, at most 20. Absent where nobody wrote any. */
  readonly notes?: readonly Note[];
  /** Channels that heard of it as one of many (kind `storm`). Absent where there are none. */
  readonly storm?: readonly string[];
  /** It came so often lately, within so long, that it is kept open until it was good for `steadyMs`. Absent where it did not. */
  readonly flapping?: { readonly times: number; readonly withinMs: number; readonly steadyMs: number };
  /** For a test page. */
  readonly test?: boolean;
}
