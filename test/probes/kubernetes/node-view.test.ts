/** What nodes and pods mean, on what a real API server said and on every edge that is known. */
import { describe, expect, test } from 'vitest';
import { NodeObject, PodObject } from '../../../probes/kubernetes/cluster-objects.ts';
import { expectedSet } from '../../../probes/kubernetes/expected-set.ts';
import { type Standing, viewNode } from '../../../probes/kubernetes/node-view.ts';
import { type NodeParts, nodeManifest, type PodParts, podManifest } from '../../fakes/kubernetes/manifests.ts';

const node = (parts: NodeParts = {}, name = 'node-a') => NodeObject.parse(nodeManifest(name, parts));
const pod = (parts: PodParts = {}, name = 'emitter-a') =>
  PodObject.parse(podManifest(name, { node: 'node-a', ...parts }));
const taint = (key: string, more: object = {}) => ({ taints: [{ key, effect: 'NoSchedule', ...more }] });

describe('a node', () => {
  const cases: readonly (readonly [string, NodeParts, Standing, string])[] = [
    ['is Ready', {}, 'expected', ''],
    ['is cordoned', { unschedulable: true, ...taint('node.kubernetes.io/unschedulable') }, 'expected', ''],
    ['has taints of its own', taint('dedicated', { value: 'gpu' }), 'expected', ''],
    [
      'is a candidate of the autoscaler',
      taint('DeletionCandidateOfClusterAutoscaler', { effect: 'PreferNoSchedule' }),
      'expected',
      '',
    ],
    [
      'will be deleted by the autoscaler',
      taint('ToBeDeletedByClusterAutoscaler'),
      'leaving',
      'taint ToBeDeletedByClusterAutoscaler',
    ],
    ['is disrupted by Karpenter', taint('karpenter.sh/disrupted'), 'leaving', 'taint karpenter.sh/disrupted'],
    [
      'is disrupted by an old Karpenter',
      taint('karpenter.sh/disruption', { value: 'disrupting' }),
      'leaving',
      'taint karpenter.sh/disruption',
    ],
    [
      'is out of service',
      taint('node.kubernetes.io/out-of-service', { effect: 'NoExecute' }),
      'leaving',
      'taint node.kubernetes.io/out-of-service',
    ],
    [
      'is a spot node that was called back',
      taint('aws-node-termination-handler/spot-itn'),
      'leaving',
      'taint aws-node-termination-handler/spot-itn',
    ],
    [
      'is being deleted',
      { deletionTimestamp: '2026-11-20T09:00:00Z', finalizers: ['karpenter.sh/termination'] },
      'leaving',
      'being deleted',
    ],
    ['is shutting down', { ready: 'False', readyMessage: 'node is shutting down' }, 'leaving', 'node is shutting down'],
    ['is not ready', { ready: 'False', readyMessage: 'PLEG is not healthy' }, 'unready', 'KubeletNotReady'],
    ['is unreachable', { ready: 'Unknown', ...taint('node.kubernetes.io/unreachable') }, 'unready', 'KubeletNotReady'],
    ['never reported', { ready: 'absent' }, 'unready', 'never reported'],
    ['is Fargate', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }, 'unfit', 'Fargate'],
    ['is EC2 that says so', { labels: { 'eks.amazonaws.com/compute-type': 'ec2' } }, 'expected', ''],
    ['is a virtual kubelet', { labels: { type: 'virtual-kubelet' } }, 'unfit', 'virtual node'],
    ['has the virtual taint', taint('virtual-kubelet.io/provider', { value: 'azure' }), 'unfit', 'virtual node'],
    ['is Windows', { operatingSystem: 'windows' }, 'unfit', 'Windows'],
    [
      'is Fargate and leaving',
      { labels: { 'eks.amazonaws.com/compute-type': 'fargate' }, deletionTimestamp: '2026-11-20T09:00:00Z' },
      'unfit',
      'Fargate',
    ],
    [
      'is leaving and unready',
      { ready: 'Unknown', ...taint('karpenter.sh/disrupted') },
      'leaving',
      'taint karpenter.sh/disrupted',
    ],
  ];
  test.each(cases)('given a node that %s, when seen, then its standing is told', (_, parts, standing, why) => {
    expect(viewNode(node(parts))).toMatchObject({ standing, why });
  });

  test('given a taint with its time, when seen, then it leaves since then; the earliest sign counts', () => {
    const at = Date.parse('2026-11-20T09:00:00Z');
    const byValue = taint('ToBeDeletedByClusterAutoscaler', { value: String(at / 1000) });
    expect(viewNode(node(byValue)).leavingSince).toBe(at);
    const byTime = taint('karpenter.sh/disrupted', { timeAdded: '2026-11-20T09:00:00Z' });
    expect(viewNode(node({ ...byTime, deletionTimestamp: '2026-11-20T09:05:00Z' })).leavingSince).toBe(at);
    expect(viewNode(node(taint('karpenter.sh/disrupted'))).leavingSince).toBeUndefined();
    expect(viewNode(node(taint('ToBeDeletedByClusterAutoscaler', { value: 'soon' }))).leavingSince).toBeUndefined();
  });

  test('given labels of a provider, when seen, then zone, pool and type are among ours', () => {
    const labels = {
      'topology.kubernetes.io/zone': 'ap-northeast-1a',
      'eks.amazonaws.com/nodegroup': 'general',
      'node.kubernetes.io/instance-type': 'm7g.large',
      'failure-domain.beta.kubernetes.io/zone': 'old',
      unrelated: 'x',
    };
    expect(viewNode(node({ labels })).labels).toEqual({
      ...{ node: 'node-a', zone: 'ap-northeast-1a', pool: 'general', instance_type: 'm7g.large' },
    });
  });
});

describe('the expected set', () => {
  test('given a ready emitter, when seen, then its node is covered, with who it is', () => {
    const { places, uncovered } = expectedSet([node()], [pod({ restarts: 2 })]);
    expect(uncovered).toEqual([]);
    expect(places[0]?.emitter).toEqual({
      ...{ pod: 'emitter-a', namespace: 'logcanary', uid: 'uid-of-emitter-a', ready: true, why: '', restarts: 2 },
      ...{ ip: '10.0.0.7', container: 'containerd://emitter-a-2' },
    });
  });

  const uncovering: readonly (readonly [string, PodParts | undefined, string])[] = [
    ['has no pod', undefined, 'no emitter pod'],
    ['has one that crashes', { ready: false, waiting: 'CrashLoopBackOff' }, 'CrashLoopBackOff'],
    ['has one that waits for its node', { ready: false, phase: 'Pending', ip: null }, 'Pending'],
    ['has one that ends but says Ready', { deletionTimestamp: '2026-11-20T09:00:00Z' }, 'terminating'],
    ['has one that runs unready', { ready: false }, 'not ready'],
    ['has one of another node', { node: 'node-b' }, 'no emitter pod'],
  ];
  test.each(uncovering)('given a Ready node that %s, when seen, then it is uncovered', (_, parts, why) => {
    const { uncovered } = expectedSet([node()], parts === undefined ? [] : [pod(parts)]);
    expect(uncovered).toEqual([{ node: 'node-a', why, since: Date.parse('2026-11-20T08:01:00Z') }]);
  });

  test.each([
    ['leaves', taint('karpenter.sh/disrupted')],
    ['is unready', { ready: 'Unknown' as const }],
    ['runs no DaemonSets', { operatingSystem: 'windows' }],
  ])('given a node that %s, when it has no emitter, then it is not uncovered', (_, parts) => {
    expect(expectedSet([node(parts)], []).uncovered).toEqual([]);
  });

  test('given a rollout with a surge, when two pods are there, then the ready one counts, then the youngest', () => {
    const old = pod({ created: '2026-11-20T08:02:00Z' }, 'old');
    const young = (parts: PodParts) => pod({ created: '2026-11-20T09:00:00Z', ...parts }, 'young');
    const chosen = (pods: PodObject[]) => expectedSet([node()], pods).places[0]?.emitter?.pod;
    expect(chosen([old, young({ ready: false })])).toBe('old');
    expect(chosen([young({}), old])).toBe('young');
    expect(chosen([pod({ deletionTimestamp: '2026-11-20T09:00:00Z' }, 'ending'), young({})])).toBe('young');
  });

  test('given a tenant and an agent, when seen, then both are labels', () => {
    const agent = pod({ labels: { 'controller-revision-hash': '7d9f' } }, 'agent');
    const { places } = expectedSet([node()], [pod()], { tenant: 'payments' }, [agent]);
    expect(places[0]?.labels).toEqual({ node: 'node-a', tenant: 'payments', agent_revision: '7d9f' });
  });

  test('given nodes that cannot run it, when seen, then they are left out and named', () => {
    const fargate = node({ labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }, 'fargate-1');
    const { places, unfit } = expectedSet([fargate, node()], [pod()]);
    expect(places.map((place) => place.node.name)).toEqual(['node-a']);
    expect(unfit.map(({ name, why }) => [name, why])).toEqual([['fargate-1', 'Fargate']]);
  });
});

describe('what a real API server said (1.21)', () => {
  // a node created by hand has no conditions and an empty nodeInfo; a pod that never ran has no statuses
  const raw = {
    metadata: { name: 'node-a', uid: '5d3ccbe6', creationTimestamp: '2026-11-20T08:19:20Z', labels: { pool: 'x' } },
    spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
    status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: { machineID: '', operatingSystem: '' } },
  };
  test('given a node that never reported, when seen, then it is unready, not unfit', () => {
    expect(viewNode(NodeObject.parse(raw))).toEqual({
      ...{ name: 'node-a', uid: '5d3ccbe6', standing: 'unready', why: 'never reported' },
      ...{ labels: { node: 'node-a', pool: 'x' }, since: Date.parse('2026-11-20T08:19:20Z') },
    });
  });

  test('given a pod that never ran, when seen, then it is an emitter that waits', () => {
    const waiting = PodObject.parse({
      metadata: {
        name: 'canary-src',
        namespace: 'default',
        uid: '2a620e08',
        creationTimestamp: '2026-11-20T08:19:20Z',
      },
      spec: { nodeName: 'node-a', containers: [{ name: 'app', image: 'busybox' }] },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
    const { places } = expectedSet([NodeObject.parse(raw)], [waiting]);
    expect(places[0]?.emitter).toMatchObject({ ready: false, why: 'Pending', restarts: 0 });
  });
});
