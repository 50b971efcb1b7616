/**
 * A whole logcanary over nodes with real emitters behind the API double: it hands schedules to them through the API server, small
 * agents ship what they print into Kinesis. Nodes, agents, emitters and the control plane come and go. One story, told in order.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { emulatorRegion, startKinesisEmulator } from '../../src/sandbox/kinesis-emulator.ts';
import { type KubernetesApi, startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { type ClusterNode, startNode } from './servers/cluster-node.ts';
import { emitterSecret } from './servers/emitter.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';
import { type ListedIncident, startWatchdog, type Watchdog } from './servers/watchdog.ts';

const { busybox } = inject('missing');
const stream = 'logs';
const all = ['node-a', 'node-b', 'node-c', 'node-d'];
const hop = { pipeline: 'real', hop: 'stream' };
const clock = createClock();
/** `every + within + 3 polls`, then a cycle to notify, twice over for two busy cores. */
const soon = { timeout: 50_000, interval: 500 };
/** The longest that a new pod on a node waits for its first line: what was handed to the one before is not yet proven unsent. */
const afterAnotherPod = { timeout: 120_000, interval: 500 };

function configOf(dir: string, api: string, endpoint: string, pageTo: string): object {
  return {
    ledger: path.join(dir, 'logcanary.db'),
    deployment: 'real',
    keys: [{ id: 'a1', secret: 'only-for-this-test-0123456789abcdef' }],
    pipelines: [
      {
        name: 'real',
        inject: [{ kubernetes: { url: api, secret: emitterSecret }, every: '2s', shapes: ['plain', 'json', 'long'] }],
        hops: [
          { name: 'stream', kinesis: { stream, region: emulatorRegion, endpoint, read: 'follow' }, within: '10s' },
        ],
        ...{ lost_after: '120s', page_after: '0s', resolve_after: '5s', stopped_every: '2s' },
      },
    ],
    notify: [{ pagerduty: { routing_key: '0123456789abcdef0123456789abcdef', url: pageTo } }],
  };
}

describe.skipIf(busybox !== undefined)('logcanary run over the nodes of a cluster', { timeout: 180_000 }, () => {
  let scratch: Scratch;
  let server: KubernetesApi;
  let pager: PagerdutyServer;
  let watchdog: Watchdog;
  const nodes = new Map<string, ClusterNode>();
  const node = (name: string) => nodes.get(name) as ClusterNode;

  beforeAll(async () => {
    scratch = await openScratch('kubernetes-pipeline');
    server = await startKubernetesApi({ now: () => clock.wall() });
    scratch.cleanup(() => server.stop());
    const kinesis = await startKinesisEmulator({ streams: [{ name: stream, shards: 1 }], log: silentLog });
    scratch.cleanup(() => kinesis.stop());
    pager = await startPagerdutyServer();
    scratch.cleanup(() => pager.close());
    for (const name of all) {
      const started = await startNode({ name, dir: scratch.dir, server, endpoint: kinesis.endpoint, stream });
      nodes.set(name, started);
      scratch.cleanup(() => started.stop());
    }
    watchdog = await startWatchdog(scratch.dir, configOf(scratch.dir, server.url, kinesis.endpoint, pager.url));
    scratch.cleanup(() => watchdog.stop());
  });
  afterAll(() => scratch?.end());

  const count = async (name: string) => (await watchdog.scrape()).value(`logcanary_canaries_${name}_total`, hop) ?? 0;
  const open = async () => (await watchdog.incidents()).filter(({ state }) => state === 'open');
  const names = async () => (await watchdog.streams()).map(({ name }) => name).toSorted();

  /** From now on `lines` new ones arrive, and the newest of each of these nodes among them. */
  async function flowsOn(from: readonly string[], lines: number): Promise<void> {
    const before = await count('delivered');
    await vi.waitFor(async () => {
      expect(await count('delivered'), watchdog.output()).toBeGreaterThanOrEqual(before + lines);
      const newest = (await watchdog.streams())
        .filter(({ name }) => from.includes(name))
        .map(({ name, recent }) => [name, recent.stream?.filter((each) => each !== 'pending').slice(-2)]);
      expect(newest.toSorted()).toEqual(from.map((name) => [name, ['delivered', 'delivered']]));
    }, soon);
  }
  /** The container that runs now was handed lines. */
  const prints = (name: string, patience = soon) =>
    vi.waitFor(() => expect(node(name).printed(), watchdog.output()).toBeGreaterThanOrEqual(3), patience);
  const calm = () =>
    vi.waitFor(async () => {
      expect(await open(), watchdog.output()).toEqual([]);
      expect((await watchdog.scrape()).value('logcanary_hop_state', { ...hop, state: 'flowing' })).toBe(1);
    }, soon);
  const incident = (kind: string): Promise<ListedIncident> =>
    vi.waitFor(async () => {
      const all = await open();
      const found = all.find((each) => each.kind === kind);
      if (found === undefined) throw new Error(`no open ${kind} among ${JSON.stringify(all)}\n${watchdog.output()}`);
      return found;
    }, soon);

  test('given emitters on four nodes, when logcanary starts, then the lines of each are delivered', async () => {
    await flowsOn(all, 4 * 6);
    await calm();
    expect([await names(), await count('lost'), await count('corrupted')]).toEqual([all, 0, 0]);
    expect(pager.pages).toBe(0);
  });

  test('given an agent that is killed, when its lines are overdue, then one incident names its node, and nothing is lost', async () => {
    await node('node-b').killAgent();
    expect((await incident('stopped')).streams).toMatchObject({ affected: 1, total: 4, names: ['node-b'] });
    expect((await open()).map(({ kind }) => kind)).toEqual(['stopped']);
    node('node-b').startAgent();
    await calm();
    await vi.waitFor(async () => expect(await count('lost')).toBe(await count('recovered')), soon);
  });

  test('given a control plane that is away, when lines go on by their schedules, then it is blind and no more', async () => {
    const lost = await count('lost');
    server.misbehave({ as: 'reset' });
    expect(await incident('blind')).toMatchObject({ hop: 'emitter', severity: 'warning' });
    await flowsOn(all, 4 * 10);
    expect((await open()).map(({ kind }) => kind)).toEqual(['blind']);
    server.misbehave();
    await calm();
    expect(await count('lost')).toBe(lost);
  });

  test('given an emitter that restarts, when it is handed lines anew, then they flow and none is lost', async () => {
    const lost = await count('lost');
    await node('node-c').restartEmitter();
    await prints('node-c');
    await flowsOn(all, 4 * 6);
    await calm();
    expect(await count('lost')).toBe(lost);
  });

  test('given an emitter pod that is replaced, when the old one is known to be gone, then the new one goes on', async () => {
    const lost = await count('lost');
    await node('node-d').replacePod();
    await prints('node-d', afterAnotherPod);
    await flowsOn(all, 4 * 6);
    expect((await open()).filter(({ kind }) => kind === 'stopped' || kind === 'lossy')).toEqual([]);
    expect(await count('lost')).toBe(lost);
  });

  test('given a node that is cordoned and deleted, when its stream ends, then nobody is paged', async () => {
    const triggered = pager.pages;
    const left = all.slice(1);
    node('node-a').cordon();
    await flowsOn(all, 4 * 2);
    await node('node-a').leave();
    await vi.waitFor(async () => expect(await names()).toEqual(left), soon);
    await flowsOn(left, 3 * 10);
    await calm();
    expect(pager.pages).toBe(triggered);
  });
});
