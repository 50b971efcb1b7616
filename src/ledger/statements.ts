/** The SQL of a ledger, derived from its columns; every statement is prepared once and used again. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TableName } from '../core/ledger.ts';
import { LedgerError } from '../lib/errors.ts';
import { type Column, columnOf, holds, keyColumns, layoutOf, type Value } from './columns.ts';
import { codes, type Operation, type Packed, type PackedWhere, Packer, parametersOf, Unpacker } from './packed.ts';

/** Resolved incidents that are loaded again at open. */
export const resolvedLoaded = 200;

/** Tables that an open gives back, each with the rows that can still matter. */
export const loaded = {
  meta: '',
  stream: '',
  run: '',
  emission: 'WHERE settled = 0',
  verdict: 'WHERE settled = 0',
  track: '',
  hop: '',
  incident: `WHERE state = 'open' OR id IN (SELECT id FROM incident WHERE state = 'resolved'
    ORDER BY resolved_at DESC, id DESC LIMIT ${resolvedLoaded})`,
  outbox: "WHERE state = 'waiting'",
  ping: '',
} as const satisfies Partial<Record<TableName, string>>;
export type LoadedTable = keyof typeof loaded;

const pruned: Partial<Record<TableName, string>> = {
  look: 'as_of < ?',
  rollup: 'hour < ?',
  unwatched: 'to_at < ?',
  outbox: "state <> 'waiting' AND done_at < ?",
  incident: "state = 'resolved' AND resolved_at < ?",
  emission: 'settled = 1 AND ended_at < ?',
  verdict: 'settled = 1 AND ended_at < ?',
};

export class Statements {
  readonly #db: DatabaseSync;
  readonly #cache = new Map<string, StatementSync>();
  readonly #changes: { statement: StatementSync; columns: readonly Column[] }[] = [];

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Applies packed changes; the caller holds the transaction. */
  apply(packed: Packed): void {
    const unpacker = new Unpacker(packed);
    while (!unpacker.done) {
      const { statement, columns } = this.#change(unpacker.code());
      statement.run(...columns.map((column) => unpacker.next(column)));
    }
  }

  /** Rows by primary key. @param where SQL, empty for all rows */
  select(table: TableName, where: string, values: readonly Value[] = []): Packed {
    return this.#packAll(table, `${where} ORDER BY ${keyNames(table)}`, values);
  }

  find(table: TableName, where: PackedWhere, limit: number): Packed {
    const unpacker = new Unpacker(where.packed);
    const wanted = where.fields.map((field) => columnOf(table, field));
    const conditions = wanted.map((column) => `"${column.name}" IS ?`).join(' AND ');
    const rest = `${conditions === '' ? '' : `WHERE ${conditions}`} ORDER BY ${keyNames(table)} LIMIT ?`;
    return this.#packAll(table, rest, [...wanted.map((column) => unpacker.next(column)), limit]);
  }

  /** Highest id a table ever held, 0 if none; outlives deletes. */
  highest(table: 'look' | 'outbox'): number {
    const [row] = this.#prepare('SELECT seq FROM sqlite_sequence WHERE name = ?').all(table);
    return row === undefined ? 0 : Number((row as unknown as readonly unknown[])[0]);
  }

  #packAll(table: TableName, rest: string, values: readonly Value[]): Packed {
    const list = layoutOf(table).map(([, column]) => column);
    const statement = this.#prepare(`SELECT ${list.map((column) => `"${column.name}"`)} FROM ${table} ${rest}`);
    const packer = new Packer();
    for (const row of statement.iterate(...values)) packRow(packer, table, list, row as unknown as Value[]);
    return packer.finish();
  }

  #change(code: number): { statement: StatementSync; columns: readonly Column[] } {
    const known = this.#changes[code];
    if (known !== undefined) return known;
    const meaning = codes[code];
    if (meaning === undefined) throw new RangeError(`no change has the code ${code}`);
    const { operation, table } = meaning;
    const columns = parametersOf(operation, table).map(([, column]) => column);
    const made = { statement: this.#prepare(changeSql(operation, table)), columns };
    this.#changes[code] = made;
    return made;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#cache.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#cache.set(sql, statement);
    return statement;
  }
}

/** @throws LedgerError corrupt when a value is not of its column's kind. */
function packRow(packer: Packer, table: TableName, list: readonly Column[], row: readonly Value[]): void {
  list.forEach((column, index) => {
    const value = row[index] ?? null;
    if (!holds(column, value)) {
      throw new LedgerError(
        `Cannot read ${table}.${column.name}: it holds no ${column.kind}. Restore a backup of the ledger.`,
        {
          reason: 'corrupt',
        },
      );
    }
    packer.add(value);
  });
}

function keyNames(table: TableName): string {
  return keyColumns(table)
    .map(([, column]) => `"${column.name}"`)
    .join(', ');
}

function changeSql(operation: Operation, table: TableName): string {
  const keys = keyColumns(table).map(([, column]) => column.name);
  if (operation === 'delete') return `DELETE FROM ${table} WHERE ${keys.map((key) => `"${key}" = ?`).join(' AND ')}`;
  if (operation === 'prune') return pruneSql(table);
  const names = layoutOf(table).map(([, column]) => column.name);
  const set = names.filter((name) => !keys.includes(name)).map((name) => `"${name}" = excluded."${name}"`);
  return `INSERT INTO ${table} (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => '?')})
    ON CONFLICT (${keys.map((key) => `"${key}"`)}) DO UPDATE SET ${set}`;
}

function pruneSql(table: TableName): string {
  const condition = pruned[table];
  if (condition === undefined) throw new RangeError(`the table ${table} is not pruned by age`);
  return `DELETE FROM ${table} WHERE ${condition}`;
}
