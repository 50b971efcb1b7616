/** Agents found and asked through the API server: which there should be, what they tell, and what is wrong on the way. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import probe from '../../../probes/fluent-bit-buffer.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { Check } from '../../../src/probe.ts';
import { context, forever, roleOf } from '../../contract/bench.ts';
import { describeCheck } from '../../contract/probe.ts';
import { expectProbeError } from '../../contract/probe-error.ts';
import { leapingClock } from '../../fakes/elastic-bench.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, type PodParts, podManifest } from '../../fakes/kubernetes/manifests.ts';
import { pagesAt } from '../../fakes/kubernetes/pod-proxy.ts';
import { fluentBitPages } from './fluent-bit-pages.ts';

const secret = 'eyJhbGciOi-not-a-real-token';
const minute = 60_000;
type Pages = Record<string, string | object>;

const inCluster = (url: string) => ({
  kubernetes: { url, token: secret, namespace: 'logging', selector: 'app=fluent-bit' },
});

describeCheck('fluent-bit-buffer through an API server', {
  probe,
  secrets: [secret],
  hostile: inCluster,
  async bench() {
    const server = await startKubernetesApi({ now: () => context.clock.wall() });
    server.objects.apply('nodes', nodeManifest('node-a'));
    server.objects.apply(
      'pods',
      podManifest('fluent-bit-1', { namespace: 'logging', labels: { app: 'fluent-bit' }, node: 'node-a' }),
    );
    server.proxy.serve('*', pagesAt(2020, fluentBitPages({ memory: 1000 })));
    return { config: inCluster(server.url), stop: server.stop };
  },
});

let api: KubernetesApi;
let clock: ReturnType<typeof leapingClock>;
let check: Check;

beforeEach(async () => {
  clock = leapingClock();
  api = await startKubernetesApi({ now: () => clock.wall() });
  api.access.admit(secret);
  check = await open();
});
afterEach(async () => {
  await check.close();
  await api.stop();
});

async function open(more: object = {}): Promise<Check> {
  const role = roleOf(probe.check);
  const kubernetes = { url: api.url, token: secret, namespace: 'logging', selector: 'app=fluent-bit', ...more };
  return role.open(role.config.parse({ kubernetes }), { clock, log: silentLog });
}

function addAgent(node: string, pages: Pages = fluentBitPages({ memory: 1000 }), parts: PodParts = {}): void {
  api.objects.apply('nodes', nodeManifest(node));
  addPod(`fluent-bit-${node}`, pages, { node, ...parts });
}

function addPod(name: string, pages: Pages, parts: PodParts): void {
  api.objects.apply('pods', podManifest(name, { namespace: 'logging', labels: { app: 'fluent-bit' }, ...parts }));
  api.proxy.serve(name, pagesAt(2020, pages));
}

async function checkFor(ms: number) {
  let result = await check.check(forever);
  for (let at = 0; at < ms; at += 30_000) {
    clock.leap(30_000);
    result = await check.check(forever);
  }
  return result;
}

describe('a DaemonSet of agents', () => {
  test('given an agent on each node, when checked, then each is read, named by its node, with its pod as incarnation', async () => {
    addAgent('node-a');
    addAgent('node-b', fluentBitPages({ dropped: 3 }), { restarts: 2 });
    const { readings, drops = [], problems, why } = await check.check(forever);
    expect(readings.map(({ subject }) => subject)).toEqual(['node-a tail_pods', 'node-b tail_pods']);
    const [lost] = drops.filter(({ total }) => total > 0);
    expect(lost).toMatchObject({ agent: { node: 'node-b', name: 'node-b' }, total: 3 });
    expect(lost?.incarnation).toMatch(/^uid-of-fluent-bit-node-b\.2\//);
    expect([problems, why]).toEqual([[], undefined]);
  });

  test('given only the grants it needs, when checked, then it works and uses each', async () => {
    addAgent('node-a');
    api.access.restrict([
      'list nodes',
      'list pods in logging',
      'get pods/proxy in logging',
      'list controllerrevisions.apps in logging',
    ]);
    expect((await check.check(forever)).readings).toHaveLength(1);
    expect(api.access.unused).toEqual([]);
  });

  test('given a Ready node without its agent, when three minutes pass, then that is a problem, and a rollout is none', async () => {
    addAgent('node-a');
    addAgent('node-b', fluentBitPages({}), { ready: false, waiting: 'CrashLoopBackOff' });
    api.objects.apply('nodes', nodeManifest('node-c'));
    expect((await checkFor(2 * minute)).problems).toEqual([]);
    expect((await checkFor(2 * minute)).problems).toEqual([
      'fluent-bit is not ready (CrashLoopBackOff) on node-b, Ready nodes, for more than 3 min',
      'fluent-bit has no pod on node-c, Ready nodes, for more than 3 min',
    ]);
    expect(api.calls.some(({ name }) => name?.startsWith('fluent-bit-node-b'))).toBe(false);
    addAgent('node-b');
    addAgent('node-c');
    expect((await checkFor(2 * minute)).problems).toEqual([]);
  });

  test('given nodes that are not Ready, leave or run Windows, when they have no agent, then nothing is missed', async () => {
    addAgent('node-a');
    const leaving = [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }];
    api.objects.apply(
      'nodes',
      nodeManifest('node-b', { ready: 'Unknown' }),
      nodeManifest('node-c', { taints: leaving }),
      nodeManifest('node-d', { operatingSystem: 'windows' }),
    );
    expect((await checkFor(5 * minute)).problems).toEqual([]);
  });

  test('given nodes where it should not run, when node_selector leaves them out, then nothing is missed', async () => {
    await check.close();
    check = await open({ node_selector: 'pool=apps' });
    addAgent('node-a');
    api.objects.apply('nodes', nodeManifest('node-a', { labels: { pool: 'apps' } }), nodeManifest('gpu-1'));
    const { readings, problems } = await checkFor(5 * minute);
    expect(readings).toHaveLength(1);
    expect(problems).toEqual([]);
  });

  test('given a node that is gone, when checked after a minute, then its agent is not shown any longer', async () => {
    addAgent('node-a');
    addAgent('node-b');
    expect((await check.check(forever)).readings).toHaveLength(2);
    api.objects.remove('nodes', 'node-b');
    api.objects.remove('pods', 'fluent-bit-node-b');
    clock.leap(minute);
    expect((await check.check(forever)).readings.map(({ agent }) => agent?.node)).toEqual(['node-a']);
  });
});

describe('agents that are no DaemonSet', () => {
  test('given two aggregators on one node, when checked, then each stands for itself', async () => {
    api.objects.apply('nodes', nodeManifest('node-a'), nodeManifest('node-b'));
    for (const name of ['aggregator-0', 'aggregator-1'])
      addPod(name, fluentBitPages({ memory: 5 }), { node: 'node-a', owner: 'StatefulSet' });
    const { readings, problems } = await checkFor(5 * minute);
    expect(readings.map(({ agent }) => agent)).toEqual([
      { kind: 'fluent-bit', node: 'node-a', name: 'aggregator-0' },
      { kind: 'fluent-bit', node: 'node-a', name: 'aggregator-1' },
    ]);
    expect(problems).toEqual([]);
  });
  test('given one that is not ready, when it stays so, then that is a problem', async () => {
    api.objects.apply('nodes', nodeManifest('node-a'));
    addPod('aggregator-0', fluentBitPages({}), { node: 'node-a', owner: 'StatefulSet' });
    addPod('aggregator-1', fluentBitPages({}), { node: 'node-a', owner: 'StatefulSet', ready: false });
    expect((await checkFor(5 * minute)).problems).toEqual([
      expect.stringContaining('is not ready (not ready) on aggregator-1'),
    ]);
  });
  test('given no pod at all, when checked, then it rejects and says what to look at', async () => {
    api.objects.apply('nodes', nodeManifest('node-a'));
    await expect(check.check(forever)).rejects.toThrow('Check namespace and selector');
  });
});

describe('what may go wrong on the way', () => {
  test('given an agent that listens on localhost only, when checked, then it is not zero and the message says so', async () => {
    addAgent('node-a');
    api.proxy.serve('fluent-bit-node-a', 'unreachable');
    const error = await check.check(forever).catch((reason: unknown) => reason);
    expectProbeError(error, ['server_error'], [secret]);
    expect(error.message).toContain('localhost is not reached this way');
  });
  test('given an agent without these pages, when checked, then the message names what to switch on in it', async () => {
    addAgent('node-a', {});
    const error = await check.check(forever).catch((reason: unknown) => reason);
    expectProbeError(error, ['not_found'], [secret]);
    expect(error.message).toContain('HTTP_Server On');
  });
  test('given one pod of two that breaks, when checked, then the other is read and why is set', async () => {
    addAgent('node-a');
    addAgent('node-b');
    api.proxy.serve('fluent-bit-node-b', () => ({ status: 500, body: 'oops' }));
    const { readings, why } = await check.check(forever);
    expect(readings).toHaveLength(1);
    expectProbeError(why, ['partial'], [secret]);
  });
  test.each([
    [401, 'auth'],
    [403, 'auth'],
    [500, 'server_error'],
    [503, 'server_error'],
  ])('given an API server that answers %i, when checked, then it rejects as %s', async (code, reason) => {
    addAgent('node-a');
    api.misbehave({ as: 'refuse', code });
    const error = await check.check(forever).catch((thrown: unknown) => thrown);
    expectProbeError(error, [reason as 'auth'], [secret]);
  });
});

test('given three hundred nodes, when checked again and again, then calls keep to the pace and all are read in turns', async () => {
  for (let at = 0; at < 300; at += 1) addAgent(`node-${String(at).padStart(3, '0')}`);
  const begun = clock.monotonicMs();
  const first = await check.check(forever);
  expect(first.readings.length).toBeGreaterThan(10);
  expect(first.readings.length).toBeLessThan(300);
  expect(first.why?.message).toContain('The turn of the others comes');
  const result = await checkFor(10 * minute);
  expect(result.readings).toHaveLength(300);
  expect(result.why).toBeUndefined();
  expect(api.calls.length / ((clock.monotonicMs() - begun) / 1000)).toBeLessThanOrEqual(10);
});
