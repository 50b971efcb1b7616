import { describe, expect, it } from 'vitest';
import type { Change } from '../../src/core/ledger.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import type { LedgerUnderTest } from './ledger.ts';
import { emission, put, rows, tables } from './ledger-rows.ts';

/** The part of the contract about transactions. @param under the ledger of the running test */
export function describeCommits(name: string, under: () => LedgerUnderTest): void {
  describe(`commits to a ledger in ${name}`, () => {
    const bad: readonly (readonly [string, Change])[] = [
      ['a missing field', put('hop', { id: 1, pipeline: 'p' } as never)],
      ['null where a value must be', put('meta', { key: 'k', value: null } as never)],
      ['a number that is none', put('ping', { name: 'p', at: Number.NaN })],
      ['a fraction as a number of a stream', put('emission', emission(1.5, 0))],
      ['a string for a blob', put('track', { stream: 1, hop: 1, data: 'text' } as never)],
      ['a delete without its whole key', { op: 'delete', table: 'verdict', row: { stream: 1 } }],
    ];
    it.each(bad)(
      'given good rows beside %s, when they are committed, then it is refused and nothing is in',
      async (_, change) => {
        await under().ledger.commit([put('meta', { key: 'before', value: '1' })]);
        const outcome = under().ledger.commit([
          put('meta', { key: 'before', value: '2' }),
          change,
          put('ping', rows.ping),
        ]);
        await expect(outcome).rejects.toThrow(LedgerError);
        expect(await under().ledger.find('meta', {})).toEqual([{ key: 'before', value: '1' }]);
        expect(await under().ledger.find('ping', {})).toEqual([]);
      },
    );

    it('given commits that were not awaited, when all are done, then they were applied in the order of the calls', async () => {
      const counts = Array.from({ length: 50 }, (_, n) => n);
      await Promise.all(counts.map((n) => under().ledger.commit([put('meta', { key: 'n', value: String(n) })])));
      expect(await under().ledger.find('meta', {})).toEqual([{ key: 'n', value: '49' }]);
    });

    it('given a read that was asked for after a commit, when neither was awaited, then the read sees the commit', async () => {
      const commit = under().ledger.commit([put('ping', rows.ping)]);
      expect(await under().ledger.find('ping', {})).toEqual([rows.ping]);
      await commit;
    });

    it('given a commit of unknown outcome, when the same changes are committed again, then the rows are the same', async () => {
      const changes: Change[] = [
        ...tables.map((table) => put(table, rows[table])),
        { op: 'delete', table: 'ping', row: { name: 'alertmanager' } },
        { op: 'prune', table: 'rollup', before: 5 },
      ];
      await under().ledger.commit(changes);
      const once = await under().ledger.load();
      await under().ledger.commit(changes);
      expect(await under().ledger.load()).toEqual(once);
    });

    it('given no changes, when they are committed, then it resolves', async () => {
      await under().ledger.commit([]);
      expect(await under().ledger.find('meta', {})).toEqual([]);
    });
  });

  describe(`a reader beside a ledger in ${name}`, () => {
    it('given commits that keep rows of two tables equal, when a reader loads all the while, then it never sees them differ', async () => {
      const { ledger } = under();
      const pair = (n: number) => [put('meta', { key: 'n', value: String(n) }), put('ping', { name: 'n', at: n })];
      // Between the two tables, so that a load without a snapshot would straddle commits.
      const between = Array.from({ length: 3_000 }, (_, block) => put('emission', emission(1, block)));
      await ledger.commit([...between, ...pair(0)]);
      const reader = await under().reader();
      const writing = Promise.all(Array.from({ length: 500 }, (_, n) => ledger.commit(pair(n + 1))));
      for (let n = 0; n < 10; n += 1) {
        const { meta, ping } = await reader.load();
        expect(meta[0]?.value).toBe(String(ping[0]?.at));
      }
      await writing;
      expect((await reader.load()).meta[0]?.value).toBe('500');
      await reader.close();
    });

    it('given what a reader loaded, when the writer commits more, then the loaded rows stay as they were', async () => {
      await under().ledger.commit([put('ping', { name: 'p', at: 1 })]);
      const reader = await under().reader();
      const before = await reader.load();
      await under().ledger.commit([put('ping', { name: 'p', at: 2 })]);
      expect(before.ping).toEqual([{ name: 'p', at: 1 }]);
      expect(await reader.find('ping', {})).toEqual([{ name: 'p', at: 2 }]);
      await reader.close();
    });
  });
}
