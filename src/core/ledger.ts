/**
 * The ledger port. A ledger keeps rows in the tables below, applies a list of changes atomically and durably, and gives
 * them all back at the next open. It knows no rules: those are the engine's. Adapters: memory (tests), SQLite.
 */
import type { EpochMs } from '../lib/clock.ts';
import type { IncidentFacts } from './incident.ts';
import type { NotificationAction } from './notifier.ts';
import type { Shape } from './pipeline.ts';
import type { HopTerms } from './run.ts';

/** Small single values: `time` (last persisted T), `writer`, `nextStream`, `nextIncident`... */
export interface MetaRow {
  readonly key: string;
  readonly value: string;
}

export interface StreamRow {
  /** Never reused; 25 bits. */
  readonly number: number;
  readonly pipeline: string;
  readonly injector: string;
  /** The injector's identity for it. */
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The next sequence number to be granted: all below may have gone out. The grant. */
  readonly nextSeq: number;
  readonly openedAt: EpochMs;
  readonly leavingSince: EpochMs | null;
  /** Null where lines are written directly. */
  readonly schedule: ScheduleRow | null;
}

/** What was handed over ahead of its time, to somebody who sends it out, and is not settled yet. */
export interface ScheduleRow {
  /** Number of the next call. */
  readonly nextBatch: number;
  /** Who takes lines; null while that is not known. */
  readonly place: string | null;
  readonly batches: readonly BatchRow[];
  /** Ranges that were handed over, provably did not go out, and can still do so in time. Oldest first. */
  readonly again: readonly { readonly from: number; readonly to: number }[];
}

/** The canaries `from` to `to` (included), handed over in one call. */
export interface BatchRow {
  readonly number: number;
  readonly place: string;
  readonly from: number;
  readonly to: number;
  /** T of the step that decided it: no call with it began before. */
  readonly handedAt: EpochMs;
}

/** A stretch of sequence numbers with one schedule, key, writer and set of terms. Planned times and tokens follow from it. */
export interface RunRow {
  readonly id: number;
  readonly stream: number;
  readonly fromSeq: number;
  readonly t0: EpochMs;
  readonly everyMs: number;
  readonly jitterMs: number;
  readonly seed: number;
  readonly shapes: readonly Shape[];
  /** Index 0–1023 as in the token. */
  readonly key: number;
  readonly writer: number;
  /** Which hops apply and their deadlines, frozen when the run began. */
  readonly terms: readonly HopTerms[];
}

/** Emission states and times of the 256 canaries of a stream from block × 256. */
export interface EmissionRow {
  readonly stream: number;
  readonly block: number;
  /** Nothing in it can change any more; not loaded at open. */
  readonly settled: boolean;
  /** Planned time of its last canary once settled, 0 before: settled rows older than `keep_canaries` are pruned by it. */
  readonly endedAt: EpochMs;
  readonly data: Uint8Array;
}

/** Verdicts of a block at a hop. */
export interface VerdictRow {
  readonly stream: number;
  readonly hop: number;
  readonly block: number;
  readonly settled: boolean;
  /** As in EmissionRow. */
  readonly endedAt: EpochMs;
  readonly data: Uint8Array;
}

/** A stream at a hop: look spans and the exact counts of everything folded away. */
export interface TrackRow {
  readonly stream: number;
  readonly hop: number;
  readonly data: Uint8Array;
}

/** A hop of a pipeline: never reused numbers, life-long counters, reading position. */
export interface HopRow {
  readonly id: number;
  readonly pipeline: string;
  readonly name: string;
  readonly cursor: string | null;
  readonly firstSightedAt: EpochMs | null;
  /** JSON of the life-long counters and the latency histogram. */
  readonly counters: string;
}

/** One attempt to see; kept for audit, pruned by age. */
export interface LookRow {
  readonly id: number;
  readonly hop: number;
  readonly asOf: EpochMs;
  readonly tookMs: number;
  readonly coverage: 'complete' | 'partial' | 'failed';
  readonly reason: string | null;
  readonly asked: number;
  readonly seen: number;
}

/** A hop's life-long counters as they stood at the end of an hour: two neighbours subtracted give the hour's sums. */
export interface RollupRow {
  readonly hop: number;
  readonly hour: EpochMs;
  readonly counters: string;
}

export interface IncidentRow {
  readonly id: number;
  readonly pipeline: string;
  readonly hop: string;
  readonly kind: string;
  readonly state: 'open' | 'resolved';
  readonly openedAt: EpochMs;
  readonly resolvedAt: EpochMs | null;
  readonly facts: IncidentFacts;
  /** Names of the notifiers that were told: those that must hear of its end. */
  readonly notified: readonly string[];
  /** What channels gave back for their message of it, by their names: where Slack keeps it, to edit it later. */
  readonly receipts: Readonly<Record<string, string>>;
}

export interface OutboxRow {
  /** Rising: the order in which notifications were decided. */
  readonly id: number;
  readonly incident: number;
  readonly notifier: string;
  readonly action: NotificationAction;
  readonly facts: IncidentFacts;
  readonly state: 'waiting' | 'sent' | 'refused';
  readonly attempts: number;
  /** When it was decided. */
  readonly queuedAt: EpochMs;
  readonly nextAt: EpochMs;
  readonly lastError: string | null;
  readonly doneAt: EpochMs | null;
}

/** Time in which nobody watched (process down). */
export interface UnwatchedRow {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export interface PingRow {
  readonly name: string;
  readonly at: EpochMs;
}

export interface LedgerTables {
  meta: MetaRow;
  stream: StreamRow;
  run: RunRow;
  emission: EmissionRow;
  verdict: VerdictRow;
  track: TrackRow;
  hop: HopRow;
  look: LookRow;
  rollup: RollupRow;
  incident: IncidentRow;
  outbox: OutboxRow;
  unwatched: UnwatchedRow;
  ping: PingRow;
}
export type TableName = keyof LedgerTables;

/** The primary key of each table, in order. */
export const primaryKeys = {
  meta: ['key'],
  stream: ['number'],
  run: ['id'],
  emission: ['stream', 'block'],
  verdict: ['stream', 'hop', 'block'],
  track: ['stream', 'hop'],
  hop: ['id'],
  look: ['id'],
  rollup: ['hop', 'hour'],
  incident: ['id'],
  outbox: ['id'],
  unwatched: ['from'],
  ping: ['name'],
} as const satisfies { readonly [T in TableName]: readonly (keyof LedgerTables[T])[] };

/** A row to insert or replace by primary key, a row to delete (only key fields are read), or a prune by age. */
export type Change =
  | {
      [T in TableName]:
        | { readonly op: 'put'; readonly table: T; readonly row: LedgerTables[T] }
        | { readonly op: 'delete'; readonly table: T; readonly row: Partial<LedgerTables[T]> };
    }[TableName]
  | {
      /**
       * Deletes looks with asOf, rollups with hour, unwatched stretches with to, done outbox rows with doneAt, resolved incidents
       * with resolvedAt, and settled emission and verdict rows with endedAt before `before`.
       */
      readonly op: 'prune';
      readonly table: 'look' | 'rollup' | 'unwatched' | 'outbox' | 'incident' | 'emission' | 'verdict';
      readonly before: EpochMs;
    };

/** What an open gives back: all rows that can still matter to the engine. */
export interface LedgerContents {
  readonly meta: readonly MetaRow[];
  readonly stream: readonly StreamRow[];
  readonly run: readonly RunRow[];
  /** Unsettled only. */
  readonly emission: readonly EmissionRow[];
  /** Unsettled only. */
  readonly verdict: readonly VerdictRow[];
  readonly track: readonly TrackRow[];
  readonly hop: readonly HopRow[];
  /** Open incidents, and the last 200 resolved ones. */
  readonly incident: readonly IncidentRow[];
  /** Waiting ones only. */
  readonly outbox: readonly OutboxRow[];
  readonly ping: readonly PingRow[];
  /** Highest look id ever stored, 0 if none. */
  readonly lastLook: number;
  /** Highest outbox id ever stored, 0 if none. */
  readonly lastOutbox: number;
}

/** Read access; may be open beside another process that writes. */
export interface LedgerReader {
  /** All live rows, from one snapshot. */
  load(): Promise<LedgerContents>;
  /** Rows of a table whose fields equal those given (blocks by stream and block for `trace`), at most `limit` (default 1000), by primary key. */
  find<T extends TableName>(table: T, where: Partial<LedgerTables[T]>, limit?: number): Promise<LedgerTables[T][]>;
  close(): Promise<void>;
}

export interface Ledger extends LedgerReader {
  /**
   * Applies all changes in one durable transaction: when it resolves, they survive kill -9 and power loss; when it
   * rejects, none is in. Idempotent: the same changes again give the same rows. Calls are applied in order.
   * @throws LedgerError disk_full, corrupt, internal
   */
  commit(changes: readonly Change[]): Promise<void>;
}
