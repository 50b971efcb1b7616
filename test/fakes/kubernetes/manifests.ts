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
  /** Default `logcanary-emitter`. */
  readonly ownerName?: string;
  /** Of what made it: `controller-revision-hash`. */
  readonly revision?: string;
  /** ConfigMaps: mounted, projected, taken as variables whole and one by one. */
  readonly configMaps?: readonly [string, string, string, string];
}

export function podManifest(name: string, parts: PodParts = {}): StoredObject {
  const { namespace = 'logcanary', containers = ['emitter'], ready = true, owner = 'DaemonSet' } = parts;
  const { ip = '10.0.0.7', phase = 'Running', restarts = 0, node } = parts;
  const state =
    parts.waiting === undefined ? { running: { startedAt: readySince } } : { waiting: { reason: parts.waiting } };
  return {
    metadata: {
      ...{ name, namespace, uid: parts.uid ?? `uid-of-${name}` },
      labels: { 'app.kubernetes.io/name': 'logcanary-emitter', ...revisionLabel(parts), ...parts.labels },
      creationTimestamp: parts.created ?? '2026-11-20T08:02:00Z',
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: owner, name: parts.ownerName ?? 'logcanary-emitter', controller: true },
      ],
      ...(parts.deletionTimestamp === undefined ? {} : { deletionTimestamp: parts.deletionTimestamp }),
    },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      ...configured(containers, parts),
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

function revisionLabel({ revision }: PodParts): Record<string, string> {
  return revision === undefined ? {} : { 'controller-revision-hash': revision };
}

/** Each of the four ways to a ConfigMap once, beside what is no ConfigMap. */
function configured(containers: readonly string[], { configMaps }: PodParts): object {
  const plain = containers.map((name) => ({ name, image: 'busybox', env: [{ name: 'LEVEL', value: 'info' }] }));
  if (configMaps === undefined) return { containers: plain };
  const [mounted, projected, whole, single] = configMaps;
  return {
    containers: plain.map((each) => ({
      ...each,
      envFrom: [{ configMapRef: { name: whole } }, { secretRef: { name: 'credentials' } }],
    })),
    initContainers: [
      {
        name: 'init',
        image: 'busybox',
        env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: single, key: 'a' } } }],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: mounted } },
      { name: 'logs', hostPath: { path: '/var/log' } },
      { name: 'all', projected: { sources: [{ configMap: { name: projected } }, { serviceAccountToken: {} }] } },
    ],
  };
}

/** A DaemonSet's revision; its content must never be asked for. */
export function revisionManifest(
  owner: string,
  hash: string,
  created: string,
  parts: RevisionParts = {},
): StoredObject {
  return {
    metadata: {
      ...{ name: `${owner}-${hash}`, namespace: 'logging', creationTimestamp: created },
      labels: { app: owner, 'controller-revision-hash': hash, ...parts.labels },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: parts.kind ?? 'DaemonSet', name: owner, controller: true }],
      managedFields: [managed('kube-controller-manager', parts.changed ?? created)],
    },
    data: { spec: { template: { env: [{ name: 'PASSWORD', value: 'not-to-be-read' }] } } },
    revision: 1,
  };
}

interface RevisionParts {
  readonly kind?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** When it became the newest again (a rollback). */
  readonly changed?: string;
}

export function configMapManifest(
  name: string,
  changed: string,
  { created = '2026-11-20T07:00:00Z', manager = 'helm' } = {},
): StoredObject {
  return {
    metadata: {
      ...{ name, namespace: 'logging', creationTimestamp: created },
      managedFields: [managed('kubectl-create', created), managed(manager, changed)],
    },
    data: { 'fluent-bit.conf': 'not-to-be-read' },
  };
}

function managed(manager: string, time: string): object {
  return { manager, operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } };
}
