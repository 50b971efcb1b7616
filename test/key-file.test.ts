/** The key that nobody configured: made once, kept beside the ledger, for its owner's eyes only. */
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keysOf } from '../src/key-file.ts';

let dir: string;
let ledger: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'logcanary-key-'));
  ledger = path.join(dir, 'logcanary.db');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('given no key, when logcanary starts twice, then one is made, used again, and readable by its owner only', async () => {
  const [first] = await keysOf([], ledger);
  expect(first?.secret).toMatch(/^[\w-]{43}$/);
  expect(await keysOf([], ledger)).toEqual([first]);
  expect((await stat(`${ledger}.key`)).mode & 0o777).toBe(0o600);
});

test('given configured keys, when logcanary starts, then no file is made', async () => {
  const keys = [{ id: 'a1', secret: 's' }];
  expect(await keysOf(keys, ledger)).toEqual(keys);
  await expect(stat(`${ledger}.key`)).rejects.toThrow('ENOENT');
});

test('given a key file that cannot be read, when logcanary starts, then it is left as it is, and the error says what to do', async () => {
  await mkdir(`${ledger}.key`);
  await writeFile(path.join(`${ledger}.key`, 'kept'), 'yes');
  await expect(keysOf([], ledger)).rejects.toThrow(/Cannot read or make the key file .*EISDIR.*Set keys/);
  expect(await readFile(path.join(`${ledger}.key`, 'kept'), 'utf8')).toBe('yes');
});
