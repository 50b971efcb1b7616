/** What SQLite's and the file system's errors mean for a ledger, and what to do about each. */
import { LedgerError, messageOf, type Reason } from '../lib/errors.ts';

/** A LedgerError as it crosses from the SQLite thread. */
export interface Failure {
  readonly message: string;
  readonly reason: Reason;
  readonly retryable: boolean;
}

const advice = {
  disk_full: 'Make room on its disk; nothing was half-written, and writing goes on once there is room.',
  corrupt:
    'The file is left as it is: restore a backup, or move it (with its -wal and -shm) away to start a new ledger.',
  locked: 'Another program holds it: close it there (an open transaction in a sqlite3 shell?), then try again.',
  config: 'Make the file and its directory writable for this user, or set `ledger:` to another path.',
  internal: 'This is a bug in logcanary; the file was not changed by the failed step.',
} as const satisfies Partial<Record<Reason, string>>;
type Meaning = keyof typeof advice;

/** Primary result codes, https://www.sqlite.org/rescode.html */
const meanings = new Map<number, Meaning>([
  [5, 'locked'], // BUSY
  [6, 'locked'], // LOCKED
  [3, 'config'], // PERM
  [8, 'config'], // READONLY
  [14, 'config'], // CANTOPEN
  [10, 'disk_full'], // IOERR: a write that failed, of which a quota or EFBIG are the usual causes
  [13, 'disk_full'], // FULL
  [11, 'corrupt'], // CORRUPT
  [26, 'corrupt'], // NOTADB
]);

/** What SQLite reports under its general code 1: a header from no SQLite we know, tables or columns that somebody took out. */
const damagedFormat = /^(unsupported file format|no such (table|column))\b/;

const systemMeanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'disk_full',
  EIO: 'disk_full',
  EACCES: 'config',
  EPERM: 'config',
  EROFS: 'config',
  ENOENT: 'config',
  ENOTDIR: 'config',
  EISDIR: 'config',
  // An integer beyond 2^53, which nothing of ours writes.
  ERR_OUT_OF_RANGE: 'corrupt',
};

/** @param tried what was tried, for example `Cannot commit to ledger /var/lib/logcanary.db` */
export function ledgerErrorFrom(error: unknown, tried: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const meaning = meaningOf(error);
  return new LedgerError(`${tried}: ${messageOf(error)}. ${advice[meaning]}`, {
    reason: meaning,
    retryable: meaning === 'disk_full' || meaning === 'locked',
    cause: error,
  });
}

function meaningOf(error: unknown): Meaning {
  if (!(error instanceof Error)) return 'internal';
  if (damagedFormat.test(error.message)) return 'corrupt';
  if ('errcode' in error && typeof error.errcode === 'number') return meanings.get(error.errcode & 0xff) ?? 'internal';
  // Text of ours that no longer parses was damaged in the file.
  if (error instanceof SyntaxError) return 'corrupt';
  return 'code' in error && typeof error.code === 'string' ? (systemMeanings[error.code] ?? 'internal') : 'internal';
}

export function failureOf(error: LedgerError): Failure {
  return { message: error.message, reason: error.reason, retryable: error.retryable };
}
