/**
 * How the rows of the ledger port stand in columns: one place that both adapters, the SQL and the messages to the
 * SQLite thread are derived from. Encoding checks every field, so a bad row is refused before anything is written.
 */
import { type LedgerTables, primaryKeys, type TableName } from '../core/ledger.ts';
import { LedgerError } from '../lib/errors.ts';

/** What SQLite stores. Never a BigInt: all our numbers are below 2^53. */
export type Value = number | string | null | Uint8Array;

export interface Column {
  /** Column in SQL, where it differs from the field in snake case only for SQL's reserved words. */
  readonly name: string;
  /**
   * `integer`: a safe integer. `number`: finite, whole or not (stored exactly either way). `flag`: a boolean as 0/1.
   * `json`: anything JSON, as text.
   */
  readonly kind: 'integer' | 'number' | 'text' | 'json' | 'blob' | 'flag';
  readonly nullable: boolean;
}

const column =
  (kind: Column['kind'], nullable = false) =>
  (name: string) => ({ name, kind, nullable });
const integer = column('integer');
const number = column('number');
const numberOrNull = column('number', true);
const text = column('text');
const textOrNull = column('text', true);
const json = column('json');
const jsonOrNull = column('json', true);
const blob = column('blob');
const flag = column('flag');

/** Every table, field by field, in the order of its columns; key fields first. */
export const columns = {
  meta: { key: text('key'), value: text('value') },
  stream: {
    number: integer('number'),
    pipeline: text('pipeline'),
    injector: text('injector'),
    key: text('key'),
    name: text('name'),
    labels: json('labels'),
    nextSeq: integer('next_seq'),
    openedAt: number('opened_at'),
    leavingSince: numberOrNull('leaving_since'),
    schedule: jsonOrNull('schedule'),
  },
  run: {
    id: integer('id'),
    stream: integer('stream'),
    fromSeq: integer('from_seq'),
    t0: number('t0'),
    everyMs: number('every_ms'),
    jitterMs: number('jitter_ms'),
    seed: number('seed'),
    shapes: json('shapes'),
    key: integer('key'),
    writer: integer('writer'),
    terms: json('terms'),
  },
  emission: {
    stream: integer('stream'),
    block: integer('block'),
    settled: flag('settled'),
    endedAt: number('ended_at'),
    data: blob('data'),
  },
  verdict: {
    stream: integer('stream'),
    hop: integer('hop'),
    block: integer('block'),
    settled: flag('settled'),
    endedAt: number('ended_at'),
    data: blob('data'),
  },
  track: { stream: integer('stream'), hop: integer('hop'), data: blob('data') },
  hop: {
    id: integer('id'),
    pipeline: text('pipeline'),
    name: text('name'),
    cursor: textOrNull('cursor'),
    firstSightedAt: numberOrNull('first_sighted_at'),
    counters: text('counters'),
  },
  look: {
    id: integer('id'),
    hop: integer('hop'),
    asOf: number('as_of'),
    tookMs: number('took_ms'),
    coverage: text('coverage'),
    reason: textOrNull('reason'),
    asked: integer('asked'),
    seen: integer('seen'),
  },
  rollup: { hop: integer('hop'), hour: number('hour'), counters: text('counters') },
  incident: {
    id: integer('id'),
    pipeline: text('pipeline'),
    hop: text('hop'),
    kind: text('kind'),
    state: text('state'),
    openedAt: number('opened_at'),
    resolvedAt: numberOrNull('resolved_at'),
    facts: json('facts'),
    notified: json('notified'),
    receipts: json('receipts'),
  },
  outbox: {
    id: integer('id'),
    incident: integer('incident'),
    notifier: text('notifier'),
    action: text('action'),
    facts: json('facts'),
    state: text('state'),
    attempts: integer('attempts'),
    nextAt: number('next_at'),
    lastError: textOrNull('last_error'),
    doneAt: numberOrNull('done_at'),
    queuedAt: number('queued_at'),
  },
  unwatched: { from: number('from_at'), to: number('to_at') },
  ping: { name: text('name'), at: number('at') },
} as const satisfies { readonly [T in TableName]: { readonly [F in keyof LedgerTables[T]]-?: Column } };

/** All tables, in the order that codes in messages count them. */
export const tableNames = Object.keys(columns) as TableName[];

const layouts = Object.fromEntries(
  tableNames.map((table) => [table, Object.entries<Column>(columns[table])]),
) as unknown as Record<TableName, readonly (readonly [field: string, column: Column])[]>;

/** Fields and columns of a table, in order. */
export function layoutOf(table: TableName): readonly (readonly [field: string, column: Column])[] {
  return layouts[table];
}

/** Columns of the primary key, in order. */
export function keyColumns(table: TableName): readonly (readonly [field: string, column: Column])[] {
  const fields: readonly string[] = primaryKeys[table];
  return fields.map((field) => [field, columnOf(table, field)]);
}

/** @throws LedgerError internal for a field that the table does not have. */
export function columnOf(table: TableName, field: string): Column {
  const found = layouts[table].find(([name]) => name === field);
  if (found === undefined) throw refuse(table, field, 'there is no such field');
  return found[1];
}

/** One field as SQLite stores it. @throws LedgerError internal when it is not what the column holds. */
export function encodeField(table: TableName, field: string, column: Column, value: unknown): Value {
  if (value === null && column.nullable) return null;
  switch (column.kind) {
    case 'integer':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'number':
      if (Number.isFinite(value)) return value as number;
      break;
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'blob':
      if (value instanceof Uint8Array) return value;
      break;
    case 'flag':
      if (typeof value === 'boolean') return value ? 1 : 0;
      break;
    case 'json':
      if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  }
  throw refuse(table, field, `${column.kind} expected, got ${value === null ? 'null' : typeof value}`);
}

/** A stored value as the port gives it. Blobs are handed on, not copied. */
export function decodeField(column: Column, value: Value): unknown {
  if (value === null) return null;
  if (column.kind === 'flag') return value === 1;
  return column.kind === 'json' && typeof value === 'string' ? JSON.parse(value) : value;
}

/** Whether a stored value is of the column's kind; what is not was written by somebody else or damaged. */
export function holds(column: Column, value: Value): boolean {
  if (value === null) return column.nullable;
  if (column.kind === 'blob') return value instanceof Uint8Array;
  return typeof value === (column.kind === 'text' || column.kind === 'json' ? 'string' : 'number');
}

function refuse(table: TableName, field: string, what: string): LedgerError {
  return new LedgerError(`Cannot store ${table}.${field}: ${what}. Nothing was written; this is a bug in logcanary.`, {
    reason: 'internal',
  });
}
