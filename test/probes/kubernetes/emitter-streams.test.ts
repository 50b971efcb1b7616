/** The cluster as a list of streams, followed through the API double. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterApi, openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import { readExpectedSets } from '../../../probes/kubernetes/cluster-watch.ts';
import { createStreamList, type StreamList } from '../../../probes/kubernetes/emitter-streams.ts';
import { forever } from '../../contract/bench.ts';
import { rejectionOf } from '../../contract/probe-error.ts';
import { hastyClock } from '../../fakes/hasty-clock.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../../fakes/kubernetes/manifests.ts';

const clock = hastyClock();
const payments = { tenant: 'payments', namespace: 'payments', selector: 'app.kubernetes.io/name=logcanary-emitter' };
const shared = { namespace: 'logcanary', selector: 'app.kubernetes.io/name=logcanary-emitter' };
const disrupted = { taints: [{ key: 'karpenter.sh/disrupted', effect: 'NoSchedule' }] };

let server: KubernetesApi;
let api: ClusterApi;
let streams: StreamList;
/** By how much the cluster's clock is ahead of ours, ms. */
let ahead: number;

beforeEach(async () => {
  ahead = 0;
  server = await startKubernetesApi({ now: () => clock.wall() + ahead });
  server.objects.apply('nodes', nodeManifest('node-a'), nodeManifest('node-b'));
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a' }));
  api = openCluster({ url: server.url }, clock);
  streams = createStreamList(api, clock);
});
afterEach(async () => {
  await api.close();
  await server.stop();
});

async function listed(routes = [shared]) {
  return streams.list(await readExpectedSets(api, routes, forever));
}

describe('streams', () => {
  test('given two routes, when listed, then each node is a stream of each, with its own key and name', async () => {
    const list = await listed([shared, payments]);
    expect(list.map(({ name, labels }) => [name, labels.tenant])).toEqual([
      ['node-a', undefined],
      ['node-b', undefined],
      ['payments.node-a', 'payments'],
      ['payments.node-b', 'payments'],
    ]);
    expect(new Set(list.map(({ key }) => key)).size).toBe(4);
  });

  test('given a node that comes back under its name, when listed, then it is another stream', async () => {
    const [before] = await listed();
    server.objects.remove('nodes', 'node-a');
    server.objects.apply('nodes', nodeManifest('node-a', { uid: 'another' }));
    const [after] = await listed();
    expect([after?.name, after?.key === before?.key]).toEqual(['node-a', false]);
  });

  test('given a long node name and a tenant with odd characters, when listed, then names are safe and differ', async () => {
    const long = `ip-10-0-0-1.${'a'.repeat(80)}.example`;
    server.objects.apply('nodes', nodeManifest(long));
    const list = await listed([{ ...shared, tenant: 'päy' } as typeof shared]);
    for (const { name } of list) expect(name).toMatch(/^[A-Za-z0-9._-]{1,63}$/);
  });

  test('given a leaving node whose sign has no time, when listed, then it leaves since it was seen, and until it stays', async () => {
    expect((await listed())[0]?.leavingSince).toBeUndefined();
    server.objects.apply('nodes', nodeManifest('node-a', disrupted));
    clock.advance(30_000);
    const since = clock.now();
    expect((await listed())[0]?.leavingSince).toBe(since);
    clock.advance(30_000);
    expect((await listed())[0]?.leavingSince).toBe(since);
    server.objects.apply('nodes', nodeManifest('node-a'));
    expect((await listed())[0]?.leavingSince).toBeUndefined();
  });

  test('given a cluster whose clock is ahead, when a node is deleted, then its time is on our clock', async () => {
    ahead = 3_600_000;
    const deletionTimestamp = new Date(clock.wall() + ahead - 20_000).toISOString();
    server.objects.apply('nodes', nodeManifest('node-a', { deletionTimestamp }));
    const since = (await listed())[0]?.leavingSince ?? 0;
    expect(Math.abs(since - (clock.now() - 20_000))).toBeLessThan(2000);
  });

  test('given a page that fails, when listed, then there is no list rather than a part of one', async () => {
    server.misbehave({ as: 'refuse', code: 500 }, { when: ({ resource }) => resource === 'pods' });
    await rejectionOf(listed());
    server.misbehave();
    expect(await listed()).toHaveLength(2);
  });
});
