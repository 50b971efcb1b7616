/** Two processes watch one sandbox; the one that tells is killed during a fault. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type SlackServer, startSlackServer } from '../fakes/slack-server.ts';
import { type Program, startServing } from './program.ts';
import { freePorts, incidentsOf, scratchFolder } from './watching.ts';

/** A peer counts as silent after a minute. */
const soon = { timeout: 120_000, interval: 250 };

interface Watch {
  readonly origin: string;
  readonly config: string;
  program: Program;
}

const cleanups: (() => Promise<unknown>)[] = [];
let pager: PagerdutyServer;
let slack: SlackServer;
let boardUrl: string;
let watches: Watch[];

beforeAll(async () => {
  const { dir, remove } = await scratchFolder('peers');
  cleanups.push(remove);
  pager = await startPagerdutyServer();
  slack = await startSlackServer({ webhookPath: '/services/T/B/x', botToken: 'xoxb-1-2-3', channel: 'C1' });
  cleanups.push(() => pager.close());
  cleanups.push(() => slack.close());
  const [board = 0, ...ports] = await freePorts(3);
  boardUrl = `http://127.0.0.1:${board}/sandbox/faults`;
  const args = ['sandbox', '--dir', dir, '--listen', `127.0.0.1:${board}`, '--run-listen', `127.0.0.1:${ports[0]}`];
  const sandbox = await startServing([...args, '--page-to', pager.url], boardUrl);
  cleanups.push(() => sandbox.end());
  const written = parse(await readFile(path.join(dir, 'logcanary.yaml'), 'utf8'));
  watches = [];
  for (const port of ports) watches.push(await startWatch(dir, written, port, ports));
}, 120_000);
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function startWatch(dir: string, written: object, port: number, ports: readonly number[]): Promise<Watch> {
  const config = path.join(dir, `watch-${port}.yaml`);
  await writeFile(config, stringify(configOf(written, port, ports)));
  const origin = `http://127.0.0.1:${port}`;
  const watch = { origin, config, program: await startRun(config, origin) };
  cleanups.push(() => watch.program.kill());
  return watch;
}

function startRun(config: string, origin: string): Promise<Program> {
  return startServing(['run', '--config', config, '--log-level', 'warn'], `${origin}/metrics`);
}

/** As the sandbox wrote it; but nobody posts to both, so without the hop that is posted to. */
// biome-ignore lint/suspicious/noExplicitAny: a parsed document
function configOf(written: any, port: number, ports: readonly number[]): object {
  const [pipeline] = written.pipelines;
  const hops = pipeline.hops.filter((hop: object) => !('webhook' in hop));
  const peers = ports.filter((each) => each !== port).map((each) => ({ url: `http://127.0.0.1:${each}` }));
  const notify = [...written.notify, { slack: { webhook_url: slack.webhookUrl } }];
  const own = { listen: `127.0.0.1:${port}`, ledger: `./watch-${port}.db`, peers };
  return { ...written, ...own, notify, pipelines: [{ ...pipeline, hops }] };
}

interface PeerStatus {
  readonly state: string;
  readonly goes_first: boolean | null;
  readonly differs: readonly string[];
}

async function peerOf({ origin }: Watch): Promise<PeerStatus | undefined> {
  const answer = await fetch(`${origin}/api/v1/status`);
  const { peers } = (await answer.json()) as { peers: PeerStatus[] };
  return peers[0];
}

async function set(fault: string, on: boolean): Promise<void> {
  const { status } = await fetch(`${boardUrl}/${fault}`, { method: on ? 'PUT' : 'DELETE' });
  expect(status).toBe(204);
}

async function flows({ origin }: Watch): Promise<void> {
  const answer = await fetch(`${origin}/api/v1/status`);
  const { pipelines } = (await answer.json()) as { pipelines: { hops: { state: string }[] }[] };
  expect(pipelines[0]?.hops.map(({ state }) => state)).toEqual(['flowing', 'flowing', 'flowing']);
}

const saidOfIndex = () => slack.messages.filter(({ text }) => /\bindex\b/.test(text)).map(({ text }) => text);
const actions = () => pager.events.map(({ event_action }) => event_action);

test('given two that watch one sandbox, when the one that tells is killed in a fault, then the pager has one incident, the chat one message, and both end once', async () => {
  for (const watch of watches) await vi.waitFor(() => flows(watch), soon);
  for (const watch of watches)
    await vi.waitFor(async () => expect(await peerOf(watch)).toMatchObject({ state: 'heard', differs: [] }), soon);
  const [one, other] = watches as [Watch, Watch];
  const [first, second] = (await peerOf(one))?.goes_first ? [other, one] : [one, other];

  await set('consumer-stopped', true);
  await first.program.kill();
  await vi.waitFor(() => expect(pager.open.size).toBe(1), soon);
  expect(saidOfIndex()).toEqual([]);
  await vi.waitFor(() => expect(saidOfIndex()).toHaveLength(1), soon);
  expect((await peerOf(second))?.state).toBe('silent');

  first.program = await startRun(first.config, first.origin);
  await vi.waitFor(async () => {
    expect((await peerOf(second))?.state).toBe('heard');
    const open = (await incidentsOf(first.origin)).filter(({ state }) => state === 'open');
    expect(open.map(({ kind, hop }) => `${kind}@${hop}`)).toContain('stopped@index');
  }, soon);
  expect(pager.open.size).toBe(1);
  expect(actions()).not.toContain('resolve');

  await set('consumer-stopped', false);
  for (const { origin } of watches)
    await vi.waitFor(async () => {
      const all = await incidentsOf(origin);
      expect(all.filter(({ state }) => state === 'open')).toEqual([]);
    }, soon);
  await vi.waitFor(() => expect(pager.open.size).toBe(0), soon);
  await vi.waitFor(() => expect(saidOfIndex()).toHaveLength(2), soon);
  expect(saidOfIndex()[1]).toMatch(/RECOVERED/);
  expect(new Set(pager.events.map(({ dedup_key }) => dedup_key)).size).toBe(1);
  expect(actions().lastIndexOf('trigger')).toBeLessThan(actions().indexOf('resolve'));
}, 600_000);
