/** Opens a ledger file: says what is wrong with it before changing anything, keeps a copy before it migrates. */
import { existsSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LedgerError } from '../lib/errors.ts';
import { applicationId, migrate, migrations } from './migrations.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { createPrivateFile, syncDirectory } from './private-file.ts';
import { ledgerErrorFrom } from './sqlite-error.ts';

/** How long a statement waits for another program's lock (an auditor's sqlite3 shell), ms. */
const busyTimeoutMs = 5_000;

/**
 * Largest file that is checked whole at open. quick_check reads every page: measured 1.1 GB/s from the page cache, so
 * half a second, or 5 s from a disk of 100 MB/s. Of larger files all but the two block tables are checked, whose damage
 * shows when they are read.
 */
const wholeCheckBytes = 512 * 1024 * 1024;

/**
 * Pages in the write-ahead log before they are moved to the file: 16 MiB, so that a burst of commits does not pay for it
 * each time. The log is cut back to 64 MiB after a long reader let it grow.
 */
const writerPragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -32768;
  PRAGMA cell_size_check = ON;
`;

export interface OpenedDatabase {
  readonly db: DatabaseSync;
  /** What was done on the way, for the log: `created`, `kept a copy ...`. */
  readonly notes: readonly string[];
  /** @throws LedgerError not_found when the file or its lock was moved or deleted: what is written now would be lost. */
  assertInPlace(): void;
  close(): void;
}

/**
 * Opens for writing: lock, look, copy, migrate.
 * @throws LedgerError locked, newer_version, corrupt, disk_full, config
 */
export function openWriter(path: string, list: readonly string[] = migrations): OpenedDatabase {
  const file = realPath(path);
  const lock = takeOwnerLock(file);
  let db: DatabaseSync | undefined;
  try {
    const notes = createPrivateFile(file) ? [`created ${file}`] : [];
    const version = inspect(file, list.length);
    if (version > 0 && version < list.length) notes.push(`kept a copy ${keepCopy(file, version)} before migrating`);
    db = new DatabaseSync(file, { timeout: busyTimeoutMs });
    db.exec(writerPragmas);
    migrate(db, version, list);
    const opened = db;
    const inPlace = [inPlaceCheck(file), inPlaceCheck(lock.path)];
    return {
      db,
      notes,
      assertInPlace: () => inPlace.forEach((check) => void check()),
      close: () => closeBoth(opened, lock.release),
    };
  } catch (error) {
    db?.close();
    lock.release();
    throw ledgerErrorFrom(error, `Cannot open ledger ${file}`);
  }
}

/**
 * Opens for reading, beside a writer or alone.
 * @throws LedgerError not_found, newer_version, unsupported (not migrated yet), corrupt, config
 */
export function openReader(path: string, list: readonly string[] = migrations): OpenedDatabase {
  const file = realPath(path);
  if (!existsSync(file)) {
    throw new LedgerError(
      `Cannot read ledger ${file}: there is no such file. Start \`logcanary run\` first, or check \`ledger:\`.`,
      {
        reason: 'not_found',
      },
    );
  }
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
    const version = versionOf(db, file, list.length);
    if (version < list.length) throw notMigrated(file, version, list.length);
    const opened = db;
    return { db, notes: [], assertInPlace: inPlaceCheck(file), close: () => opened.close() };
  } catch (error) {
    db?.close();
    throw ledgerErrorFrom(error, `Cannot read ledger ${file}`);
  }
}

/** Whatever name led here, one file has one lock. */
function realPath(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  const directory = dirname(full);
  return existsSync(directory) ? join(realpathSync(directory), basename(full)) : full;
}

/** Version of the file, 0 when it is empty. Read-only, so that a file we must refuse is not even checkpointed. */
function inspect(file: string, newest: number): number {
  if (!statSync(file).isFile()) {
    throw new LedgerError(`Cannot open ledger ${file}: it is not a file. Set \`ledger:\` to the path of a file.`, {
      reason: 'config',
    });
  }
  const db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
  try {
    const version = versionOf(db, file, newest);
    if (version > 0) quickCheck(db, file);
    return version;
  } finally {
    db.close();
  }
}

function versionOf(db: DatabaseSync, file: string, newest: number): number {
  const version = pragma(db, 'user_version');
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n);
  if (version === 0 && tables === 0) return 0;
  if (pragma(db, 'application_id') !== applicationId) {
    throw new LedgerError(
      `Cannot open ledger ${file}: it is an SQLite database, but not a ledger of logcanary. Set \`ledger:\` to another path; the file was not touched.`,
      { reason: 'config' },
    );
  }
  if (version > newest) {
    throw new LedgerError(
      `Cannot open ledger ${file}: it has version ${version}, this logcanary knows up to ${newest}. Run the newer logcanary that wrote it, or restore a copy \`${basename(file)}.v*.bak\`; the file was not touched.`,
      { reason: 'newer_version' },
    );
  }
  return version;
}

function notMigrated(file: string, version: number, newest: number): LedgerError {
  return new LedgerError(
    `Cannot read ledger ${file}: it has version ${version}, version ${newest} is needed. Start \`logcanary run\` once: it migrates the file and keeps a copy.`,
    { reason: 'unsupported' },
  );
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function quickCheck(db: DatabaseSync, file: string): void {
  const whole = statSync(file).size <= wholeCheckBytes;
  for (const scope of whole ? ['1'] : smallTables(db)) {
    const [row] = db.prepare(`PRAGMA quick_check(${scope})`).all();
    const found = String(row?.quick_check);
    if (found === 'ok') continue;
    throw new LedgerError(
      `Cannot open ledger ${file}: it is damaged (${found.replaceAll('\n', ' ').slice(0, 300)}). The file is left as it is: restore a backup, or move it (with its -wal and -shm) away to start a new ledger.`,
      { reason: 'corrupt' },
    );
  }
}

function smallTables(db: DatabaseSync): string[] {
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  return names.map((row) => String(row.name)).filter((name) => name !== 'emission' && name !== 'verdict');
}

/** A whole, checkpointed copy under its final name only when it is complete. */
function keepCopy(file: string, version: number): string {
  const copy = `${file}.v${version}.bak`;
  const partial = `${copy}.partial`;
  rmSync(partial, { force: true });
  createPrivateFile(partial);
  const db = new DatabaseSync(file, { readOnly: true, timeout: busyTimeoutMs });
  try {
    db.prepare('VACUUM INTO ?').run(partial);
  } finally {
    db.close();
  }
  renameSync(partial, copy);
  syncDirectory(dirname(copy));
  return copy;
}

/** SQLite would go on writing into a file that has no name any more. A stat costs 3 µs and opens nothing. */
function inPlaceCheck(file: string): () => void {
  const { dev, ino } = statSync(file);
  return () => {
    const now = statSync(file, { throwIfNoEntry: false });
    if (now?.dev === dev && now.ino === ino) return;
    throw new LedgerError(
      `Cannot use ledger file ${file}: it was moved, deleted or replaced while it was open. Put it back and restart logcanary.`,
      { reason: 'not_found' },
    );
  };
}

function closeBoth(db: DatabaseSync, release: () => void): void {
  try {
    db.close();
  } finally {
    release();
  }
}
