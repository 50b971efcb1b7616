/** One row of every table, at the edges of what a ledger must keep exactly. */
import type { IncidentFacts } from '../../src/core/incident.ts';
import type {
  Change,
  EmissionRow,
  IncidentRow,
  LedgerTables,
  LookRow,
  OutboxRow,
  TableName,
  VerdictRow,
} from '../../src/core/ledger.ts';

/** 2^45 − 1: the latest moment that a token can carry. */
export const lateMs = 2 ** 45 - 1;

export const facts: IncidentFacts = {
  id: 'inc-7',
  deployment: 'tōkyō',
  pipeline: 'prod',
  hop: 'index',
  kind: 'stopped',
  severity: 'critical',
  state: 'open',
  dedupKey: '0123456789abcdef0123456789abcdef01234567',
  openedAt: 1_000,
  since: 900,
  unreadable: [],
  streams: { affected: 2, total: 3, names: ['node "a"', "node 'b'; DROP TABLE meta"] },
  counts: { lost: 3 },
  looks: { complete: 2, asked: 2 },
  behind: ['alert'],
  detail: 'line 1\nline 2 \u2028 \u{1F426}',
  firstLook: ['disk'],
};

export const rows: { readonly [T in TableName]: LedgerTables[T] } = {
  meta: { key: 'ключ 🐤', value: 'NUL \u0000 inside, \u2028, \u{1F426}' },
  stream: {
    number: 2 ** 25 - 1,
    pipeline: 'prod',
    injector: 'kubernetes',
    key: 'uid/1',
    name: 'node-1',
    labels: { zone: 'ap-northeast-1a', 'naïve "key"': '\\' },
    nextSeq: 2 ** 35 - 1,
    openedAt: lateMs,
    leavingSince: null,
    schedule: null,
  },
  run: {
    id: 1,
    stream: 3,
    fromSeq: 0,
    t0: lateMs,
    everyMs: 333.25,
    jitterMs: 0,
    seed: 2 ** 32 - 1,
    shapes: ['plain', 'long'],
    key: 1023,
    writer: 2 ** 25 - 1,
    terms: [{ hop: 1, after: null, withinMs: 8_000, lostAfterMs: 60_000, graceMs: 1, take: 1, of: 20 }],
  },
  emission: { stream: 3, block: 9, settled: false, endedAt: 0, data: everyByte(600) },
  verdict: { stream: 3, hop: 1, block: 9, settled: false, endedAt: 0, data: everyByte(128) },
  track: { stream: 3, hop: 1, data: new Uint8Array(0) },
  hop: { id: 1, pipeline: 'prod', name: 'index', cursor: null, firstSightedAt: lateMs, counters: '{"lost":1}' },
  look: { id: 5, hop: 1, asOf: lateMs, tookMs: 12.5, coverage: 'partial', reason: null, asked: 10, seen: 0 },
  rollup: { hop: 1, hour: 3_600_000, counters: '{}' },
  incident: incident(7),
  outbox: outbox(4),
  unwatched: { from: 1_000, to: lateMs },
  ping: { name: 'alertmanager', at: lateMs },
};

export const tables = Object.keys(rows) as TableName[];

export function put<T extends TableName>(table: T, row: LedgerTables[T]): Change {
  return { op: 'put', table, row } as unknown as Change;
}

export function incident(id: number, over: Partial<IncidentRow> = {}): IncidentRow {
  const base = {
    pipeline: 'prod',
    hop: 'index',
    kind: 'stopped',
    state: 'open',
    openedAt: 1_000,
    resolvedAt: null,
  } as const;
  return { id, ...base, facts, notified: ['pagerduty'], receipts: { slack: 'C1 1.2' }, ...over };
}

export function outbox(id: number, over: Partial<OutboxRow> = {}): OutboxRow {
  const base = { incident: 7, notifier: 'slack', action: 'trigger', state: 'waiting', attempts: 0 } as const;
  return { id, ...base, facts, queuedAt: 1_000, nextAt: lateMs, lastError: null, doneAt: null, ...over };
}

export function look(id: number, asOf: number): LookRow {
  return { id, hop: 1, asOf, tookMs: 1, coverage: 'complete', reason: null, asked: 1, seen: 1 };
}

export function emission(stream: number, block: number, over: Partial<EmissionRow> = {}): EmissionRow {
  return { stream, block, settled: false, endedAt: 0, data: Uint8Array.of(1), ...over };
}

export function verdict(stream: number, hop: number, block: number, over: Partial<VerdictRow> = {}): VerdictRow {
  return { stream, hop, block, settled: false, endedAt: 0, data: Uint8Array.of(1), ...over };
}

function everyByte(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 256);
}
