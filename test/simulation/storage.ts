/** The ledger under the simulated watchdog: in memory, or the real SQLite file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change, Ledger, LedgerContents } from '../../src/core/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { keyOf } from '../../src/ledger/packed.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';

const longestLog = 100_000;

export type LedgerKind = 'memory' | 'sqlite';

export interface Storage {
  readonly kind: LedgerKind;
  commit(changes: readonly Change[]): Promise<void>;
  load(): Promise<LedgerContents>;
  /** As a new process would: what was not committed is gone. */
  reopen(): Promise<void>;
  /** Tries to become a second owner; true when that was refused as it must be. */
  refusesSecondOwner(): Promise<boolean>;
  close(): Promise<void>;
}

export async function openStorage(kind: LedgerKind): Promise<Storage> {
  return kind === 'memory' ? inMemory() : await inFile();
}

/** What is committed is written to the ledger in memory, which checks and copies every row, when somebody asks for it. */
function inMemory(): Storage {
  const ledger = createMemoryLedger();
  let log: Change[] = [];
  let limit = longestLog;
  const write = async () => {
    await ledger.commit(log);
    log = [];
  };
  return {
    kind: 'memory',
    commit: async (changes) => {
      for (const change of changes) log.push(change);
      if (log.length > limit) {
        log = newestOnly(log);
        limit = 2 * log.length + longestLog;
      }
    },
    async load() {
      await write();
      return await ledger.load();
    },
    reopen: async () => {},
    refusesSecondOwner: async () => true,
    close: async () => {},
  };
}

async function inFile(): Promise<Storage> {
  const folder = mkdtempSync(join(tmpdir(), 'logcanary-simulation-'));
  const options = { path: join(folder, 'logcanary.db'), clock: createClock(), log: silentLog };
  let ledger: Ledger = await openSqliteLedger(options);
  return {
    kind: 'sqlite',
    commit: (changes) => ledger.commit(changes),
    load: () => ledger.load(),
    async reopen() {
      await ledger.close();
      ledger = await openSqliteLedger(options);
    },
    async refusesSecondOwner() {
      try {
        await (await openSqliteLedger(options)).close();
        return false;
      } catch (error) {
        return error instanceof LedgerError && error.reason === 'locked';
      }
    },
    async close() {
      await ledger.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Rows that a later change of the same row replaces are left out. */
function newestOnly(log: readonly Change[]): Change[] {
  const known = new Set<string>();
  const kept: Change[] = [];
  for (const change of log.toReversed()) {
    if (change.op !== 'prune') {
      const key = `${change.table} ${keyOf(change.table, change.row)}`;
      if (known.has(key)) continue;
      known.add(key);
    }
    kept.push(change);
  }
  return kept.reverse();
}
