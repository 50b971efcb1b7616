/**
 * How rows cross to and from the SQLite thread: one flat list of plain values and one buffer of all blobs, which is
 * transferred. Structured cloning of thousands of row objects would cost several times as much on the main thread.
 */
import { type Change, type LedgerTables, primaryKeys, type TableName } from '../core/ledger.ts';
import { LedgerError } from '../lib/errors.ts';
import { type Column, decodeField, encodeField, keyColumns, layoutOf, tableNames, type Value } from './columns.ts';

/** Blobs stand in `values` as their length; their bytes follow one another in `blobs`. */
export interface Packed {
  readonly values: readonly (number | string | null)[];
  readonly blobs: Uint8Array<ArrayBuffer>;
}

const operations = ['put', 'delete', 'prune'] as const;
export type Operation = (typeof operations)[number];

/** A change's operation and table as one small number. */
export function codeOf(operation: Operation, table: TableName): number {
  return tableNames.indexOf(table) * operations.length + operations.indexOf(operation);
}

/** Every code there is, with what it means. */
export const codes = tableNames.flatMap((table) => operations.map((operation) => ({ operation, table })));

const putCodes = new Map(tableNames.map((table) => [table, codeOf('put', table)]));
const beforeColumn: Column = { name: 'before', kind: 'number', nullable: false };

/** What a change binds, in the order of its statement's parameters. */
export function parametersOf(operation: Operation, table: TableName): readonly (readonly [string, Column])[] {
  if (operation === 'prune') return [['before', beforeColumn]];
  return operation === 'put' ? layoutOf(table) : keyColumns(table);
}

/** Collects values; copies blobs, so the caller may reuse its buffers at once. */
export class Packer {
  readonly #values: (number | string | null)[] = [];
  #blobs = new Uint8Array(1024);
  #bytes = 0;

  add(value: Value): void {
    if (!(value instanceof Uint8Array)) {
      this.#values.push(value);
      return;
    }
    const end = this.#bytes + value.byteLength;
    if (end > this.#blobs.byteLength) this.#blobs = new Uint8Array(this.#blobs.buffer.transfer(end * 2));
    this.#blobs.set(value, this.#bytes);
    this.#bytes = end;
    this.#values.push(value.byteLength);
  }

  /** Ends the packer: its bytes go with the result. */
  finish(): Packed {
    return { values: this.#values, blobs: new Uint8Array(this.#blobs.buffer.transfer(this.#bytes)) };
  }
}

/** Reads values back in the order they were packed. Blobs are views. */
export class Unpacker {
  readonly #packed: Packed;
  #at = 0;
  #byte = 0;

  constructor(packed: Packed) {
    this.#packed = packed;
  }

  get done(): boolean {
    return this.#at >= this.#packed.values.length;
  }

  next(column: Column): Value {
    const value = this.#packed.values[this.#at];
    this.#at += 1;
    if (value === undefined)
      throw new LedgerError('A message to the ledger thread ended early.', { reason: 'internal' });
    if (column.kind !== 'blob' || typeof value !== 'number') return value;
    this.#byte += value;
    return this.#packed.blobs.subarray(this.#byte - value, this.#byte);
  }

  code(): number {
    const value = this.#packed.values[this.#at];
    this.#at += 1;
    return Number(value);
  }
}

/** @throws LedgerError internal for a row that its table cannot hold: before anything was sent. */
export function packChanges(changes: readonly Change[]): Packed {
  const packer = new Packer();
  for (const change of changes) {
    const { op, table } = change;
    packer.add(op === 'put' ? (putCodes.get(table) ?? -1) : codeOf(op, table));
    const source: object = op === 'prune' ? { before: change.before } : change.row;
    packFields(packer, table, parametersOf(op, table), source);
  }
  return packer.finish();
}

function packFields(
  packer: Packer,
  table: TableName,
  fields: readonly (readonly [string, Column])[],
  source: object,
): void {
  const row = source as Readonly<Record<string, unknown>>;
  for (const [field, column] of fields) packer.add(encodeField(table, field, column, row[field]));
}

/** Rows of a table as the port gives them. Each blob is a copy of its own, so that one row kept does not keep all. */
export function unpackRows<T extends TableName>(table: T, packed: Packed): LedgerTables[T][] {
  const unpacker = new Unpacker(packed);
  const rows: LedgerTables[T][] = [];
  while (!unpacker.done) {
    const row: Record<string, unknown> = {};
    for (const [field, column] of layoutOf(table)) {
      const value = unpacker.next(column);
      row[field] = value instanceof Uint8Array ? value.slice() : decodeField(column, value);
    }
    rows.push(row as unknown as LedgerTables[T]);
  }
  return rows;
}

/** A condition of `find`: which fields, and their values in that order. */
export interface PackedWhere {
  readonly fields: readonly string[];
  readonly packed: Packed;
}

/** The primary key of a row as one string. */
export function keyOf<T extends TableName>(table: T, row: Partial<LedgerTables[T]>): string {
  const source = row as Readonly<Record<string, unknown>>;
  const fields: readonly string[] = primaryKeys[table];
  let key = String(source[fields[0] ?? '']);
  for (let i = 1; i < fields.length; i++) key += `/${String(source[fields[i] ?? ''])}`;
  return key;
}
