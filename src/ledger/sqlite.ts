/**
 * The ledger as one SQLite file: WAL, synchronous=FULL, so that what was acknowledged survives kill -9 and power loss.
 * Lives in a thread of its own. Power loss in the very moment that the disk refuses a commit may leave that commit in:
 * commits are idempotent, so the engine makes the same one again. Nobody may open the file or its `.lock` with `node:fs` meanwhile (see owner-lock.ts).
 */
import type { Ledger, LedgerReader, TableName } from '../core/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type Packed, packChanges, unpackRows } from './packed.ts';
import { ledgerErrorFrom } from './sqlite-error.ts';
import { SqliteThread } from './sqlite-thread.ts';
import type { Loaded } from './sqlite-worker.ts';
import { packWhere, rowLimit } from './where.ts';

export interface SqliteLedgerOptions {
  /** Created, mode 0600, when missing; its directory must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the ledger for writing. One writer at a time; readers may be open beside it.
 * @throws LedgerError locked, newer_version, corrupt, disk_full, config
 */
export async function openSqliteLedger({ path, clock, log }: SqliteLedgerOptions): Promise<Ledger> {
  const began = clock.monotonicMs();
  const { thread, notes } = await SqliteThread.open({ role: 'writer', path });
  log.info({ path, notes, tookMs: Math.round(clock.monotonicMs() - began) }, 'ledger opened');
  return {
    ...readerOn(thread, path),
    async commit(changes) {
      const packed = packChanges(changes);
      await thread.ask({ call: 'commit', changes: packed }, [packed.blobs.buffer]);
    },
  };
}

/**
 * Opens the ledger for reading, beside a running writer or alone.
 * @throws LedgerError not_found, newer_version, unsupported, corrupt, config
 */
export async function openSqliteReader({ path }: { readonly path: string }): Promise<LedgerReader> {
  const { thread } = await SqliteThread.open({ role: 'reader', path });
  return readerOn(thread, path);
}

function readerOn(thread: SqliteThread, path: string): LedgerReader {
  const rows = <T extends TableName>(table: T, packed: Packed) => {
    try {
      return unpackRows(table, packed);
    } catch (error) {
      throw ledgerErrorFrom(error, `Cannot read table ${table} of ledger ${path}`);
    }
  };
  return {
    async load() {
      const { tables, lastLook, lastOutbox } = (await thread.ask({ call: 'load' })) as Loaded;
      return {
        meta: rows('meta', tables.meta),
        stream: rows('stream', tables.stream),
        run: rows('run', tables.run),
        emission: rows('emission', tables.emission),
        verdict: rows('verdict', tables.verdict),
        track: rows('track', tables.track),
        hop: rows('hop', tables.hop),
        incident: rows('incident', tables.incident),
        outbox: rows('outbox', tables.outbox),
        ping: rows('ping', tables.ping),
        lastLook,
        lastOutbox,
      };
    },
    async find(table, where, limit) {
      const call = { call: 'find', table, where: packWhere(table, where), limit: rowLimit(limit) } as const;
      return rows(table, (await thread.ask(call)) as Packed);
    },
    close: () => thread.close(),
  };
}
