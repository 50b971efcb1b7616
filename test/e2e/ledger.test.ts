/** The ledger of a real `run` fails: one emergency page, nothing of the old file is touched, and its end when it works again. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type Program, startProgram, startServing } from './program.ts';
import { freePorts, misaccounted, scrape, scratchFolder } from './watching.ts';

const soon = { timeout: 20_000, interval: 100 };

let dir: string;
let ledger: string;
let config: string;
let origin: string;
let pager: PagerdutyServer;
let cleanups: (() => Promise<unknown>)[];

beforeEach(async () => {
  cleanups = [];
  const scratch = await scratchFolder('ledger');
  cleanups.push(scratch.remove);
  dir = scratch.dir;
  ledger = path.join(dir, 'data', 'logcanary.db');
  await mkdir(path.dirname(ledger));
  pager = await startPagerdutyServer();
  cleanups.push(() => pager.close());
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  config = await writeConfig('logcanary.yaml', `127.0.0.1:${port}`);
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function writeConfig(name: string, listen: string): Promise<string> {
  const file = path.join(dir, name);
  const document = {
    listen,
    ledger,
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    pipelines: [
      {
        name: 'p',
        inject: [{ file: { path: path.join(dir, 'app.log'), name: 'app' }, every: '100ms' }],
        hops: [{ name: 'alert', webhook: {}, within: '10s' }],
      },
    ],
    notify: [{ pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pager.url } }],
  };
  await writeFile(file, stringify(document), { mode: 0o600 });
  return file;
}

async function startRun(): Promise<Program> {
  const run = await startServing(['run', '--config', config, '--log-level', 'error'], `${origin}/healthz`);
  cleanups.push(() => run.kill());
  return run;
}
async function refusedRun(file = config): Promise<string> {
  const run = startProgram(['run', '--config', file, '--log-level', 'error']);
  cleanups.push(() => run.kill());
  expect(await run.ended).toEqual({ code: 1, signal: null });
  expect(run.stderr()).not.toContain('\n    at ');
  return run.stderr();
}

/** `ledger trigger`, `ledger resolve`: what the pager was told. */
const told = () => pager.events.map(({ event_action, payload }) => `${payload?.class} ${event_action}`);
const healthy = async () => (await fetch(`${origin}/healthz`)).status;
const written = () =>
  vi.waitFor(async () => expect((await stat(path.join(dir, 'app.log'))).size).toBeGreaterThan(500), soon);

/** As if the disk had room for no more than that: writes beyond fail. Zero bytes more, or no limit. */
async function limitFiles(run: Program, bytes: number | 'unlimited'): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(run.pid), `--fsize=${bytes}:unlimited`]);
}

test('given a disk that fills up, when there is room again, then one page went out and was resolved, and the accounts are exact', async () => {
  const run = await startRun();
  await written();
  await limitFiles(run, (await stat(`${ledger}-wal`)).size);
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger']), soon);
  expect(await healthy()).toBe(503);
  expect(misaccounted(await scrape(origin))).toEqual([]);
  await limitFiles(run, 'unlimited');
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger', 'ledger resolve']), soon);
  expect(await healthy()).toBe(200);
  expect(misaccounted(await scrape(origin))).toEqual([]);
  expect(pager.events[0]?.dedup_key).toBe(pager.events[1]?.dedup_key);
  expect(await run.end()).toEqual({ code: 0, signal: null });
});

test('given a pager that refuses at first, when the ledger fails, then the page is sent again until it is taken', async () => {
  const run = await startRun();
  await written();
  pager.script({ as: 'answer', status: 503 });
  await limitFiles(run, (await stat(`${ledger}-wal`)).size);
  await vi.waitFor(() => expect(pager.requests).toHaveLength(1), soon);
  pager.script();
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger']), soon);
});

test('given a run that paged for its full disk and died, when the next one can write, then it resolves that page once', async () => {
  const run = await startRun();
  await written();
  await limitFiles(run, (await stat(`${ledger}-wal`)).size);
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger']), soon);
  await run.kill();
  const next = await startRun();
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger', 'ledger resolve']), soon);
  await next.end();
  await (await startRun()).end();
  expect(told()).toEqual(['ledger trigger', 'ledger resolve']);
});

test('given a ledger that is moved away while it is open, when it is back, then one page went out and was resolved', async () => {
  const run = await startRun();
  await written();
  await rename(ledger, `${ledger}.moved`);
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger']), soon);
  await rename(`${ledger}.moved`, ledger);
  await vi.waitFor(() => expect(told()).toEqual(['ledger trigger', 'ledger resolve']), soon);
  expect(await run.end()).toEqual({ code: 0, signal: null });
});

test('given a ledger that another run has open, when a second is started, then it is refused, says by whom, and pages nobody', async () => {
  const run = await startRun();
  const [port] = await freePorts(1);
  const other = await writeConfig('other.yaml', `127.0.0.1:${port}`);
  expect(await refusedRun(other)).toContain(`the logcanary with process id ${run.pid} has it open`);
  expect(told()).toEqual([]);
  expect(await healthy()).toBe(200);
});

test('given a ledger that is no database, or of a newer version, or with rows that cannot be read, when run is started, then it pages, leaves the file as it is, and resolves once it is replaced', async () => {
  const first = await startRun();
  await written();
  await first.end();
  await copyFile(ledger, `${ledger}.good`);

  await writeFile(ledger, 'not a database\n'.repeat(1_000));
  const damaged = await readFile(ledger);
  expect(await refusedRun()).toContain('file is not a database');
  expect((await readFile(ledger)).equals(damaged)).toBe(true);

  await copyFile(`${ledger}.good`, ledger);
  const db = new DatabaseSync(ledger);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(await refusedRun()).toContain('it has version 99');
  expect(told()).toEqual(['ledger trigger', 'ledger trigger']);

  await copyFile(`${ledger}.good`, ledger);
  const rows = new DatabaseSync(ledger);
  rows.exec("UPDATE emission SET data = x'ff'");
  rows.close();
  expect(await refusedRun()).toContain("Cannot read the ledger's rows");
  expect(told()).toEqual(['ledger trigger', 'ledger trigger', 'ledger trigger']);

  await rm(ledger);
  await copyFile(`${ledger}.good`, ledger);
  const run = await startRun();
  await vi.waitFor(() => expect(told().slice(3)).toEqual(['ledger resolve']), soon);
  expect(await run.end()).toEqual({ code: 0, signal: null });
});
