/** The pipeline as configured: what `config/` produces and the engine runs on. All durations in ms. */
import type { EpochMs } from '../lib/clock.ts';
import type { ActiveHours } from './active-hours.ts';

export const shapes = ['plain', 'json', 'long', 'unicode', 'multiline', 'burst'] as const;
export type Shape = (typeof shapes)[number];

export interface InjectSpec {
  /** Unique in the pipeline: the kind, or kind-2 for the second of a kind. */
  readonly name: string;
  readonly kind: string;
  /** Already parsed by the probe's own schema. */
  readonly options: unknown;
  /** The first hop its canaries can be seen at. Absent: all hops. */
  readonly enters?: string;
  /** Period per stream. */
  readonly everyMs: number;
  /** Over all of the injector's streams, canaries per second. */
  readonly maxPerSecond: number;
  readonly shapes: readonly Shape[];
}

export interface HopSpec {
  readonly name: string;
  readonly after?: string;
  readonly kind: string;
  readonly options: unknown;
  /** Deadline from injection. */
  readonly withinMs: number;
  /** Between looks. Default within/4, at most 30 s. */
  readonly pollMs: number;
  /** Bound of one look. Default: max(poll, 10 s), at most 30 s. */
  readonly timeoutMs: number;
  /** Share of canaries expected here: 1/20 is { of: 20 }. */
  readonly sample: { readonly take: number; readonly of: number };
  /** What arrived can still be found for so long. Absent: for two hours at least. */
  readonly retentionMs?: number;
  /** Canaries of other pipelines have no business here. */
  readonly exclusive?: true;
}

export interface CheckSpec {
  /** Unique in the pipeline. */
  readonly name: string;
  readonly kind: string;
  readonly options: unknown;
  readonly everyMs: number;
}

export interface RestSpec {
  /** When it is expected to flow. Absent: always. */
  readonly active?: {
    readonly hours: ActiveHours /** For people: `mon-fri 08:00-22:00 Asia/Tokyo`. */;
    readonly text: string;
  };
  /** While no injector lists a place to write to, it is off. */
  readonly withoutNodes: boolean;
  /** After it was off, nothing is said of it for so long. */
  readonly warmUpMs: number;
}

export interface PipelineSpec {
  readonly name: string;
  readonly inject: readonly InjectSpec[];
  /** Parents stand before their children. */
  readonly hops: readonly HopSpec[];
  readonly checks: readonly CheckSpec[];
  readonly lostAfterMs: number;
  readonly loss: { readonly budget: number; readonly windowMs: number };
  readonly pageAfterMs: number;
  readonly resolveAfterMs: number;
  readonly stoppedEveryMs: number;
  /** When it is switched off and not missed. Absent: never. */
  readonly rest?: RestSpec;
  /** How long single verdicts are kept after they are final. Default 7 d. */
  readonly keepCanariesMs: number;
  /** Hourly sums. Default 400 d. */
  readonly keepRollupsMs: number;
}

export interface KeySpec {
  readonly id: string;
  readonly secret: string;
}

export interface NotifierSpec {
  /** Unique; defaults to the kind. */
  readonly name: string;
  readonly kind: string;
  /** Already parsed by the notifier's own schema. */
  readonly options: unknown;
  readonly minSeverity: Severity;
  /** Incidents of these pipelines, of these kinds. Absent: of all. */
  readonly only?: { readonly pipelines?: readonly string[]; readonly kinds?: readonly string[] };
  /** True: told only where another falls back to it. */
  readonly standby?: boolean;
  /** Who is told too, once this one has not taken a notification for `afterMs`, or has refused it for good. */
  readonly fallback?: { readonly to: string; readonly afterMs: number };
  /** Told only of what has been critical for so long and is not over. */
  readonly escalateAfterMs?: number;
  /** What is open must be told again so often, or the channel takes it for over. Absent: once is enough. */
  readonly renewEveryMs?: number;
  /** True: who tells it the same dedup key again wakes nobody, be it another logcanary. */
  readonly deduplicates?: true;
  /** Notes on incidents are shown there. */
  readonly takesNotes?: true;
  /** Language of its text. Default `en`. */
  readonly locale?: Locale;
  /** Zone of its times, beside UTC: an IANA name. Default: the machine's. */
  readonly timezone?: string;
}

export const locales = ['en', 'ja'] as const;
export type Locale = (typeof locales)[number];

/** Addresses that a page links to; `{hop}` and its like stand for what an incident says. */
export interface LinkTemplates {
  /** Our own status page as people on call reach it; without placeholders. */
  readonly page?: string;
  readonly runbook?: string;
  /** A search in Kibana or its like: for all hops, or by the name of a hop. */
  readonly discover?: string | Readonly<Record<string, string>>;
}

/** How a service wants to be told; `plain` is a GET that is answered 2xx. */
export const heartbeatForms = ['plain', 'healthchecks', 'snitch', 'cronitor', 'betterstack'] as const;
export type HeartbeatForm = (typeof heartbeatForms)[number];

export interface HeartbeatSpec {
  readonly url: string;
  readonly everyMs: number;
  /** Absent: the one that the URL's host is known for, else `plain`. */
  readonly form?: HeartbeatForm;
}

export interface ExpectedPingSpec {
  readonly name: string;
  readonly everyMs: number;
  readonly graceMs: number;
}

/** Another logcanary that watches the same pipelines, with a ledger of its own. */
export interface PeerSpec {
  /** Unique; defaults to the host's name. */
  readonly name: string;
  /** Where it serves its page; the API is below it. */
  readonly url: string;
  /** Its `http.secret`, by which its answers are known to be its own. Absent: nobody set one. */
  readonly secret?: string;
}

/** How a drill is held. Times in ms. */
export interface DrillPlan {
  /** Names of channels. Absent: all, those on standby too. */
  readonly notifiers?: readonly string[];
  /** For a channel to accept and to prove, together. */
  readonly timeoutMs: number;
  /** How long the test incident stays open after that: Alertmanager tells nobody before its `group_wait`. */
  readonly holdMs: number;
}

/** Drills that are held by themselves. */
export interface DrillSpec extends DrillPlan {
  /** For people: `0 10 * * mon Asia/Tokyo`. */
  readonly text: string;
  /** When the first one after a moment of the wall clock is due; undefined for never. */
  next(after: EpochMs): EpochMs | undefined;
}

export interface Config {
  /** Path as the user gave it. */
  readonly file: string;
  /** SHA-256 of the file's text, first 16 hex digits. */
  readonly hash: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Path of the SQLite file, already resolved against the config file's folder. */
  readonly ledger: string;
  readonly deployment: string;
  /** Empty: one is generated beside the ledger. */
  readonly keys: readonly KeySpec[];
  readonly pipelines: readonly PipelineSpec[];
  readonly notify: readonly NotifierSpec[];
  readonly links?: LinkTemplates;
  /** Absent: drills are held only when somebody asks for one. */
  readonly drill?: DrillSpec;
  readonly heartbeats: readonly HeartbeatSpec[];
  readonly expectedPings: readonly ExpectedPingSpec[];
  /** Absent: we watch alone. */
  readonly peers?: readonly PeerSpec[];
  readonly http: { readonly secret?: string };
}

export type Severity = 'critical' | 'warning';
