/** How fast the SQLite ledger commits, and what that costs the main thread. Run: `node test/bench/ledger.ts`. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Change, Ledger } from '../../src/core/ledger.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock, machineClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { emission, put, verdict } from '../contract/ledger-rows.ts';

/** 1 000 000 canaries of one hop in blocks of 256. */
const blocks = Math.ceil(1_000_000 / 256);

/** Blocks in one commit: a look that changes 100 streams. */
const blocksEach = 100;

/** Figures by name; times in ms. */
export async function benchLedger(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'logcanary-bench-'));
  const path = join(directory, 'logcanary.db');
  const open = () => openSqliteLedger({ path, clock: createClock(), log: silentLog });
  try {
    const ledger = await open();
    const first = await commitAll('blocks_first', ledger, blockCommits(1));
    const again = await commitAll('blocks_again', ledger, blockCommits(2));
    const small = await commitAll('small_1000', ledger, smallCommits());
    await ledger.close();
    const loading = await timeLoad(open);
    return { ...first, ...again, ...small, ...loading, file_bytes: statSync(path).size };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function blockCommits(fill: number): Change[][] {
  const numbers = Array.from({ length: blocks }, (_, n) => n);
  return Array.from({ length: Math.ceil(blocks / blocksEach) }, (_, commit) =>
    numbers
      .slice(commit * blocksEach, (commit + 1) * blocksEach)
      .flatMap((stream) => [
        put('verdict', verdict(stream, 1, 0, { data: new Uint8Array(128).fill(fill) })),
        put('emission', emission(stream, 0, { data: new Uint8Array(600).fill(fill) })),
      ]),
  );
}

function smallCommits(): Change[][] {
  return Array.from({ length: 200 }, (_, commit) =>
    Array.from({ length: 1_000 }, (_, row) => put('meta', { key: `key-${row}`, value: `${commit}` })),
  );
}

async function commitAll(name: string, ledger: Ledger, commits: readonly Change[][]): Promise<Record<string, number>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const took: number[] = [];
  const began = machineClock.monotonicMs();
  for (const changes of commits) {
    const start = machineClock.monotonicMs();
    await ledger.commit(changes);
    took.push(machineClock.monotonicMs() - start);
  }
  const seconds = (machineClock.monotonicMs() - began) / 1_000;
  delay.disable();
  const rowCount = commits.reduce((sum, changes) => sum + changes.length, 0);
  return {
    [`${name}_rows_per_second`]: Math.round(rowCount / seconds),
    [`${name}_commit_p50_ms`]: quantile(took, 0.5),
    [`${name}_commit_p99_ms`]: quantile(took, 0.99),
    [`${name}_loop_delay_p99_ms`]: round(delay.percentile(99) / 1e6),
    [`${name}_loop_delay_max_ms`]: round(delay.max / 1e6),
  };
}

async function timeLoad(open: () => Promise<Ledger>): Promise<Record<string, number>> {
  const began = machineClock.monotonicMs();
  const ledger = await open();
  const opened = machineClock.monotonicMs();
  await ledger.load();
  const loaded = machineClock.monotonicMs();
  await ledger.close();
  return { open_ms: round(opened - began), load_ms: round(loaded - opened) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchLedger(), null, 2)}\n`);
