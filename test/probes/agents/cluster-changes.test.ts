/** What somebody changed at the agents of a cluster: told with its time, and never at the cost of the check itself. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fluentBit from '../../../probes/fluent-bit-buffer.ts';
import kubeState from '../../../probes/kube-state-metrics.ts';
import type { AnyProbe, Check, Log } from '../../../src/probe.ts';
import { forever, roleOf } from '../../contract/bench.ts';
import { leapingClock } from '../../fakes/elastic-bench.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import {
  configMapManifest,
  nodeManifest,
  type PodParts,
  podManifest,
  revisionManifest,
} from '../../fakes/kubernetes/manifests.ts';
import { pagesAt } from '../../fakes/kubernetes/pod-proxy.ts';
import { fluentBitPages } from './fluent-bit-pages.ts';

const minute = 60_000;
let api: KubernetesApi;
let clock: ReturnType<typeof leapingClock>;
let check: Check;
let warnings: string[];
/** By how much the cluster's clock is ahead of ours, ms. */
let ahead: number;

beforeEach(async () => {
  clock = leapingClock();
  ahead = 0;
  warnings = [];
  api = await startKubernetesApi({ now: () => clock.wall() + ahead });
  check = await open(fluentBit, 'app=fluent-bit');
});
afterEach(async () => {
  await check.close();
  await api.stop();
});

function open(probe: AnyProbe, selector: string): Promise<Check> {
  const log: Log = { debug() {}, info() {}, warn: (_, message) => void warnings.push(message), error() {} };
  const role = roleOf(probe.check);
  return role.open(role.config.parse({ kubernetes: { url: api.url, namespace: 'logging', selector } }), { clock, log });
}

/** A stamp of the cluster, so long before now. */
const ago = (ms: number) => new Date(clock.wall() + ahead - ms).toISOString();

function addAgents(count: number, parts: PodParts = {}, from = 0): void {
  for (let at = from; at < from + count; at += 1) {
    const node = `node-${at}`;
    const labels = { app: 'fluent-bit' };
    api.objects.apply('nodes', nodeManifest(node));
    api.objects.apply(
      'pods',
      podManifest(`agent-${at}`, { namespace: 'logging', labels, ownerName: 'fluent-bit', node, ...parts }),
    );
    api.proxy.serve(`agent-${at}`, pagesAt(2020, fluentBitPages({})));
  }
}

const changes = async () => (await check.check(forever)).changes ?? [];
const told = async () => (await changes()).map(({ what }) => what);
const askedFor = (resource: string) => api.calls.filter((call) => call.resource === resource);

describe('rollouts', () => {
  test('given a new revision of the DaemonSet, when checked, then its creation is when the rollout began', async () => {
    addAgents(2, { revision: '5d8c' });
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '5d8c', ago(90 * 24 * 60 * minute)));
    expect(await changes()).toEqual([]);
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(5 * minute)));
    clock.leap(minute);
    const what = 'DaemonSet logging/fluent-bit: revision 7c9f begins to roll out';
    expect(await changes()).toEqual([{ at: clock.now() - 6 * minute, what }]);
  });

  test('given a way back to an old revision, when checked, then it is told though that revision is old', async () => {
    addAgents(1, { revision: '5d8c' });
    const changed = ago(2 * minute);
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '5d8c', ago(9e9), { changed }));
    expect(await told()).toEqual(['DaemonSet logging/fluent-bit: revision 5d8c begins to roll out']);
  });

  test('given a StatefulSet of aggregators, when it gets a revision, then that is told', async () => {
    addAgents(1, { owner: 'StatefulSet', ownerName: 'fluent-bit', revision: 'fluent-bit-66d' });
    const parts = { kind: 'StatefulSet' };
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '66d', ago(minute), parts));
    expect(await told()).toEqual(['StatefulSet logging/fluent-bit: revision 66d begins to roll out']);
  });

  test('given revisions of others with the same label, when checked, then they are not told', async () => {
    addAgents(1);
    const parts = { labels: { app: 'fluent-bit' } };
    api.objects.apply('controllerrevisions', revisionManifest('other', '1', ago(minute), parts));
    expect(await told()).toEqual([]);
  });

  test('given a cluster whose clock is 10 min ahead, when checked, then times are those of our clock', async () => {
    ahead = 10 * minute;
    addAgents(1);
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(5 * minute)));
    const [change] = await changes();
    expect(Math.abs((change?.at ?? 0) - (clock.now() - 5 * minute))).toBeLessThan(2_000);
  });
});

describe('configuration', () => {
  const configMaps = ['mounted', 'projected', 'whole', 'single'] as const;

  test('given ConfigMaps that its pods use in four ways, when they change, then each is told with who did it', async () => {
    addAgents(1, { configMaps });
    for (const name of [...configMaps, 'of-others'])
      api.objects.apply('configmaps', configMapManifest(name, ago(3 * minute)));
    api.objects.apply('configmaps', configMapManifest('whole', ago(minute), { manager: 'bad\nname' }));
    expect((await told()).toSorted()).toEqual([
      'ConfigMap logging/mounted: changed by helm',
      'ConfigMap logging/projected: changed by helm',
      'ConfigMap logging/single: changed by helm',
      'ConfigMap logging/whole: changed',
    ]);
  });

  test('given pods whose references are written strangely, when checked, then only those are not followed', async () => {
    addAgents(1, { configMaps });
    const pod = api.objects.find('pods', 'logging', 'agent-0');
    if (pod === undefined) throw new Error('there is no pod');
    const volumes = [{ configMap: {} }, { configMap: null, projected: null }, { configMap: { name: 'mounted' } }];
    const containers = [{ name: 'agent', env: null, envFrom: 'all' }];
    api.objects.apply('pods', { ...pod, spec: { nodeName: 'node-0', containers, initContainers: null, volumes } });
    api.objects.apply('configmaps', configMapManifest('mounted', ago(minute)));
    expect(await told()).toEqual(['ConfigMap logging/mounted: changed by helm']);
  });

  test('given one that was just made, when checked, then it is called created', async () => {
    addAgents(1, { configMaps });
    const created = ago(minute);
    api.objects.apply('configmaps', configMapManifest('mounted', created, { created, manager: 'kubectl-create' }));
    expect(await told()).toEqual(['ConfigMap logging/mounted: created by kubectl-create']);
  });

  test('given contents, when checked, then only metadata is asked for, page by page', async () => {
    addAgents(1, { configMaps });
    for (let at = 0; at < 150; at += 1) api.objects.apply('configmaps', configMapManifest(`c-${at}`, ago(minute)));
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(minute)));
    await changes();
    const asked = [...askedFor('configmaps'), ...askedFor('controllerrevisions')];
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ accept }) => accept))).toEqual(
      new Set(['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=1']),
    );
  });

  test('given agents without a ConfigMap and without a DaemonSet, when checked, then nothing is asked for', async () => {
    addAgents(1, { owner: 'ReplicaSet' });
    expect(await told()).toEqual([]);
    expect([...askedFor('configmaps'), ...askedFor('controllerrevisions')]).toEqual([]);
  });

  test('given checks every 10 s, when a minute passes, then it was asked for once', async () => {
    addAgents(1, { configMaps });
    for (let at = 0; at < 5; at += 1) {
      await changes();
      clock.leap(10_000);
    }
    expect(askedFor('configmaps')).toHaveLength(1);
    expect(askedFor('controllerrevisions')).toHaveLength(1);
  });
});

describe('what cannot be read', () => {
  const configMaps = ['mounted', 'mounted', 'mounted', 'mounted'] as const;
  const needed = ['list nodes', 'list pods in logging', 'get pods/proxy in logging'];

  test('given a grant that is missing, when checked again and again, then it is said once and the check goes on', async () => {
    addAgents(1, { configMaps });
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(minute)));
    api.access.restrict([...needed, 'list controllerrevisions.apps in logging']);
    for (let at = 0; at < 3; at += 1) {
      const result = await check.check(forever);
      expect([result.why, result.problems]).toEqual([undefined, []]);
      expect(result.changes).toHaveLength(1);
      clock.leap(minute);
    }
    expect(warnings).toEqual([expect.stringContaining('Grant list configmaps in namespace "logging"')]);
    expect(warnings[0]).toContain('deploy/kubernetes/rbac');
  });

  test.each([{ as: 'refuse', code: 500 } as const, { as: 'page' } as const, { as: 'silent' } as const])(
    'given changes that are answered with %o, when checked, then the figures are read and what was known stays',
    async (how) => {
      addAgents(1, { configMaps });
      api.objects.apply('configmaps', configMapManifest('mounted', ago(minute)));
      expect(await told()).toHaveLength(1);
      api.misbehave(how, { when: ({ resource }) => ['configmaps', 'controllerrevisions'].includes(resource) });
      clock.leap(minute);
      const result = await check.check(forever);
      expect([result.why, result.changes?.length, warnings]).toEqual([undefined, 1, []]);
    },
    15_000,
  );

  test('given a hundred new revisions and old ones, when checked, then at most fifty of the last day are told', async () => {
    addAgents(1);
    for (let at = 0; at < 100; at += 1)
      api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', `a${at}`, ago(at * 20 * minute)));
    const all = await changes();
    expect(all).toHaveLength(50);
    expect(all[0]?.what).toContain('revision a0 ');
  });
});

test('given kube-state-metrics with a ConfigMap, when that changes, then it is told as well', async () => {
  await check.close();
  check = await open(kubeState, 'app=ksm');
  const configMaps = ['state', 'state', 'state', 'state'] as const;
  addAgents(1, { labels: { app: 'ksm' }, owner: 'ReplicaSet', configMaps });
  api.proxy.serve('agent-0', () => ({ status: 200, body: 'kube_node_info{node="node-0"} 1\n' }));
  api.objects.apply('configmaps', configMapManifest('state', ago(minute)));
  expect(await told()).toEqual(['ConfigMap logging/state: changed by helm']);
});

describe('a rollout in progress', () => {
  async function problemsAfter(ms: number): Promise<readonly string[]> {
    let result = await check.check(forever);
    for (let at = 0; at < ms; at += 30_000) {
      clock.leap(30_000);
      result = await check.check(forever);
    }
    return result.problems;
  }

  test('given 12 nodes of which 3 are updated and 4 have no agent that is ready, when it lasts, then that is one line', async () => {
    addAgents(3, { revision: '7c9f' });
    addAgents(5, { revision: '5d8c' }, 3);
    addAgents(2, { revision: '7c9f', ready: false, waiting: 'ImagePullBackOff' }, 8);
    addAgents(1, { revision: '5d8c', ready: false, deletionTimestamp: '2026-11-20T07:00:00Z' }, 10);
    api.objects.apply('nodes', nodeManifest('node-11'));
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '5d8c', ago(9e9)));
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(minute)));
    expect(await problemsAfter(2 * minute)).toEqual([]);
    expect(await problemsAfter(2 * minute)).toEqual([
      'fluent-bit rolls out revision 7c9f (5 of 12 updated); on node-10, node-11, node-8, node-9 it has no pod or ' +
        'is not ready (ImagePullBackOff) or is not ready (terminating) for more than 3 min',
    ]);
  });

  test('given a rollout that takes each node away for a minute, when it goes on for ten, then nothing is told', async () => {
    addAgents(10, { revision: '5d8c' });
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(minute)));
    for (let at = 0; at < 10; at += 1) {
      api.objects.remove('pods', `agent-${at}`);
      expect(await problemsAfter(minute)).toEqual([]);
      addAgents(1, { revision: '7c9f' }, at);
      expect(await problemsAfter(0)).toEqual([]);
    }
  });

  test('given it is over, when a node has no agent, then it is told as ever', async () => {
    addAgents(3, { revision: '7c9f' });
    api.objects.apply('nodes', nodeManifest('node-3'));
    api.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', ago(minute)));
    expect(await problemsAfter(4 * minute)).toEqual([
      'fluent-bit has no pod on node-3, Ready nodes, for more than 3 min',
    ]);
  });
});
