import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteLedger, openSqliteReader } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';

const child = join(import.meta.dirname, 'committing-child.ts');
let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logcanary-kill-'));
  path = join(directory, 'logcanary.db');
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = () => openSqliteLedger({ path, clock: createClock(), log: silentLog });

describe('a process that dies while it commits', { timeout: 120_000 }, () => {
  it('given it is killed with -9 at 10 random moments, when the ledger is opened again, then all acknowledged commits are in, each whole', async () => {
    let acknowledged = 0;
    for (let round = 0; round < 10; round += 1) {
      acknowledged = await killAfter(randomInt(1, 60));
      const ledger = await open();
      const { meta, emission } = await ledger.load();
      await ledger.close();
      const values = new Set(meta.map((row) => Number(row.value)));
      const [last = 0] = values;
      expect(meta).toHaveLength(20);
      expect(values.size).toBe(1);
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect(emission.map((row) => row.stream)).toEqual(Array.from({ length: last }, (_, n) => n + 1));
      expect(emission.every((row) => row.data.every((byte) => byte === row.stream % 256))).toBe(true);
    }
    expect(acknowledged).toBeGreaterThan(10);
  });

  it('given another process holds it, when it is opened to write, then it is locked and says by whom; reading works', async () => {
    const running = start();
    const lines = createInterface({ input: running.stdout });
    await once(lines, 'line');
    await expect(open()).rejects.toMatchObject({
      reason: 'locked',
      message: expect.stringContaining(String(running.pid)),
    });
    const reader = await openSqliteReader({ path });
    expect((await reader.load()).outbox).toEqual([]);
    await reader.close();
    await end(running);
    await (await open()).close();
  });
});

describe('a disk that is full', () => {
  it.skipIf(process.platform !== 'linux')(
    'given files may not grow, when a commit fails, then it is disk_full, nothing of it is in, and it works once there is room',
    async () => {
      const script = 'ulimit -S -f 512; exec "$0" "$@"';
      const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, child, path, 'until-full']);
      const refused = JSON.parse(stdout.split('\n')[1] ?? '');
      expect(refused).toMatchObject({ reason: 'disk_full', retryable: true, kept: String(refused.n - 1) });
      expect(refused.message).toContain(path);
      const ledger = await open();
      expect((await ledger.find('meta', { key: 'row-0' }))[0]?.value).toBe(String(refused.n));
      expect(await ledger.find('emission', {}, 10_000)).toHaveLength(refused.n);
      await ledger.close();
    },
  );
});

type Child = ChildProcessByStdio<null, Readable, null>;

function start(): Child {
  return spawn(process.execPath, [child, path], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function end(running: Child): Promise<void> {
  running.kill('SIGKILL');
  if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
}

/** The number of the last commit that the child said was done. */
async function killAfter(commits: number): Promise<number> {
  const running = start();
  const exited = once(running, 'exit');
  let last = 0;
  let seen = 0;
  for await (const line of createInterface({ input: running.stdout })) {
    if (!line.startsWith('done ')) continue;
    last = Number(line.slice('done '.length));
    seen += 1;
    if (seen === commits) running.kill('SIGKILL');
  }
  await exited;
  return last;
}
