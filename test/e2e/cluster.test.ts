/** Real `run` and `check` before an API double with three nodes, an emitter on two of them; what is printed comes back by a hook. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import { createClock } from '../../src/lib/clock.ts';
import { createFakeEmitter, type FakeEmitter } from '../fakes/kubernetes/fake-emitter.ts';
import { type KubernetesApi, startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';
import { startProgram, startServing } from './program.ts';
import { freePorts, incidentsOf, misaccounted, scrape, scratchFolder } from './watching.ts';

const secrets = { emitter: 'not-a-real-emitter-secret', hook: 'not-a-real-hook-secret-0123456789' };
const clock = createClock();
const soon = { timeout: 25_000, interval: 250 };
const cleanups: (() => Promise<unknown>)[] = [];
const stopping = new AbortController();

let api: KubernetesApi;
let emitters: Map<string, FakeEmitter>;
let config: string;
let origin: string;

function addEmitter(node: string): void {
  const emitter = createFakeEmitter(secrets.emitter, () => clock.now());
  emitters.set(node, emitter);
  api.objects.apply('pods', podManifest(`emitter-${node}`, { node, uid: `uid-of-${node}` }));
  api.proxy.serve(`emitter-${node}`, ({ body }) => ({ status: 200, body: emitter.call(body.toString()) }));
}

/** The agents and all behind them: what was printed is posted, over and over until it is taken. */
async function carry(): Promise<void> {
  while (!stopping.signal.aborted) {
    for (const emitter of emitters.values()) {
      emitter.run();
      for (const { text } of emitter.printed.splice(0)) await post(text);
    }
    await clock.sleep(100, stopping.signal).catch(() => undefined);
  }
}

async function post(body: string): Promise<void> {
  const headers = { authorization: `Bearer ${secrets.hook}` };
  await fetch(`${origin}/hooks/hop/stream`, { method: 'POST', body, headers }).catch(() => undefined);
}

beforeEach(async () => {
  emitters = new Map();
  api = await startKubernetesApi({ now: () => clock.wall() });
  cleanups.push(() => api.stop());
  for (const node of ['node-a', 'node-b', 'node-c']) api.objects.apply('nodes', nodeManifest(node));
  for (const node of ['node-a', 'node-b']) addEmitter(node);
  const { dir, remove } = await scratchFolder('cluster');
  cleanups.push(remove);
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  config = path.join(dir, 'logcanary.yaml');
  const pipeline = {
    name: 'p',
    inject: [{ kubernetes: { url: api.url, secret: secrets.emitter }, every: '1s' }],
    hops: [{ name: 'stream', webhook: {}, within: '5s' }],
    page_after: '0s',
  };
  const text = { listen: `127.0.0.1:${port}`, ledger: path.join(dir, 'l.db'), http: { secret: secrets.hook } };
  await writeFile(config, stringify({ ...text, pipelines: [pipeline] }), { mode: 0o600 });
  const carried = carry();
  cleanups.push(() => carried);
});
afterEach(async () => {
  stopping.abort();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('given a cluster with a bare node, when checked once and then run, then both name it and the others are delivered', async () => {
  const check = startProgram(['check', '--config', config]);
  expect(await check.ended).toEqual({ code: 1, signal: null });
  expect(check.stdout()).toMatch(/p\/node-a +stream +delivered/);
  expect(check.stdout()).toContain('p/node-c: no canary can be sent there: no emitter pod');

  const run = await startServing(['run', '--config', config, '--log-level', 'error'], `${origin}/healthz`);
  cleanups.push(() => run.kill());
  await vi.waitFor(async () => {
    const series = await scrape(origin);
    expect(misaccounted(series)).toEqual([]);
    const delivered = series.find(
      ({ name, labels }) => name === 'logcanary_canaries' && labels.verdict === 'delivered',
    );
    expect(delivered?.value).toBeGreaterThan(10);
  }, soon);
  await vi.waitFor(async () => expect(await incidentsOf(origin)).toMatchObject([{ kind: 'uncovered' }]), soon);
  addEmitter('node-c');
  await vi.waitFor(async () => expect(emitters.get('node-c')?.incarnation).toBeDefined(), soon);
  await vi.waitFor(async () => {
    const [incident] = await incidentsOf(origin);
    expect(incident).toMatchObject({ kind: 'uncovered' });
    const answer = await fetch(`${origin}/api/v1/status`);
    const { pipelines } = (await answer.json()) as {
      pipelines: { streams: { name: string; recent: Record<string, string[]> }[] }[];
    };
    const added = pipelines[0]?.streams.find(({ name }) => name === 'node-c');
    expect(added?.recent.stream).toContain('delivered');
  }, soon);
});
