import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { LedgerError } from '../lib/errors.ts';
import { ledgerErrorFrom } from './sqlite-error.ts';

/**
 * Creates an empty file that only its owner may read (0600), durably; leaves an existing one alone, unopened. SQLite
 * gives its -wal and -shm the same mode.
 * @returns whether it was created
 * @throws LedgerError config (directory missing, not writable), disk_full
 */
export function createPrivateFile(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    syncDirectory(dirname(path));
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return false;
    if (code !== 'ENOENT') throw ledgerErrorFrom(error, `Cannot create ${path}`);
    throw new LedgerError(
      `Cannot create ${path}: the directory ${dirname(path)} does not exist. Create it, or set \`ledger:\` to another path.`,
      { reason: 'config', cause: error },
    );
  }
}

/** Makes the names in a directory survive power loss. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
