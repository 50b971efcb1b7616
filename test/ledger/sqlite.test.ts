import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger, openSqliteReader } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { describeLedger } from '../contract/ledger.ts';

describeLedger('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'logcanary-ledger-'));
  const path = join(directory, 'logcanary.db');
  const open = () => openSqliteLedger({ path, clock: createClock(), log: silentLog });
  let current = await open();
  return {
    ledger: current,
    reader: () => openSqliteReader({ path }),
    reopen: async () => {
      await current.close();
      current = await open();
      return current;
    },
    end: async () => {
      await current.close();
      rmSync(directory, { recursive: true });
    },
  };
});
