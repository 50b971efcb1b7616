/** A ledger file in a directory of its own for each test of a file. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Ledger } from '../../src/core/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { emission, put, rows } from '../contract/ledger-rows.ts';

export let directory: string;
export let path: string;

export function freshDirectoryForEachTest(): void {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'logcanary-ledger-'));
    path = join(directory, 'logcanary.db');
  });
  afterEach(() => rmSync(directory, { recursive: true }));
}

export function open(at = path): Promise<Ledger> {
  return openSqliteLedger({ path: at, clock: createClock(), log: silentLog });
}

/** Only of a closed ledger: closing the file here would drop the locks on it. */
export function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** A closed ledger of some hundred pages. */
export async function filled(): Promise<void> {
  const ledger = await open();
  const data = new Uint8Array(600);
  const blocks = Array.from({ length: 1_000 }, (_, block) => put('emission', emission(1, block, { data })));
  await ledger.commit([...blocks, put('meta', rows.meta)]);
  await ledger.close();
}
