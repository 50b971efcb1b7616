/**
 * A process of its own that commits to the ledger named by its first argument, until it is killed or its disk is full.
 * Says `open`, then `done N` after commit N was acknowledged; one JSON line about a failed commit.
 */
import { execFileSync } from 'node:child_process';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import { emission, put } from '../contract/ledger-rows.ts';

/** Rows that one commit writes under its number, so that half a commit would show. */
const rowsEach = 20;

const path = process.argv[2] ?? '';
const ledger = await openSqliteLedger({ path, clock: createClock(), log: silentLog });
const first = Number((await ledger.find('meta', { key: 'row-0' }))[0]?.value ?? 0) + 1;
process.stdout.write('open\n');
const refused = process.argv[3] === 'until-full' ? await commitUntilFull() : await commitForEver();
process.stdout.write(`${JSON.stringify(refused)}\n`);
await ledger.close();

function changesOf(n: number) {
  const rows = Array.from({ length: rowsEach }, (_, row) => put('meta', { key: `row-${row}`, value: String(n) }));
  return [...rows, put('emission', emission(n, 0, { data: new Uint8Array(600).fill(n % 256) }))];
}

/** Several commits are always on their way, so that a kill finds one half done. */
async function commitForEver(): Promise<never> {
  const waiting: Promise<void>[] = [];
  for (let n = first; ; n += 1) {
    waiting.push(ledger.commit(changesOf(n)).then(() => void process.stdout.write(`done ${n}\n`)));
    if (waiting.length >= 4) await waiting.shift();
  }
}

async function commitUntilFull() {
  for (let n = first; ; n += 1) {
    try {
      await ledger.commit(changesOf(n));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      const kept = (await ledger.find('meta', { key: 'row-0' }))[0]?.value;
      execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
      await ledger.commit(changesOf(n));
      return { n, kept, reason: error.reason, retryable: error.retryable, message: error.message };
    }
  }
}
