/** Ledger files with flipped bits, overwritten pages, lost ends: opened whole, or refused in words, never a crash. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import type { LedgerReader } from '../../src/core/ledger.ts';
import { openSqliteLedger, openSqliteReader } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { put, rows, tables } from '../contract/ledger-rows.ts';
import { byteEdits, editBytes } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

const fine: readonly string[] = ['corrupt', 'config', 'newer_version', 'unsupported', 'not_found', 'disk_full'];

/** The bytes of a closed ledger with a row in every table. */
async function sample(folder: string): Promise<Buffer> {
  const file = path.join(folder, 'sample.db');
  const ledger = await openSqliteLedger({ path: file, clock: createClock(), log: silentLog });
  await ledger.commit(tables.map((table) => put(table, rows[table])));
  await ledger.close();
  return readFileSync(file);
}

async function read(ledger: LedgerReader): Promise<void> {
  await ledger.load();
  await ledger.find('emission', {});
}

/** Opens, reads everything that a start reads, writes a row. */
async function use(file: string, writes: boolean): Promise<void> {
  if (!writes) {
    const reader = await openSqliteReader({ path: file });
    return read(reader).finally(() => reader.close());
  }
  const ledger = await openSqliteLedger({ path: file, clock: createClock(), log: silentLog });
  try {
    await read(ledger);
    await ledger.commit([put('look', rows.look)]);
  } finally {
    await ledger.close();
  }
}

export const ledgerFileTargets: readonly FuzzTarget[] = [
  {
    name: 'ledger files',
    runs: 8,
    async open() {
      const folder = mkdtempSync(path.join(tmpdir(), 'logcanary-fuzz-'));
      const whole = await sample(folder);
      let count = 0;
      const property = fc.asyncProperty(byteEdits, fc.boolean(), async (edits, writes) => {
        count += 1;
        const file = path.join(folder, `${count}.db`);
        writeFileSync(file, editBytes(whole, edits));
        try {
          await use(file, writes);
        } catch (error) {
          if (!(error instanceof LedgerError)) throw error;
          if (!fine.includes(error.reason)) refuse(`${error.reason}: ${error.message}`);
        } finally {
          for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(file + suffix, { force: true });
        }
      });
      return checking(property, async () => rmSync(folder, { recursive: true }));
    },
  },
];
