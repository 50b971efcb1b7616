/**
 * The engine's state: everything that is true of the pipelines now. It is changed only by `step`, synchronously, and can
 * be rebuilt from the ledger's rows at any commit. No I/O, no clock, no promise in here.
 */
import type { EmissionBlock, VerdictBlock } from '../core/block.ts';
import type { Drill } from '../core/drill.ts';
import type { FilledRunbook } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { OutboxRow, RunRow } from '../core/ledger.ts';
import type { Maintenance } from '../core/maintenance.ts';
import type { CheckSpec, Config, HopSpec, InjectSpec, NotifierSpec, PipelineSpec } from '../core/pipeline.ts';
import type { HopTerms } from '../core/run.ts';
import type { Silence } from '../core/silence.ts';
import type { Spans } from '../core/spans.ts';
import type { Signer } from '../core/token.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Reason } from '../lib/errors.ts';
import type { CheckResult, ListedStream, ScheduleLimits } from '../probe.ts';
import type { AwaitedBook, StrayBook } from './beside-book.ts';
import type { ChangeBook } from './changes.ts';
import type { DropBook } from './drop-book.ts';
import type { LookOutcome, Oddities, ReadingHistory } from './history.ts';
import type { HopCounters } from './hop-counters.ts';
import type { PeerState } from './peer-state.ts';
import type { RecheckBook } from './recheck-book.ts';
import type { RestState } from './rest-state.ts';
import type { ScheduleState } from './schedule-state.ts';
import type { Telling, Tellings } from './telling.ts';

export interface HopState {
  readonly id: number;
  readonly spec: HopSpec;
  readonly pipeline: PipelineState;
  readonly parent: HopState | undefined;
  readonly mode: 'poll' | 'on-demand' | 'push';
  readonly finds: 'unique' | 'repeats';
  readonly target: string;
  /** What stands before the target, if something does: it only leads there. */
  readonly through?: string;
  /** Of all its streams, oldest first. */
  readonly tracks: Track[];
  readonly runbook: FilledRunbook;
  counters: HopCounters;
  cursor: string | undefined;
  firstSightedAt: EpochMs | undefined;
  newestSeen: EpochMs | undefined;
  lastLatency: { loMs: number; hiMs: number } | undefined;
  lastToken: string | undefined;
  /** Upper latencies of the latest sightings, newest last, about 400. */
  recentHi: number[];
  nextLookAt: EpochMs;
  lookInFlight: boolean;
  /** Looks begun since the start. */
  asked: number;
  /** The newest 10, newest last. */
  looks: LookOutcome[];
  completeSinceStart: number;
  /** No loss is declared from looks before this: the hop, or we, just came back, and a backlog may be on its way. */
  settleUntil: EpochMs;
  /** The same for the hops behind it: not moved by trouble on our own side. */
  settleBelowUntil: EpochMs;
  /** Canaries emitted before this belong to an incident that is over. */
  absorbBefore: EpochMs;
  /** Of canaries planned in these times, oldest first, nothing can be said but that they were seen: they could not be posted to us. */
  readonly deaf: { readonly from: EpochMs; readonly to: EpochMs }[];
  odd: Oddities;
  /** Sightings (first ones) lately, for shares: about the newest 5000 times. */
  seenTimes: EpochMs[];
  /** Foreign, forged and corrupted tokens already counted, at most 4096. */
  strange: Set<string>;
  /** Absent where nothing can be asked for again. */
  readonly recheck: RecheckBook<StreamState> | undefined;
  /** Seen further down only. Not stored. */
  readonly awaited: AwaitedBook<StreamState>;
  /** Canaries of other pipelines that arrived here. Not stored. */
  readonly strays: StrayBook<StreamState>;
  dirty: boolean;
}

/** A stream at a hop. */
export interface Track {
  readonly stream: StreamState;
  readonly hop: HopState;
  readonly blocks: Map<number, VerdictBlock>;
  absent: Spans;
  lost: Spans;
  /** By verdict code; settled blocks (empty before the first), and blocks in memory. */
  folded: number[];
  live: number[];
  lastSeenAt: EpochMs;
  newestSeenSeq: number;
  /** When a late canary last arrived; not stored. */
  lastLateAt: EpochMs;
  /** Complete looks in a row at which the newest canaries were overdue and nothing arrived. */
  stoppedLooks: number;
  wakeAt: EpochMs;
  /** Its row is to be written. Set with `changeTrack` only. */
  rowChanged: boolean;
  /** Blocks to be written, each once. Added to with `changeVerdicts` only. A list: there are many tracks, and one or two blocks. */
  readonly changedBlocks: number[];
  /** Blocks folded since the last commit, whose rows are still to be written as settled. */
  justSettled: Map<number, VerdictBlock> | undefined;
}

export interface StreamState {
  readonly number: number;
  readonly injector: InjectorState;
  readonly key: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  nextSeq: number;
  readonly openedAt: EpochMs;
  leavingSince: EpochMs | undefined;
  /** As of the last listing; not stored. */
  listed: boolean;
  held: ListedStream['held'];
  /** T at which it was last held no more; 0 for never since the start. Not stored. */
  heldUntil: EpochMs;
  taker: string | undefined;
  runs: RunRow[];
  /** Planned time of `nextSeq`. */
  nextPlanned: EpochMs;
  /** Canaries below it were due when `advanceDue` last looked: others are handed over ahead of their times. */
  dueSeq: number;
  /** Present where lines are handed over with their times. */
  readonly schedule?: ScheduleState;
  readonly emission: Map<number, EmissionBlock>;
  /** By emission state: settled blocks. */
  foldedEmission: number[];
  /** Of those, withheld canaries that would have been expected, by hop. */
  readonly foldedWithheld: Map<number, number>;
  /** One per hop that may apply, in the order of the pipeline's hops. */
  readonly tracks: Track[];
  /** How many of the newest canaries in a row did not go out, or not provably. */
  failedInRow: number;
  /** When a canary last went out for certain; not stored. */
  lastEmittedAt: EpochMs;
  failedSince: EpochMs;
  lastFailure: string;
  /** Its row is to be written. Set with `changeStream` only. */
  rowChanged: boolean;
  /** Emission blocks to be written. Added to with `changeEmission` only. */
  readonly changedBlocks: Set<number>;
  readonly changed: EngineState['changed'];
}

export interface InjectorState {
  readonly spec: InjectSpec;
  readonly pipeline: PipelineState;
  readonly target: string;
  /** Present where lines are handed over with their times. */
  readonly limits?: ScheduleLimits;
  readonly runbook: FilledRunbook;
  readonly streams: Map<string, StreamState>;
  /** What its hops promise, as configured: one list for all its runs. Set at the first. */
  terms?: readonly HopTerms[];
  /** Streams at the last listing that canaries are sent to: those that are not leaving. */
  written: number;
  listInFlight: boolean;
  nextListAt: EpochMs;
  listFailures: number;
  lastListError: string | undefined;
  listedOnce: boolean;
  /** Since when lists show no place that canaries can be sent to; undefined while there is one. */
  emptySince: EpochMs | undefined;
  /** When its streams were last listed. */
  listedAt: EpochMs;
  /** When listing began to fail, meaningless while it does not; and when it last worked again. */
  listFailedSince: EpochMs;
  listRecoveredAt: EpochMs;
  injectInFlight: boolean;
  refillsInFlight: number;
  /** When a receipt may be asked for next out of turn. */
  nextReviewAt: EpochMs;
  /** Places that are no streams, with why. */
  leftOut: readonly { readonly name: string; readonly why: string }[];
}

export interface CheckState {
  readonly spec: CheckSpec;
  readonly pipeline: PipelineState;
  readonly target: string;
  /** What stands before the target, if something does: it only leads there. */
  readonly through: string | undefined;
  readonly runbook: FilledRunbook;
  nextAt: EpochMs;
  inFlight: boolean;
  result: CheckResult | undefined;
  resultAt: EpochMs;
  failures: number;
  lastError: { reason: Reason; message: string } | undefined;
  readonly history: Map<string, ReadingHistory>;
  /** By the agent's name. */
  readonly drops: Map<string, DropBook>;
}

export interface PipelineState {
  readonly spec: PipelineSpec;
  /** Canaries of streams that were pruned. */
  readonly gone: { granted: number; emitted: number; withheld: number };
  readonly hops: HopState[];
  readonly injectors: InjectorState[];
  readonly checks: CheckState[];
  /** Streams that go away, or did a little while ago: when that was noticed, and whether it was decided if they are excused. Not stored. */
  readonly leaving: Map<StreamState, { readonly notedAt: EpochMs; decided: boolean; granted: boolean }>;
  /** What was changed lately, for the incidents that begin soon after. Not stored. */
  readonly changes: ChangeBook;
  /** Whether it is switched off. Not stored. */
  readonly rest: RestState;
}

export interface IncidentState extends Telling {
  readonly number: number;
  facts: IncidentFacts;
  /** Those concerned, as last found; not stored. */
  streams?: readonly StreamState[];
  /** Hops that it was told for besides its own; not stored. */
  alsoAt?: readonly string[];
  lastBadAt: EpochMs;
  /** When its canaries were last counted. */
  countedAt: EpochMs;
  /** Since when everything is good again; undefined while it is not. */
  goodSince: EpochMs | undefined;
}

export interface OutboxState {
  row: OutboxRow;
  inFlight: boolean;
  dirty: boolean;
}

export interface EngineState {
  readonly config: Config;
  readonly signer: Signer;
  readonly signingKey: number;
  readonly writer: number;
  /** Stands for this ledger wherever it hands out schedules; drawn when it was made. */
  readonly instance: string;
  /** Random, for jitter; drawn at open. */
  readonly seed: number;
  readonly startedAt: EpochMs;
  readonly pageUrl: string | undefined;
  readonly pipelines: PipelineState[];
  readonly streamsByNumber: Map<number, StreamState>;
  /** Streams with something to be written at the next commit, in themselves or in a track. */
  readonly changed: Set<StreamState>;
  /** Incidents to be written at the next commit. */
  readonly changedIncidents: Set<IncidentState>;
  /** Writers of all incarnations of this ledger. */
  readonly writers: Set<number>;
  now: EpochMs;
  /** When it came back from its latest suspension; 0 for none since the start. */
  watchingSince: EpochMs;
  /** wall − T: now, as it has been since `wallSteadySince`, and as it is taken for granted, ms. */
  wallOffset: number;
  wallSteady: number;
  wallSteadySince: EpochMs;
  wallReference: number;
  next: { stream: number; run: number; hop: number; incident: number; look: number; outbox: number };
  readonly open: Map<string, IncidentState>;
  /** Newest first, at most 200. */
  resolved: IncidentState[];
  readonly outbox: Map<number, OutboxState>;
  readonly sent: Map<string, { sent: number; failed: number }>;
  /** `sent` or `heartbeats` changed since the last commit. */
  talliesChanged: boolean;
  /** When channels were told of a beginning lately. Not stored. */
  readonly tellings: Tellings;
  /** What channels are to be told of at the end of the step. */
  readonly beginnings: { readonly incident: IncidentState; readonly notifier: string }[];
  maintenance: readonly Maintenance[];
  /** Oldest first. */
  drills: readonly Drill[];
  silences: readonly Silence[];
  readonly notifiers: readonly NotifierSpec[];
  readonly peers: readonly PeerState[];
  readonly loops: Record<string, EpochMs>;
  readonly pings: Map<string, EpochMs>;
  /** By `heartbeatKeyOf` the address. */
  readonly heartbeats: Map<string, EpochMs>;
  /** Canaries of other writers received by hooks lately: token → hooks. At most 512. */
  readonly foreignAtHooks: Map<string, Set<string>>;
  nextJudgeAt: EpochMs;
  nextPruneAt: EpochMs;
  /** The meta rows as they were last handed over to be committed. */
  readonly metaWritten: Map<string, string | number>;
  /** Rows to be written at the next commit, besides what is marked as changed. */
  readonly pending: import('../core/ledger.ts').Change[];
}
