/** A ledger that lives in memory, for tests and simulation: same rules and same answers as SQLite, plus faults on demand. */
import {
  type Change,
  type IncidentRow,
  type Ledger,
  type LedgerTables,
  primaryKeys,
  type TableName,
} from '../core/ledger.ts';
import { LedgerError } from '../lib/errors.ts';
import { columnOf, decodeField, encodeField, type layoutOf, tableNames } from './columns.ts';
import { keyOf, parametersOf } from './packed.ts';
import { resolvedLoaded } from './statements.ts';
import { rowLimit } from './where.ts';

/** What a crash leaves behind; pass it to `createMemoryLedger` to start again from it. */
export interface MemoryImage {
  readonly rows: { readonly [T in TableName]: readonly LedgerTables[T][] };
  readonly lastLook: number;
  readonly lastOutbox: number;
}

export interface MemoryLedger extends Ledger {
  /** The next commit rejects with `error` and nothing of it is in. */
  failNextCommit(error?: LedgerError): void;
  /** The next commit is in, but rejects with `error`: whoever made it cannot know. */
  loseNextAnswer(error?: LedgerError): void;
  /** All rows now, copied: what a kill -9 at this moment would leave. */
  image(): MemoryImage;
  /** How many commits are in. */
  readonly commits: number;
}

type Rows = { readonly [T in TableName]: Map<string, LedgerTables[T]> };
interface Fault {
  readonly applies: boolean;
  readonly error: LedgerError;
}

const diskFull = () =>
  new LedgerError('Cannot commit to the ledger in memory: told to fail.', { reason: 'disk_full', retryable: true });

/** @param initial changes to begin with, or the image of an earlier one */
export function createMemoryLedger(initial: readonly Change[] | MemoryImage = []): MemoryLedger {
  const store = new Store();
  if ('rows' in initial) store.restore(initial);
  else store.apply(initial);
  const faults: Fault[] = [];
  let closed = false;
  let commits = 0;
  const live = () => {
    if (closed) throw new LedgerError('The ledger in memory is closed.', { reason: 'aborted' });
  };
  return {
    async commit(changes) {
      live();
      const fault = faults.shift();
      if (fault?.applies === false) throw fault.error;
      store.apply(changes);
      commits += 1;
      if (fault !== undefined) throw fault.error;
    },
    async load() {
      live();
      return store.load();
    },
    async find(table, where, limit) {
      live();
      return store.find(table, where, rowLimit(limit));
    },
    async close() {
      closed = true;
    },
    failNextCommit: (error = diskFull()) => void faults.push({ applies: false, error }),
    loseNextAnswer: (error = diskFull()) => void faults.push({ applies: true, error }),
    image: () => store.image(),
    get commits() {
      return commits;
    },
  };
}

class Store {
  readonly #rows = Object.fromEntries(tableNames.map((table) => [table, new Map()])) as unknown as Rows;
  #lastLook = 0;
  #lastOutbox = 0;

  /** Checks everything before it changes anything. */
  apply(changes: readonly Change[]): void {
    const steps = changes.map((change) => this.#step(change));
    for (const step of steps) step();
  }

  load() {
    return {
      meta: this.#copy('meta'),
      stream: this.#copy('stream'),
      run: this.#copy('run'),
      emission: this.#copy('emission', (row) => !row.settled),
      verdict: this.#copy('verdict', (row) => !row.settled),
      track: this.#copy('track'),
      hop: this.#copy('hop'),
      incident: this.#copy('incident', this.#currentIncident()),
      outbox: this.#copy('outbox', (row) => row.state === 'waiting'),
      ping: this.#copy('ping'),
      lastLook: this.#lastLook,
      lastOutbox: this.#lastOutbox,
    };
  }

  find<T extends TableName>(table: T, where: Partial<LedgerTables[T]>, limit: number): LedgerTables[T][] {
    const wanted = Object.entries(where).map(([field, value]) => [field, comparable(table, field, value)] as const);
    const matches = (row: LedgerTables[T]) => {
      const fields: Readonly<Record<string, unknown>> = { ...row };
      return wanted.every(([field, value]) => comparable(table, field, fields[field]) === value);
    };
    return this.#copy(table, matches, limit);
  }

  /** Copies of the rows that match, by primary key. */
  #copy<T extends TableName>(table: T, matches: (row: LedgerTables[T]) => boolean = () => true, limit = Infinity) {
    const rows: Map<string, LedgerTables[T]> = this.#rows[table];
    const found = [...rows.values()].filter(matches).sort((a, b) => compareKeys(table, a, b));
    return structuredClone(limit < found.length ? found.slice(0, limit) : found);
  }

  image(): MemoryImage {
    const rows = Object.fromEntries(tableNames.map((table) => [table, this.#copy(table)]));
    return { rows: rows as unknown as MemoryImage['rows'], lastLook: this.#lastLook, lastOutbox: this.#lastOutbox };
  }

  restore(image: MemoryImage): void {
    for (const table of tableNames) {
      const target: Map<string, unknown> = this.#rows[table];
      for (const row of structuredClone(image.rows[table])) target.set(keyOf(table, row), row);
    }
    this.#lastLook = image.lastLook;
    this.#lastOutbox = image.lastOutbox;
  }

  #step(change: Change): () => void {
    if (change.op === 'prune') return this.#prune(change.table, finite(change.before));
    const { op, table } = change;
    const target: Map<string, unknown> = this.#rows[table];
    const row = storedRow(table, change.row, parametersOf(op, table));
    const key = keyOf(table, row);
    if (op === 'delete') return () => void target.delete(key);
    return () => {
      target.set(key, row);
      if (table === 'look') this.#lastLook = Math.max(this.#lastLook, Number(key));
      if (table === 'outbox') this.#lastOutbox = Math.max(this.#lastOutbox, Number(key));
    };
  }

  #prune(table: Extract<Change, { op: 'prune' }>['table'], before: number): () => void {
    const { look, rollup, unwatched, outbox, incident, emission, verdict } = this.#rows;
    const older = (at: number | null) => at !== null && at < before;
    switch (table) {
      case 'look':
        return () => drop(look, (row) => row.asOf < before);
      case 'rollup':
        return () => drop(rollup, (row) => row.hour < before);
      case 'unwatched':
        return () => drop(unwatched, (row) => row.to < before);
      case 'outbox':
        return () => drop(outbox, (row) => row.state !== 'waiting' && older(row.doneAt));
      case 'incident':
        return () => drop(incident, (row) => row.state === 'resolved' && older(row.resolvedAt));
      case 'emission':
        return () => drop(emission, (row) => row.settled && row.endedAt < before);
      case 'verdict':
        return () => drop(verdict, (row) => row.settled && row.endedAt < before);
    }
  }

  #currentIncident(): (row: IncidentRow) => boolean {
    const resolved = [...this.#rows.incident.values()]
      .filter((row) => row.state === 'resolved')
      .sort((a, b) => (b.resolvedAt ?? -Infinity) - (a.resolvedAt ?? -Infinity) || b.id - a.id);
    const recent = new Set(resolved.slice(0, resolvedLoaded));
    return (row) => row.state === 'open' || recent.has(row);
  }
}

function drop<Row>(rows: Map<string, Row>, which: (row: Row) => boolean): void {
  for (const [key, row] of rows) if (which(row)) rows.delete(key);
}

function finite(before: number): number {
  return Number(encodeField('look', 'asOf', columnOf('look', 'asOf'), before));
}

/** The row as a database would give it back: checked, without unknown fields, sharing nothing with the caller. */
function storedRow<T extends TableName>(
  table: T,
  row: Partial<LedgerTables[T]>,
  fields: ReturnType<typeof layoutOf>,
): LedgerTables[T] {
  const source = row as Readonly<Record<string, unknown>>;
  const stored = fields.map(([field, column]) => {
    const value = encodeField(table, field, column, source[field]);
    return [field, value instanceof Uint8Array ? value.slice() : decodeField(column, value)];
  });
  return Object.fromEntries(stored) as LedgerTables[T];
}

/** A value in a form that `===` compares as SQL would. */
function comparable(table: TableName, field: string, value: unknown): number | string | null {
  const plain = encodeField(table, field, columnOf(table, field), value);
  return plain instanceof Uint8Array ? Buffer.from(plain).toString('hex') : plain;
}

/** As SQLite orders them: numbers by value, text by its UTF-8 bytes. */
function compareKeys<T extends TableName>(table: T, a: LedgerTables[T], b: LedgerTables[T]): number {
  const fields: readonly string[] = primaryKeys[table];
  const [left, right]: Readonly<Record<string, unknown>>[] = [{ ...a }, { ...b }];
  for (const field of fields) {
    const order = compareValues(left?.[field], right?.[field]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValues(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
}
