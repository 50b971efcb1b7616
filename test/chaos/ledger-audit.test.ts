/** The audit is held against a real ledger, and against the same ledger with one thing changed. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { codeOf } from '../../src/core/block.ts';
import { takeChanges } from '../../src/engine/rows.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Bench } from '../engine/harness.ts';
import { configOf, sandboxPipeline } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';
import { identityFaults, takenBack } from './ledger-audit.ts';
import { type LedgerPicture, readLedger } from './ledger-picture.ts';

const config = configOf({
  pipelines: [sandboxPipeline()],
  keys: [{ id: 'a1', secret: 'correct horse battery staple' }],
});

let dir: string;
let made: string;
let file: string;

/** Two minutes of the sandbox's pipeline, with an incident, as a file. */
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'logcanary-audit-'));
  made = path.join(dir, 'made.db');
  const scene = new Scene();
  const bench = await Bench.open(scene, config);
  bench.run(30_000);
  scene.stage('index').stopped = true;
  bench.run(60_000);
  scene.stage('index').stopped = false;
  bench.run(60_000);
  takeChanges(bench.state);
  const ledger = await openSqliteLedger({ path: made, clock: createClock(), log: silentLog });
  const { rows } = bench.ledger.image();
  for (const [table, list] of Object.entries(rows))
    await ledger.commit(list.map((row) => ({ op: 'put', table, row }) as Parameters<typeof ledger.commit>[0][number]));
  await ledger.close();
});
beforeEach(async () => {
  file = path.join(dir, 'logcanary.db');
  for (const end of ['', '-wal', '-shm']) await rm(file + end, { force: true });
  await copyFile(made, file);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function picture(): Promise<LedgerPicture> {
  const found = await readLedger(file, config);
  if (found === undefined) throw new Error('there is no ledger');
  return found;
}

/** The file with one statement carried out on it. */
async function changed(sql: string, ...values: SQLInputValue[]): Promise<LedgerPicture> {
  const db = new DatabaseSync(file);
  db.prepare(sql).run(...values);
  db.close();
  return await picture();
}

test('given a ledger of the engine, when it is looked at, then nothing is wrong, also against itself', async () => {
  const before = await picture();
  expect(identityFaults(before)).toEqual([]);
  expect(takenBack(before, await picture())).toEqual([]);
  expect(before.incidents.size).toBeGreaterThan(0);
});

test('given a block of verdicts that is gone, when it is looked at, then the accounts do not add up', async () => {
  const faults = identityFaults(await changed('DELETE FROM verdict WHERE stream = 1 AND hop = 2'));
  expect(faults[0]).toMatch(/node-a at index: expected \d+, verdicts add up to 0/);
});

test('given a grant that went back, when it is looked at, then both sides are found wrong', async () => {
  const before = await picture();
  const after = await changed('UPDATE stream SET next_seq = next_seq - 1 WHERE number = 1');
  expect(identityFaults(after)).not.toEqual([]);
  expect(takenBack(before, after).join()).toMatch(/node-a: the grant went back from \d+ to \d+/);
});

test('given a delivered canary that becomes lost, an emission that becomes unknown, an incident that opens again, then each was taken back', async () => {
  const before = await picture();
  const lost = new Uint8Array([codeOf.lost | (codeOf.delivered << 4)]);
  const after = await changed('UPDATE verdict SET data = ? WHERE stream = 1 AND hop = 1 AND block = 0', lost);
  expect(takenBack(before, after)[0]).toBe('stream/hop 1/1 #0: delivered became lost');
  const forgotten = await changed("UPDATE emission SET data = x'00' WHERE stream = 1 AND block = 0");
  expect(takenBack(before, forgotten)[0]).toBe('node-a #0: emission 1 became 0');
  const again = await changed("UPDATE incident SET state = 'open' WHERE id = 1");
  expect(takenBack(before, again).join()).toContain('incident 1 (stopped@index, resolved) became open');
});
