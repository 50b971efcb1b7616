import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteReader } from '../../src/ledger/sqlite.ts';
import { ledgerErrorFrom } from '../../src/ledger/sqlite-error.ts';
import { put, rows } from '../contract/ledger-rows.ts';
import { filled, freshDirectoryForEachTest, hashOf, open, path } from './ledger-file.ts';

freshDirectoryForEachTest();

/** Overwrites bytes as a bad disk would. Only while nobody here has it open. */
function damage(from: number, to: number): void {
  writeFileSync(path, readFileSync(path).fill(0xff, from, to));
}

describe('a ledger that is interfered with', () => {
  it.each(['', '.lock'])(
    'given the file%s is moved away while it is open, when a commit comes, then it is refused',
    async (suffix) => {
      const ledger = await open();
      renameSync(path + suffix, `${path}${suffix}.away`);
      await expect(ledger.commit([put('meta', rows.meta)])).rejects.toMatchObject({
        reason: 'not_found',
        message: expect.stringContaining('restart logcanary'),
      });
      renameSync(`${path}${suffix}.away`, path + suffix);
      await ledger.commit([put('meta', rows.meta)]);
      await ledger.close();
    },
  );

  it.each([
    ['JSON that does not parse', "UPDATE stream SET labels = '{'"],
    ['a number where a blob belongs', 'UPDATE track SET data = 7'],
    ['text where a number belongs', "UPDATE look SET hop = 'x'"],
    ['a number beyond 2^53', 'UPDATE look SET hop = 9223372036854775807'],
  ])('given a row with %s, when its table is read, then the ledger is corrupt', async (_, sql) => {
    const ledger = await open();
    await ledger.commit([put('stream', rows.stream), put('track', rows.track), put('look', rows.look)]);
    execFileSync(process.execPath, [
      '-e',
      `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`,
      path,
      sql,
    ]);
    const table = sql.split(' ')[1] as 'stream' | 'track' | 'look';
    await expect(ledger.find(table, {})).rejects.toMatchObject({ code: 'LEDGER', reason: 'corrupt' });
    await ledger.close();
  });
});

describe('a ledger that must be refused', () => {
  it.each([
    ['its header', 0, 100],
    ['a page in its middle', 40 * 4096, 41 * 4096],
    ['half of it', 10 * 4096, 80 * 4096],
  ])('given %s was overwritten, when it is opened, then it is corrupt and left as it is', async (_, from, to) => {
    await filled();
    damage(from, to);
    const before = hashOf(path);
    await expect(open()).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringContaining('restore a backup'),
    });
    expect(hashOf(path)).toBe(before);
  });

  it('given a file cut short, when it is opened, then it is corrupt', async () => {
    await filled();
    writeFileSync(path, readFileSync(path).subarray(0, 30 * 4096));
    await expect(open()).rejects.toMatchObject({ reason: 'corrupt' });
  });

  it('given damage that comes to light while it is read, when it is loaded, then it is corrupt', async () => {
    await filled();
    const reader = await openSqliteReader({ path });
    // By another process: closing the file in this one would drop the locks on it.
    execFileSync('dd', [
      'if=/dev/zero',
      `of=${path}`,
      'bs=4096',
      'seek=20',
      'count=100',
      'conv=notrunc',
      'status=none',
    ]);
    await expect(reader.load()).rejects.toMatchObject({ reason: 'corrupt', message: expect.stringContaining(path) });
    await reader.close();
  });

  it('given a newer version, when it is opened to write or read, then it says so and the file is untouched', async () => {
    await filled();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = hashOf(path);
    await expect(open()).rejects.toMatchObject({
      reason: 'newer_version',
      message: expect.stringContaining('version 99'),
    });
    await expect(openSqliteReader({ path })).rejects.toMatchObject({ reason: 'newer_version' });
    expect(hashOf(path)).toBe(before);
  });

  it("given somebody else's database, when it is opened, then it is refused and untouched", async () => {
    const db = new DatabaseSync(path);
    db.exec('CREATE TABLE mine (a)');
    db.close();
    const before = hashOf(path);
    await expect(open()).rejects.toMatchObject({ reason: 'config', message: expect.stringContaining('not a ledger') });
    expect(hashOf(path)).toBe(before);
  });
});

describe('what SQLite says', () => {
  it('given a database that may not grow, when a row does not fit, then the error is disk_full and may be tried again', () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE t (a); PRAGMA max_page_count = 5');
    const insert = () => db.prepare('INSERT INTO t VALUES (?)').run(new Uint8Array(100_000));
    expect(translated(insert)).toMatchObject({ reason: 'disk_full', retryable: true });
    db.close();
  });

  it('given a mistake of ours in SQL, when it is run, then the error is internal', () => {
    const db = new DatabaseSync(':memory:');
    expect(translated(() => db.exec('SELEC'))).toMatchObject({ reason: 'internal', retryable: false });
    db.close();
  });

  it('given a system error, when a file is made, then its reason says whether room or permission is missing', () => {
    const system = (code: string) => Object.assign(new Error(code), { code });
    expect(ledgerErrorFrom(system('ENOSPC'), 'Cannot')).toMatchObject({ reason: 'disk_full', retryable: true });
    expect(ledgerErrorFrom(system('EACCES'), 'Cannot')).toMatchObject({ reason: 'config', retryable: false });
  });

  function translated(work: () => unknown): unknown {
    try {
      return work();
    } catch (error) {
      return ledgerErrorFrom(error, 'Cannot try');
    }
  }
});
