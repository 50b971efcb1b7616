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
  const journal = new Journal();
  return {
    kind: 'memory',
    commit: async (changes) => journal.add(changes),
    async load() {
      await ledger.commit(journal.take());
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

/** Changes that are still to be written: of each row the newest, of each table the newest pruning, which comes last. */
class Journal {
  private readonly rows = new Map<string, Map<string, Change>>();
  private readonly prunes = new Map<string, Change>();

  add(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.op === 'prune') {
        this.prunes.set(change.table, change);
        if (change.table === 'look') this.dropLooks(change.before);
        continue;
      }
      let rows = this.rows.get(change.table);
      if (!rows) {
        rows = new Map();
        this.rows.set(change.table, rows);
      }
      rows.set(keyOf(change.table, change.row), change);
    }
  }

  /** They come in order of time, and there are many. */
  private dropLooks(before: number): void {
    const looks = this.rows.get('look');
    for (const [key, change] of looks ?? []) {
      if (change.op !== 'put' || change.table !== 'look' || change.row.asOf >= before) return;
      looks?.delete(key);
    }
  }

  take(): Change[] {
    const changes = [...this.rows.values()].flatMap((rows) => [...rows.values()]).concat(...this.prunes.values());
    this.rows.clear();
    this.prunes.clear();
    return changes;
  }
}
