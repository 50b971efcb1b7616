/** The ledger under the simulated watchdog: in memory, or the real SQLite file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change, Ledger, LedgerContents } from '../../src/core/ledger.ts';
import { createMemoryLedger } from '../../src/ledger/memory.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';

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

function inMemory(): Storage {
  const ledger = createMemoryLedger();
  return {
    kind: 'memory',
    commit: (changes) => ledger.commit(changes),
    load: () => ledger.load(),
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
