import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { columns, layoutOf, tableNames } from '../../src/ledger/columns.ts';
import { migrations } from '../../src/ledger/migrations.ts';
import { openSqliteReader } from '../../src/ledger/sqlite.ts';
import { openReader, openWriter } from '../../src/ledger/sqlite-open.ts';
import { put, rows } from '../contract/ledger-rows.ts';
import { directory, filled, freshDirectoryForEachTest, open, path } from './ledger-file.ts';

freshDirectoryForEachTest();

describe('a new ledger', () => {
  it('given no file, when it is opened, then only its owner may read it and what stands beside it', async () => {
    const ledger = await open();
    await ledger.commit([put('meta', rows.meta)]);
    for (const suffix of ['', '-wal', '-shm', '.lock']) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
    await ledger.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  it('given an empty file, when it is opened, then it becomes a ledger', async () => {
    writeFileSync(path, '');
    const ledger = await open();
    expect((await ledger.load()).meta).toEqual([]);
    await ledger.close();
  });

  it('given a directory that does not exist, when it is opened, then the error names it', async () => {
    await expect(open(join(directory, 'nowhere', 'a.db'))).rejects.toMatchObject({
      code: 'LEDGER',
      reason: 'config',
      message: expect.stringContaining(`${join(directory, 'nowhere')} does not exist`),
    });
  });

  it('given a directory or a path through a file, when it is opened, then it is refused as a matter of configuration', async () => {
    mkdirSync(path);
    await expect(open()).rejects.toMatchObject({
      reason: 'config',
      message: expect.stringContaining('it is not a file'),
    });
    writeFileSync(join(directory, 'plain'), '');
    await expect(open(join(directory, 'plain', 'a.db'))).rejects.toMatchObject({ reason: 'config' });
  });

  it('given its tables, when their columns are listed, then they are those that rows are written to', () => {
    const { db, close } = openWriter(path);
    for (const table of tableNames) {
      const listed = db.prepare(`SELECT name, "notnull", pk FROM pragma_table_info('${table}') ORDER BY cid`).all();
      expect(listed.map((row) => row.name)).toEqual(layoutOf(table).map(([, column]) => column.name));
      const nullable = listed.filter((row) => row.notnull === 0 && row.pk === 0).map((row) => row.name);
      const expected = Object.values(columns[table]).filter((column) => column.nullable);
      expect(nullable).toEqual(expected.map((column) => column.name));
    }
    close();
  });

  it('given the pragmas that durability rests on, when it is open, then they are set', () => {
    const { db, close } = openWriter(path);
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    close();
  });
});

describe('the owner lock', () => {
  it('given it is open in this process, when it is opened again, also by another name, then it is locked', async () => {
    const ledger = await open();
    const alias = join(directory, 'alias.db');
    symlinkSync(path, alias);
    for (const at of [path, alias]) {
      await expect(open(at)).rejects.toMatchObject({
        reason: 'locked',
        retryable: false,
        message: expect.stringMatching(/this same process has it open.*Stop that one first/s),
      });
    }
    await ledger.commit([put('meta', rows.meta)]);
    await ledger.close();
    await (await open()).close();
  });

  it('given an opening that failed, when the cause is gone, then the lock is free', async () => {
    writeFileSync(path, 'not a database, though long enough to be read as one: '.repeat(20));
    await expect(open()).rejects.toMatchObject({ reason: 'corrupt' });
    rmSync(path);
    await (await open()).close();
  });
});

describe('migrating', () => {
  const next = [...migrations, 'ALTER TABLE ping ADD COLUMN note TEXT'];
  const versionOf = (file: string) => {
    const db = new DatabaseSync(file, { readOnly: true });
    const row = db.prepare('PRAGMA user_version').get();
    db.close();
    return row?.user_version;
  };

  it('given an older ledger, when it is opened, then a private copy of the old file stays beside it', async () => {
    await filled();
    const { db, notes, close } = openWriter(path, next);
    expect(db.prepare('SELECT note FROM ping').all()).toEqual([]);
    close();
    const copy = `${path}.v${migrations.length}.bak`;
    expect(notes).toEqual([`kept a copy ${copy} before migrating`]);
    expect([versionOf(path), versionOf(copy)]).toEqual([next.length, migrations.length]);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const old = await open(copy);
    expect((await old.load()).meta).toEqual([rows.meta]);
    await old.close();
  });

  it('given a migration that fails half way, when it is opened again, then the ledger is whole and at its old version', async () => {
    await filled();
    const broken = [...migrations, 'ALTER TABLE ping ADD COLUMN note TEXT; CREATE TABLE ping (a)'];
    expect(() => openWriter(path, broken)).toThrow(/table ping already exists/);
    const ledger = await open();
    expect((await ledger.load()).meta).toEqual([rows.meta]);
    await ledger.close();
    expect(versionOf(path)).toBe(migrations.length);
  });

  it('given a ledger not yet migrated, when it is only read, then the error says what migrates it', async () => {
    await filled();
    expect(() => openReader(path, next)).toThrow(expect.objectContaining({ reason: 'unsupported' }));
  });
});

describe('a reader alone', () => {
  it('given no ledger, when it is opened to read, then it says to start run, and no file appears', async () => {
    await expect(openSqliteReader({ path })).rejects.toMatchObject({
      reason: 'not_found',
      message: expect.stringContaining('logcanary run'),
    });
    expect(existsSync(path)).toBe(false);
  });

  it('given a ledger nobody has open, when it is read, then its rows come', async () => {
    await filled();
    const reader = await openSqliteReader({ path });
    expect((await reader.load()).emission).toHaveLength(1_000);
    expect(reader).not.toHaveProperty('commit');
    await reader.close();
    await expect(reader.load()).rejects.toMatchObject({ reason: 'aborted' });
  });
});
