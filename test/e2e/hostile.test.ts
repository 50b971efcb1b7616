/** A real `run` whose targets answer with anything but the truth: never a verdict against a canary, never a crash. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import {
  answeringMisbehaviours,
  floodingMisbehaviours,
  type HostileServer,
  stallingMisbehaviours,
  startHostileServer,
} from '../fakes/hostile-server.ts';
import { type Program, startServing } from './program.ts';
import { freePorts, incidentsOf, misaccounted, scrape, scratchFolder } from './watching.ts';

const all = [...answeringMisbehaviours, ...floodingMisbehaviours, ...stallingMisbehaviours];
const some = ['HTML with 200', 'cut JSON', 'a redirect', 'an endless body', 'headers and then silence'] as const;
const misbehaviours = process.env.MISBEHAVIOURS === 'all' ? all : some;
/** What may be said of a hop that never gave a true answer: nothing about a canary. */
const aboutUs = ['unproven', 'unreadable', 'blind', 'isolated'];
const hops = ['index', 'archive', 'stream'];
/** Measured: 410 MiB at most, flooded or not after that; a body of 1 GB that is kept whole goes beyond. */
const mostMemoryMib = 700;
const soon = { timeout: 25_000, interval: 250 };

const cleanups: (() => Promise<unknown>)[] = [];
let hostile: HostileServer;
let origin: string;
let run: Program;

function configOf(dir: string, listen: string): object {
  const aws = { region: 'us-east-1', endpoint: hostile.url, access_key_id: 'x'.repeat(20), secret_access_key: 'y' };
  const timing = { within: '1s', poll: '250ms', timeout: '1s' };
  return {
    listen,
    ledger: path.join(dir, 'logcanary.db'),
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    pipelines: [
      {
        name: 'p',
        inject: [{ file: { path: path.join(dir, 'app.log'), name: 'app' }, every: '500ms' }],
        hops: [
          { name: 'index', elasticsearch: { url: hostile.url, index: 'logs' }, ...timing },
          { name: 'archive', s3: { bucket: 'logs', ...aws }, ...timing },
          { name: 'stream', kinesis: { stream: 'logs', ...aws, read: 'follow' }, ...timing },
        ],
        ...{ lost_after: '2s', page_after: '0s' },
        checks: [
          { 'elasticsearch-disk': { url: hostile.url }, every: '1s' },
          { 'kinesis-iterator-age': { stream: 'logs', ...aws }, every: '1s' },
        ],
      },
    ],
  };
}

beforeAll(async () => {
  const { dir, remove } = await scratchFolder('hostile');
  cleanups.push(remove);
  hostile = await startHostileServer();
  cleanups.push(() => hostile.stop());
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  const config = path.join(dir, 'logcanary.yaml');
  await writeFile(config, stringify(configOf(dir, `127.0.0.1:${port}`)), { mode: 0o600 });
  run = await startServing(['run', '--config', config, '--log-level', 'error'], `${origin}/healthz`);
  cleanups.push(() => run.kill());
});
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function counts(verdict: string): Promise<Map<string | undefined, number>> {
  const series = await scrape(origin);
  expect(misaccounted(series)).toEqual([]);
  const found = series.filter(({ name, labels }) => name === 'logcanary_canaries' && labels.verdict === verdict);
  return new Map(found.map(({ labels, value }) => [labels.hop, value]));
}

async function memoryMib(): Promise<number> {
  const status = await readFile(`/proc/${run.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Two more canaries at each hop have passed their deadline while it misbehaved. */
async function judgedBlind(): Promise<void> {
  const before = await counts('unverifiable');
  await vi.waitFor(async () => {
    const now = await counts('unverifiable');
    for (const hop of hops) expect(now.get(hop), hop).toBeGreaterThanOrEqual((before.get(hop) ?? 0) + 2);
  }, soon);
}

test.each(misbehaviours)(
  'given targets that answer %s, when they are asked, then no canary is judged by it',
  async (as) => {
    hostile.misbehave(as);
    await judgedBlind();
    for (const verdict of ['delivered', 'delayed', 'overdue', 'lost']) {
      expect([verdict, ...(await counts(verdict)).values()]).toEqual([verdict, 0, 0, 0]);
    }
    const open = (await incidentsOf(origin)).filter(({ state }) => state === 'open');
    expect(open.map(({ kind }) => kind).filter((kind) => !aboutUs.includes(kind))).toEqual([]);
    expect(open.length).toBeGreaterThan(0);
    expect(hostile.trapped).toBe(0);
    expect(await memoryMib()).toBeLessThan(mostMemoryMib);
  },
);

test('given targets that never answer, when run is told to stop, then it ends in good order', async () => {
  hostile.misbehave('silence');
  await hostile.requested();
  expect(await run.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(run.stderr()).not.toContain('    at ');
});
