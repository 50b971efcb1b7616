import { describe, expect, it } from 'vitest';
import { createMemoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { describeLedger } from '../contract/ledger.ts';
import { put, rows, tables } from '../contract/ledger-rows.ts';

describeLedger('memory', async () => {
  const ledger = createMemoryLedger();
  let current: MemoryLedger = ledger;
  return {
    ledger,
    // The same store read through the same port: one process has no other.
    reader: async () => ({ load: () => ledger.load(), find: ledger.find, close: async () => {} }),
    reopen: async () => {
      current = createMemoryLedger(current.image());
      return current;
    },
    end: () => current.close(),
  };
});

describe('faults of the memory ledger', () => {
  it('given it was told to fail, when a commit comes, then it rejects, nothing is in, and the next works', async () => {
    const ledger = createMemoryLedger();
    ledger.failNextCommit();
    await expect(ledger.commit([put('ping', rows.ping)])).rejects.toMatchObject({
      reason: 'disk_full',
      retryable: true,
    });
    expect(await ledger.find('ping', {})).toEqual([]);
    await ledger.commit([put('ping', rows.ping)]);
    expect(ledger.commits).toBe(1);
  });

  it('given its answer gets lost, when a commit comes, then it rejects although the rows are in', async () => {
    const ledger = createMemoryLedger();
    ledger.loseNextAnswer(new LedgerError('lost', { reason: 'internal' }));
    await expect(ledger.commit([put('ping', rows.ping)])).rejects.toThrow('lost');
    expect(await ledger.find('ping', {})).toEqual([rows.ping]);
  });

  it('given an image, when the old ledger commits on, then the new one does not see it', async () => {
    const old = createMemoryLedger(tables.map((table) => put(table, rows[table])));
    const image = old.image();
    await old.commit([put('ping', { name: 'zombie', at: 1 })]);
    const fresh = createMemoryLedger(image);
    expect(await fresh.find('ping', {})).toEqual([rows.ping]);
    expect((await fresh.load()).lastLook).toBe(5);
  });
});
