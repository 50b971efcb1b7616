/**
 * One writer per ledger, across processes and inside one: a side file `<ledger>.lock`, itself a tiny SQLite database in
 * which a write transaction is held for life. The operating system releases it on any death, kill -9 included, so there
 * is no stale lock to clean up. Readers of the ledger never touch it.
 *
 * POSIX drops a process's locks on a file when it closes *any* descriptor of it: nobody may open `.lock` (or the ledger)
 * with `node:fs` once it exists.
 */
import { DatabaseSync } from 'node:sqlite';
import { LedgerError } from '../lib/errors.ts';
import { createPrivateFile } from './private-file.ts';
import { ledgerErrorFrom } from './sqlite-error.ts';

export interface OwnerLock {
  /** The lock file. */
  readonly path: string;
  release(): void;
}

/** @throws LedgerError locked when somebody has it, config when the directory is missing or not writable. */
export function takeOwnerLock(ledgerPath: string): OwnerLock {
  const path = `${ledgerPath}.lock`;
  createPrivateFile(path);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    // The version field carries who holds it: readable beside the held transaction, unlike under BEGIN EXCLUSIVE.
    db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
    const held = db;
    return { path, release: () => held.close() };
  } catch (error) {
    const refused = refusal(error, ledgerPath, path, db);
    db?.close();
    throw refused;
  }
}

function refusal(error: unknown, ledgerPath: string, path: string, db: DatabaseSync | undefined): LedgerError {
  const translated = ledgerErrorFrom(error, `Cannot lock ledger ${ledgerPath} (${path})`);
  if (translated.reason !== 'locked') return translated;
  return new LedgerError(
    `Cannot open ledger ${ledgerPath}: ${holder(db)} has it open for writing (lock ${path}). ` +
      'Stop that one first, or give this one its own `ledger:` path. Do not delete the lock file: it frees itself when the process ends.',
    { reason: 'locked', cause: error },
  );
}

function holder(db: DatabaseSync | undefined): string {
  try {
    const pid = db?.prepare('PRAGMA user_version').get()?.user_version;
    if (pid === process.pid) return 'this same process';
    return typeof pid === 'number' && pid > 0 ? `the logcanary with process id ${pid}` : 'another logcanary';
  } catch {
    // Being written this instant: who it is adds comfort only.
    return 'another logcanary';
  }
}
