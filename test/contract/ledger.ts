/** What every ledger promises; each adapter's test runs it and then adds only what is its own. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger, LedgerReader, TableName } from '../../src/core/ledger.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { describeCommits } from './ledger-commits.ts';
import { emission, incident, look, outbox, put, rows, tables, verdict } from './ledger-rows.ts';

export interface LedgerUnderTest {
  readonly ledger: Ledger;
  /** A second view of the same rows, as another process would have it. */
  reader(): Promise<LedgerReader>;
  /** Closes and opens again. The old one is of no use then. */
  reopen(): Promise<Ledger>;
  /** Closes whatever is open and removes it. */
  end(): Promise<void>;
}

export function describeLedger(name: string, open: () => Promise<LedgerUnderTest>): void {
  let under: LedgerUnderTest;
  let ledger: Ledger;
  beforeEach(async () => {
    under = await open();
    ledger = under.ledger;
  });
  afterEach(() => under.end());

  describe(`the rows of a ledger in ${name}`, () => {
    it.each(tables)(
      'given a committed row of %s, when it is opened again, then the row is exactly the same',
      async (table) => {
        await ledger.commit([put(table, rows[table])]);
        const again = await under.reopen();
        expect(await again.find(table, {})).toEqual([rows[table]]);
        expect(await again.find(table, rows[table])).toEqual([rows[table]]);
      },
    );

    it('given a new ledger, when it is loaded, then everything is empty and the highest ids are 0', async () => {
      const contents = await ledger.load();
      expect(contents.lastLook).toBe(0);
      expect(contents.lastOutbox).toBe(0);
      const { lastLook, lastOutbox, ...lists } = contents;
      expect(Object.values(lists).every((list) => list.length === 0)).toBe(true);
    });

    it('given a row, when one with the same key is put, then it replaces the first', async () => {
      await ledger.commit([put('emission', emission(1, 2)), put('emission', emission(1, 3))]);
      await ledger.commit([put('emission', emission(1, 2, { data: Uint8Array.of(9, 9) }))]);
      expect(await ledger.find('emission', { stream: 1 })).toEqual([
        emission(1, 2, { data: Uint8Array.of(9, 9) }),
        emission(1, 3),
      ]);
    });

    it('given rows, when one is deleted by its key fields alone, then only that one is gone', async () => {
      await ledger.commit([put('verdict', verdict(1, 2, 3)), put('verdict', verdict(1, 2, 4))]);
      await ledger.commit([{ op: 'delete', table: 'verdict', row: { stream: 1, hop: 2, block: 3 } }]);
      expect(await ledger.find('verdict', {})).toEqual([verdict(1, 2, 4)]);
    });

    it('given a delete of a row that is not there, when it is committed, then nothing happens', async () => {
      await ledger.commit([{ op: 'delete', table: 'meta', row: { key: 'nobody' } }]);
      expect(await ledger.find('meta', {})).toEqual([]);
    });

    it('given a row changed by the caller after the commit began, when it is read, then it is as it was committed', async () => {
      const data = Uint8Array.of(1, 2, 3);
      const labels: Record<string, string> = { zone: 'a' };
      const done = ledger.commit([put('track', { ...rows.track, data }), put('stream', { ...rows.stream, labels })]);
      data[0] = 9;
      labels.zone = 'b';
      await done;
      const [track] = await ledger.find('track', {});
      expect(track?.data).toEqual(Uint8Array.of(1, 2, 3));
      if (track !== undefined) track.data[1] = 9;
      expect((await ledger.find('track', {}))[0]?.data).toEqual(Uint8Array.of(1, 2, 3));
      expect((await ledger.find('stream', {}))[0]?.labels).toEqual({ zone: 'a' });
    });
  });

  describe(`finding in a ledger in ${name}`, () => {
    it('given many rows, when some fields are asked for, then rows that equal them come by primary key', async () => {
      const changes = [10, 9, 2, 1].flatMap((block) => [
        put('verdict', verdict(1, 1, block)),
        put('verdict', verdict(1, 2, block)),
      ]);
      await ledger.commit(changes);
      const found = await ledger.find('verdict', { stream: 1, hop: 2 });
      expect(found.map((row) => row.block)).toEqual([1, 2, 9, 10]);
    });

    it('given a null field, when null is asked for, then it matches', async () => {
      await ledger.commit([put('incident', incident(1)), put('incident', incident(2, { resolvedAt: 5 }))]);
      expect((await ledger.find('incident', { resolvedAt: null })).map((row) => row.id)).toEqual([1]);
    });

    it('given text keys beyond ASCII, when all are asked for, then they come in the order of their UTF-8 bytes', async () => {
      const keys = ['Z', 'a', 'é', '\uffee', '\u{1F426}'];
      await ledger.commit(keys.toReversed().map((key) => put('meta', { key, value: '' })));
      expect((await ledger.find('meta', {})).map((row) => row.key)).toEqual(keys);
    });

    it('given 1 100 rows, when no limit is given, then 1 000 come; when it is 3, then 3', async () => {
      await ledger.commit(Array.from({ length: 1_100 }, (_, id) => put('look', look(id + 1, id))));
      expect(await ledger.find('look', {})).toHaveLength(1_000);
      expect((await ledger.find('look', {}, 3)).map((row) => row.id)).toEqual([1, 2, 3]);
      expect(await ledger.find('look', {}, 5_000)).toHaveLength(1_100);
    });

    it('given a limit or a field that makes no sense, when it is asked for, then a LedgerError says so', async () => {
      await expect(ledger.find('look', {}, 0)).rejects.toThrow(LedgerError);
      await expect(ledger.find('look', { id: Number.NaN })).rejects.toThrow(LedgerError);
      await expect(ledger.find('look', { nobody: 1 } as object)).rejects.toThrow(LedgerError);
    });
  });

  describe(`what a ledger in ${name} gives back at open`, () => {
    it('given settled and unsettled blocks, when it is loaded, then the settled are left out', async () => {
      const done = { settled: true, endedAt: 5 };
      await ledger.commit([put('emission', emission(1, 0, done)), put('emission', emission(1, 1))]);
      await ledger.commit([put('verdict', verdict(1, 1, 0, done)), put('verdict', verdict(1, 1, 1))]);
      const contents = await ledger.load();
      expect(contents.emission.map((row) => row.block)).toEqual([1]);
      expect(contents.verdict.map((row) => row.block)).toEqual([1]);
      expect(await ledger.find('verdict', { block: 0 })).toEqual([verdict(1, 1, 0, done)]);
    });

    it('given an unsettled block that settles, when it is loaded, then it has left', async () => {
      await ledger.commit([put('emission', emission(1, 0)), put('emission', emission(1, 1))]);
      await ledger.commit([put('emission', emission(1, 0, { settled: true, endedAt: 1 }))]);
      expect((await ledger.load()).emission.map((row) => row.block)).toEqual([1]);
    });

    it('given 205 resolved incidents and open ones, when it is loaded, then all open and the 200 resolved last come', async () => {
      const resolved = Array.from({ length: 205 }, (_, n) =>
        put('incident', incident(n + 1, { state: 'resolved', resolvedAt: 1_000 - n })),
      );
      await ledger.commit([...resolved, put('incident', incident(300)), put('incident', incident(301))]);
      const ids = (await ledger.load()).incident.map((row) => row.id);
      expect(ids).toEqual([...Array.from({ length: 200 }, (_, n) => n + 1), 300, 301]);
    });

    it('given notifications in all states, when it is loaded, then only the waiting come, in the order decided', async () => {
      await ledger.commit([
        put('outbox', outbox(3)),
        put('outbox', outbox(1, { state: 'sent', doneAt: 5 })),
        put('outbox', outbox(2)),
        put('outbox', outbox(4, { state: 'refused', doneAt: 5, lastError: '403' })),
      ]);
      const contents = await ledger.load();
      expect(contents.outbox).toEqual([outbox(2), outbox(3)]);
      expect(contents.lastOutbox).toBe(4);
    });

    it('given one row of each table, when it is opened again and loaded, then each list has its row', async () => {
      await ledger.commit(tables.map((table) => put(table, rows[table])));
      const contents = await (await under.reopen()).load();
      const { lastLook, lastOutbox, ...lists } = contents;
      for (const [table, list] of Object.entries(lists)) expect(list).toEqual([rows[table as TableName]]);
      expect([lastLook, lastOutbox]).toEqual([5, 4]);
    });
  });

  describe(`pruning a ledger in ${name}`, () => {
    it('given looks, rollups and unwatched stretches of several ages, when they are pruned, then those before the moment go', async () => {
      await ledger.commit([10, 20, 30].map((from) => put('unwatched', { from, to: from + 5 })));
      await ledger.commit([{ op: 'prune', table: 'unwatched', before: 25 }]);
      expect((await ledger.find('unwatched', {})).map((row) => row.from)).toEqual([20, 30]);
      await ledger.commit([1, 2, 3].map((id) => put('look', look(id, id * 10))));
      await ledger.commit([10, 20, 30].map((hour) => put('rollup', { hop: 1, hour, counters: '{}' })));
      await ledger.commit([
        { op: 'prune', table: 'look', before: 20 },
        { op: 'prune', table: 'rollup', before: 20 },
      ]);
      expect((await ledger.find('look', {})).map((row) => row.id)).toEqual([2, 3]);
      expect((await ledger.find('rollup', {})).map((row) => row.hour)).toEqual([20, 30]);
    });

    it('given notifications, when they are pruned, then waiting ones stay whatever their age', async () => {
      await ledger.commit([
        put('outbox', outbox(1, { nextAt: 0 })),
        put('outbox', outbox(2, { state: 'sent', doneAt: 10 })),
        put('outbox', outbox(3, { state: 'refused', doneAt: 19 })),
        put('outbox', outbox(4, { state: 'sent', doneAt: 20 })),
        { op: 'prune', table: 'outbox', before: 20 },
      ]);
      expect((await ledger.find('outbox', {})).map((row) => row.id)).toEqual([1, 4]);
    });

    it('given incidents, when they are pruned, then open ones stay whatever their age', async () => {
      await ledger.commit([
        put('incident', incident(1)),
        put('incident', incident(2, { state: 'resolved', resolvedAt: 19 })),
        put('incident', incident(3, { state: 'resolved', resolvedAt: 20 })),
        { op: 'prune', table: 'incident', before: 20 },
      ]);
      expect((await ledger.find('incident', {})).map((row) => row.id)).toEqual([1, 3]);
    });

    it('given blocks, when they are pruned, then only settled ones that ended before the moment go', async () => {
      const ended = (endedAt: number) => ({ settled: true, endedAt });
      await ledger.commit([
        put('emission', emission(1, 0, ended(19))),
        put('emission', emission(1, 1, ended(20))),
        put('emission', emission(1, 2)),
        put('verdict', verdict(1, 1, 0, ended(19))),
        put('verdict', verdict(1, 1, 1, ended(20))),
        put('verdict', verdict(1, 1, 2)),
        { op: 'prune', table: 'emission', before: 20 },
        { op: 'prune', table: 'verdict', before: 20 },
      ]);
      expect((await ledger.find('emission', {})).map((row) => row.block)).toEqual([1, 2]);
      expect((await ledger.find('verdict', {})).map((row) => row.block)).toEqual([1, 2]);
    });

    it('given everything is pruned or deleted, when it is opened again, then the highest ids are still known', async () => {
      await ledger.commit([
        put('look', look(41, 1)),
        put('look', look(7, 1)),
        put('outbox', outbox(6, { state: 'sent', doneAt: 1 })),
      ]);
      await ledger.commit([
        { op: 'prune', table: 'look', before: 100 },
        { op: 'delete', table: 'outbox', row: { id: 6 } },
      ]);
      const contents = await (await under.reopen()).load();
      expect([contents.lastLook, contents.lastOutbox]).toEqual([41, 6]);
    });
  });

  describeCommits(name, () => under);

  describe(`closing a ledger in ${name}`, () => {
    it('given a closed ledger, when it is used, then each call rejects with a LedgerError', async () => {
      await ledger.close();
      await expect(ledger.commit([])).rejects.toThrow(LedgerError);
      await expect(ledger.load()).rejects.toThrow(LedgerError);
      await expect(ledger.find('meta', {})).rejects.toThrow(LedgerError);
    });

    it('given commits under way, when it is closed, then they are in; when it is closed again, then nothing happens', async () => {
      const commits = [1, 2, 3].map((id) => ledger.commit([put('look', look(id, id))]));
      await Promise.all([...commits, ledger.close(), ledger.close()]);
      expect(await (await under.reopen()).find('look', {})).toHaveLength(3);
    });
  });
}
