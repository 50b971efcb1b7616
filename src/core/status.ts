/** One frozen picture of everything, as the page, the API and the metrics show it. Made by the engine in one go. */
import type { EpochMs } from '../lib/clock.ts';
import type { Drill } from './drill.ts';
import type { IncidentFacts } from './incident.ts';
import type { Maintenance } from './maintenance.ts';
import type { Silence } from './silence.ts';
import type { Verdict } from './verdict-name.ts';

export const hopStates = [
  'flowing',
  'slow',
  'lossy',
  'stopped',
  'unreadable',
  'blind',
  'unproven',
  'off',
  'unknown',
] as const;
export type HopState = (typeof hopStates)[number];

/** Upper bounds in ms of the latency buckets; every hop's `within` is added as one more. */
export const latencyBucketsMs = [
  100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 60_000, 90_000, 120_000, 180_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000,
] as const;

export interface LatencyView {
  /** Upper bounds in ms, rising; the last bucket is +Inf and has no bound here. */
  readonly boundsMs: readonly number[];
  /** Observations of `hi` per bucket, not cumulative; one more than bounds. */
  readonly counts: readonly number[];
  readonly sumMs: number;
  /** The latest observation with its token, for the exemplar. */
  readonly last?: { readonly token: string; readonly hiMs: number };
}

export interface HopView {
  readonly name: string;
  readonly after?: string;
  readonly kind: string;
  readonly state: HopState;
  readonly withinMs: number;
  /** Over the ledger's whole life. */
  readonly canaries: Readonly<Record<Verdict, number>>;
  /** Sum of the accounted verdicts (all but withheld) = injected + unconfirmed of the canaries that apply here. */
  readonly expected: number;
  /** Entries into that state, life-long. */
  readonly entered: {
    readonly delivered: number;
    readonly delayed: number;
    readonly lost: number;
    readonly recovered: number;
    readonly unverifiable: number;
    readonly excused: number;
    readonly withheld: number;
    readonly duplicated: number;
    readonly corrupted: number;
    readonly forged: number;
    readonly foreign: number;
    readonly rechecked: number;
    readonly vanished: number;
    readonly inconsistent: number;
    readonly misrouted: number;
  };
  readonly latency: LatencyView;
  /** Latest latency interval [lo, hi] in ms. */
  readonly lastLatency?: { readonly loMs: number; readonly hiMs: number };
  /** Kaplan–Meier p95 of recent canaries; undefined while not reached or nothing is known. */
  readonly p95Ms?: number;
  /** Age in ms of the oldest canary that is expected here, unseen and not yet lost, withheld or excused. 0 if none. */
  readonly oldestMissingMs: number;
  /** Emission time of the newest canary seen here. */
  readonly newestSeen?: EpochMs;
  readonly lastLook?: {
    readonly at: EpochMs;
    readonly coverage: 'complete' | 'partial' | 'failed';
    readonly why?: string;
  };
  /** Canaries that were asked for again long after they were seen; `why` it could not be told. Absent before the first time. */
  readonly lastRecheck?: {
    readonly at: EpochMs;
    readonly asked: number;
    readonly missing: number;
    readonly why?: string;
  };
}

export interface StreamView {
  readonly name: string;
  readonly injector: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly leaving: boolean;
  /** Why no canary can be sent there for the time being: `no emitter pod`. */
  readonly held?: string;
  /** For each hop by name, the verdicts of its latest canaries, oldest first (at most 60). */
  readonly recent: Readonly<Record<string, readonly Verdict[]>>;
}

export interface ReadingView {
  readonly check: string;
  readonly kind: string;
  readonly measure: string;
  readonly subject?: string;
  /** The agent it is of, where many are read by one check. */
  readonly agent?: { readonly kind: string; readonly node: string };
  readonly unit: 'bytes' | 'seconds' | 'count' | 'ratio';
  readonly value: number;
  readonly limit: number;
  readonly limitName: string;
  readonly capacity?: number;
  readonly at: EpochMs;
  /** In `unit` a second, over the latest readings; negative when it falls, absent after a single one. */
  readonly growth?: number;
  /** Forecast of the time until `limit`, in ms, with its 95 % interval; absent without a trend. */
  readonly full?: { readonly ms: number; readonly loMs: number; readonly hiMs?: number };
}

/** What an agent gave up, as far as we have watched it. */
export interface DropView {
  readonly check: string;
  readonly agent: string;
  readonly node: string;
  /** Lines lost since the first reading, over the ledger's whole life. */
  readonly records: number;
}

export interface PipelineView {
  readonly name: string;
  /** Canaries that went out for certain, life-long. */
  readonly injected: number;
  /** Handed out, not yet known whether they went out. */
  readonly unconfirmed: number;
  readonly withheld: number;
  readonly hops: readonly HopView[];
  /** At most 200, worst first. */
  readonly streams: readonly StreamView[];
  readonly streamsTotal: number;
  /** Places that are no streams, and why: Fargate, Windows. At most 100. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  readonly readings: readonly ReadingView[];
  readonly drops: readonly DropView[];
  /** Where it is switched off at times: how that stands. */
  readonly rest?: RestView;
}

export interface RestView {
  /** `hours`: it is not expected to flow now. `no-nodes`: there is nothing to write to. `warming-up`: it is on, and nothing is told yet. */
  readonly state: 'on' | 'hours' | 'no-nodes' | 'warming-up';
  /** When that changes, as far as it is known. */
  readonly until?: EpochMs;
  /** Its hours, for people. */
  readonly active?: string;
}

/** Who was told of an incident, and what kept it from being told. */
export interface TellingView {
  readonly told: readonly {
    readonly notifier: string;
    /** `waiting`: it has not taken it yet. `refused`: it will not. */
    readonly state: 'told' | 'waiting' | 'refused';
  }[];
  /** Those that hold for it, or held while it was open. */
  readonly silences: readonly Silence[];
}

export interface PeerView {
  readonly name: string;
  /** `unheard`: not heard since we started, or never. */
  readonly state: 'heard' | 'silent' | 'unheard';
  readonly heardAt?: EpochMs;
  /** Why the last try failed. Absent when it did not. */
  readonly trouble?: string;
  /** It tells where only one does, while it is heard. Absent where it never was. */
  readonly goesFirst?: boolean;
  /** Settings that are not as ours. */
  readonly differs: readonly string[];
  /** Incidents that are over here and wait for it, by their ids. */
  readonly awaited: readonly string[];
}

export interface StatusView {
  /** Windows that hold now or are planned. Absent where nothing can be maintained. */
  readonly maintenance?: readonly Maintenance[];
  /** Newest first, at most 50. Absent where none can be held. */
  readonly drills?: readonly Drill[];
  /** Silences that hold now. Absent where nothing can be silenced. */
  readonly silences?: readonly Silence[];
  /** Ledger time of the picture. */
  readonly at: EpochMs;
  readonly deployment: string;
  readonly startedAt: EpochMs;
  readonly pipelines: readonly PipelineView[];
  /** Open ones first, then resolved, newest first. */
  readonly incidents: readonly IncidentFacts[];
  /** By the ids of incidents. Absent where nobody is told. */
  readonly tellings?: Readonly<Record<string, TellingView>>;
  readonly notifications: readonly {
    readonly notifier: string;
    readonly sent: number;
    readonly failed: number;
    readonly waiting: number;
  }[];
  /** Ledger time at which each loop last completed a cycle. */
  readonly loops: Readonly<Record<string, EpochMs>>;
  readonly heartbeats: readonly { readonly url: string; readonly sentAt?: EpochMs }[];
  readonly pings: readonly {
    readonly name: string;
    readonly at?: EpochMs;
    readonly state: 'unproven' | 'ok' | 'late';
  }[];
  /** Other logcanaries on the same pipelines. Absent where none is configured. */
  readonly peers?: readonly PeerView[];
  /** Healthy: all loops complete cycles and the ledger takes writes. Else why not. */
  readonly health: { readonly ok: boolean; readonly problems: readonly string[] };
}
