import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetShardIteratorCommand } from '@aws-sdk/client-kinesis';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { openSandboxView } from '../fakes/sandbox-view.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'logcanary-sandbox-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const start = (options: object = {}) =>
  startSandbox({ dir, clock: createClock(), log: silentLog, runListen: '127.0.0.1:1', ...options });

test('given a folder, when the sandbox starts in it, then its configuration has the timing of the design and is private', async () => {
  const sandbox = await start({ pageTo: new URL('http://127.0.0.1:9/enqueue') });
  await sandbox.stop();
  expect(readFileSync(sandbox.configPath, 'utf8')).toBe(sandbox.configText);
  expect(statSync(sandbox.configPath).mode & 0o777).toBe(0o600);
  const config = parse(sandbox.configText);
  expect(config).toMatchObject({ listen: '127.0.0.1:1', ledger: './logcanary.db', deployment: 'sandbox' });
  expect(config.notify[0].pagerduty).toEqual({
    routing_key: expect.stringMatching(/^.{32}$/),
    url: 'http://127.0.0.1:9/enqueue',
  });
  const [pipeline] = config.pipelines;
  expect(pipeline).toMatchObject({ lost_after: '60s', page_after: '0s', resolve_after: '5s', stopped_every: '2s' });
  const hops = pipeline.hops.map((hop: Record<string, string>) => [hop.name, hop.after, hop.within, hop.poll]);
  expect(hops).toEqual([
    ['stream', undefined, '8s', '2s'],
    ['index', 'stream', '10s', '2s'],
    ['archive', 'stream', '20s', '2s'],
    ['alert', 'index', '20s', '2s'],
  ]);
  const nodes = pipeline.inject.map((entry: { file: { labels: { node: string } } }) => entry.file.labels.node);
  expect(nodes).toEqual(['node-a', 'node-b', 'node-c']);
});

test('given no page address, when the sandbox starts, then nobody is to be told', async () => {
  const sandbox = await start();
  await sandbox.stop();
  expect(parse(sandbox.configText).notify).toBeUndefined();
});

test('given a folder that was used and left broken, when the sandbox starts there again, then keys stay, logs are whole, and what was written meanwhile comes once', async () => {
  const first = await openSandboxView({ dir });
  await first.sandbox.faults.set('emitter-stopped', true);
  await first.sandbox.faults.set('node-leaves', true);
  await first.close();
  writeFileSync(path.join(dir, 'node-c', 'leaving'), '');
  const meanwhile = first.write('node-a', 2);
  const second = await openSandboxView({ dir });
  await second.arrives(second.index, ...meanwhile, ...second.write('node-c'));
  expect((await second.stream.lines()).filter((line) => meanwhile.includes(line))).toHaveLength(2);
  await second.close();
  const secrets = [first, second].map(({ sandbox }) => {
    const { keys, http } = parse(sandbox.configText);
    return { keys, http };
  });
  expect(secrets[0]).toEqual(secrets[1]);
});

test('given a sequence number of an earlier stream, when reading is to go on behind it, then it is refused as AWS does', async () => {
  const view = await openSandboxView({ dir });
  try {
    const command = new GetShardIteratorCommand({
      StreamName: 'sandbox',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
      StartingSequenceNumber: '49680394989259732477131097224044912074498805568578256898',
    });
    await expect(view.kinesis.send(command)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
  } finally {
    await view.close();
  }
});

test('given slow agents and a throttled stream at once, when lines are written, then they come on their own, in order, after both delays', async () => {
  const view = await openSandboxView({ dir, timing: { slowMs: 700, throttleMs: 700 } });
  try {
    await view.sandbox.faults.set('agent-slow', true);
    await view.sandbox.faults.set('stream-throttled', true);
    const clock = createClock();
    const writtenMs = clock.monotonicMs();
    const lines = view.write('node-a', 5);
    await view.arrives(view.stream, ...lines);
    expect(clock.monotonicMs() - writtenMs).toBeGreaterThan(1_400);
    expect(await view.among(view.stream, lines)).toEqual(lines);
  } finally {
    await view.close();
  }
});

test('given a demo, when clock-stepped is set twice and healed, then the clock is stepped once and set back', async () => {
  const stepClock = vi.fn();
  const { faults, stop } = await start({ demo: { stepClock } });
  for (const on of [true, true, false]) expect(await faults.set('clock-stepped', on)).toBe('ok');
  await stop();
  expect(stepClock.mock.calls).toEqual([[true], [false]]);
});

test('given a start that fails on its way, when it has failed, then no server is left', async () => {
  const before = listeners();
  // The configuration cannot be written where a directory is; by then everything else runs.
  mkdirSync(path.join(dir, 'logcanary.yaml'));
  await expect(start()).rejects.toThrow('EISDIR');
  expect(listeners()).toBe(before);
});

/** Servers that keep this process alive. */
function listeners(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap' || name === 'ProcessWrap').length;
}

test('given a running sandbox, when its process is killed, then the emulator goes too', async () => {
  const program = fileURLToPath(new URL('../fakes/sandbox-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const endpoint = await new Promise<string>((resolve) =>
    child.stdout.once('data', (data) => resolve(String(data).trim())),
  );
  const emulators = childrenOf(child.pid ?? 0);
  expect(emulators.length).toBeGreaterThan(0);
  expect((await request(endpoint)).statusCode).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(emulators.filter(isRunning)).toEqual([]), { timeout: 5_000 });
});

function childrenOf(parent: number): number[] {
  const parentOf = (pid: string) => {
    const stat = readStat(pid);
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  };
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === parent)
    .map(Number);
}

function isRunning(pid: number): boolean {
  const stat = readStat(String(pid));
  return stat !== '' && !/\) Z /.test(stat);
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
