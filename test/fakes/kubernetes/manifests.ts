/** Nodes and pods as a cluster's API server shows them, with only what somebody reads. */
import type { StoredObject } from './object-store.ts';

export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly object[];
  readonly unschedulable?: boolean;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly uid?: string;
  readonly created?: string;
  /** Status of the Ready condition; absent when the node never reported. */
  readonly ready?: 'True' | 'False' | 'Unknown' | 'absent';
  readonly readyMessage?: string;
  readonly operatingSystem?: string;
}

const readySince = '2026-11-20T08:01:00Z';

export function nodeManifest(name: string, parts: NodeParts = {}): StoredObject {
  const { ready = 'True', operatingSystem = 'linux', labels = {}, taints, unschedulable } = parts;
  const condition = {
    ...{ type: 'Ready', status: ready, lastTransitionTime: readySince },
    ...(ready === 'True' ? { reason: 'KubeletReady' } : { reason: 'KubeletNotReady' }),
    ...(parts.readyMessage === undefined ? {} : { message: parts.readyMessage }),
  };
  const pressure = { type: 'DiskPressure', status: 'False', lastTransitionTime: readySince };
  return {
    metadata: {
      ...{ name, uid: parts.uid ?? `uid-of-${name}`, labels: { 'kubernetes.io/os': operatingSystem, ...labels } },
      creationTimestamp: parts.created ?? '2026-11-20T08:00:00Z',
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
      ...(parts.finalizers === undefined ? {} : { finalizers: parts.finalizers }),
    },
    spec: { ...(taints === undefined ? {} : { taints }), ...(unschedulable === undefined ? {} : { unschedulable }) },
    status: {
      conditions: ready === 'absent' ? [pressure] : [pressure, condition],
      nodeInfo: { operatingSystem, kubeletVersion: 'v1.34.1' },
    },
  };
}

export interface PodParts {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly uid?: string;
  readonly ip?: string | null;
  readonly ready?: boolean;
  readonly restarts?: number;
  readonly phase?: string;
  readonly created?: string;
  readonly deletionTimestamp?: string;
  readonly containers?: readonly string[];
  /** Why the container waits (`CrashLoopBackOff`, `ImagePullBackOff`). */
  readonly waiting?: string;
  readonly owner?: string;
}

export function podManifest(name: string, parts: PodParts = {}): StoredObject {
  const { namespace = 'logcanary', containers = ['emitter'], ready = true, owner = 'DaemonSet' } = parts;
  const { ip = '10.0.0.7', phase = 'Running', restarts = 0, node } = parts;
  const state =
    parts.waiting === undefined ? { running: { startedAt: readySince } } : { waiting: { reason: parts.waiting } };
  return {
    metadata: {
      ...{ name, namespace, uid: parts.uid ?? `uid-of-${name}` },
      labels: { 'app.kubernetes.io/name': 'logcanary-emitter', ...parts.labels },
      creationTimestamp: parts.created ?? '2026-11-20T08:02:00Z',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: owner, name: 'logcanary-emitter', controller: true }],
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      containers: containers.map((container) => ({ name: container, image: 'busybox' })),
    },
    status: {
      phase,
      ...(ip === null ? {} : { podIP: ip }),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: readySince }],
      containerStatuses: containers.map((container) => ({
        ...{ name: container, ready, restartCount: restarts, state, containerID: `containerd://${name}-${restarts}` },
      })),
    },
  };
}
