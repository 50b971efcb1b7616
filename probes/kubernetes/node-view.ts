/** What a node is to us: can a DaemonSet's pod run there, is it going away, and by which labels are its troubles told apart. */
import { conditionOf, type NodeObject } from './cluster-objects.ts';

/**
 * `expected`: a canary is expected from it. `leaving`: going away by somebody's will. `unready`: its kubelet does not
 * answer or says no. `unfit`: no DaemonSet runs there, so nothing is expected ever.
 */
export type Standing = 'expected' | 'leaving' | 'unready' | 'unfit';

export interface NodeView {
  readonly name: string;
  readonly uid: string;
  readonly standing: Standing;
  /** For people: `Fargate`, `taint karpenter.sh/disrupted`, `NodeStatusUnknown`. Empty when it is expected. */
  readonly why: string;
  /** When it began to leave, ms of the cluster's clock; absent where no sign says so. */
  readonly leavingSince?: number;
  /** node, zone, region, pool, instance_type, where known. */
  readonly labels: Readonly<Record<string, string>>;
  /** Since when it has been as it is, or there at all, ms of the cluster's clock. */
  readonly since?: number;
}

export function viewNode(node: NodeObject): NodeView {
  const { name, uid, creationTimestamp } = node.metadata;
  const base = { name, uid, labels: labelsOf(node) };
  const unfit = whyUnfit(node);
  if (unfit !== undefined) return { ...base, standing: 'unfit', why: unfit };
  const leaving = leavingSign(node);
  if (leaving !== undefined) {
    const since = leaving.since === undefined ? {} : { leavingSince: leaving.since };
    return { ...base, standing: 'leaving', why: leaving.why, ...since };
  }
  const ready = conditionOf(node, 'Ready');
  const since = ready?.lastTransitionTime ?? creationTimestamp;
  const dated = { ...base, ...(since === undefined ? {} : { since }) };
  if (ready?.status === 'True') return { ...dated, standing: 'expected', why: '' };
  return { ...dated, standing: 'unready', why: ready?.reason ?? 'never reported' };
}

// ------------------------------------------------------------------------------------------------ no DaemonSet there

/** Fargate and virtual kubelets run single pods, no DaemonSet; our emitter is a Linux image. */
function whyUnfit({ metadata: { labels }, spec, status }: NodeObject): string | undefined {
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') return 'Fargate';
  const virtual = labels.type === 'virtual-kubelet' || labels['kubernetes.azure.com/node-type'] === 'virtual';
  if (virtual || spec.taints.some(({ key }) => key === 'virtual-kubelet.io/provider')) return 'virtual node';
  const system = status.nodeInfo?.operatingSystem || labels['kubernetes.io/os'];
  return system === 'windows' ? 'Windows' : undefined;
}

// ------------------------------------------------------------------------------------------------ leaving

/**
 * Taints that somebody sets who takes a node away. Not `DeletionCandidateOfClusterAutoscaler` and not a cordon: both are
 * taken back often. Sources: kubernetes/autoscaler `utils/taints/taints.go`, kubernetes-sigs/karpenter `taints.go`,
 * aws/aws-node-termination-handler `pkg/node/node.go`, kubernetes.io "Taints and Tolerations".
 */
const leavingTaints: ReadonlySet<string> = new Set([
  'ToBeDeletedByClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption', // Karpenter before 1.0
  'node.kubernetes.io/out-of-service',
  'node.cloudprovider.kubernetes.io/shutdown',
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/scheduled-maintenance',
  'aws-node-termination-handler/asg-lifecycle-termination',
  'aws-node-termination-handler/rebalance-recommendation',
]);

/** The kubelet's words when the machine is being shut down in an orderly way. kubernetes `pkg/kubelet/nodeshutdown` */
const shuttingDown = 'node is shutting down';

interface Sign {
  readonly why: string;
  readonly since?: number | undefined;
}

/** The earliest sign, where several are dated. */
function leavingSign(node: NodeObject): Sign | undefined {
  const signs = [...signsOf(node)];
  const dated = signs.filter(({ since }) => since !== undefined);
  return dated.toSorted((one, other) => (one.since ?? 0) - (other.since ?? 0))[0] ?? signs[0];
}

function* signsOf(node: NodeObject): Generator<Sign> {
  const { deletionTimestamp } = node.metadata;
  if (deletionTimestamp !== undefined) yield { why: 'being deleted', since: deletionTimestamp };
  for (const taint of node.spec.taints)
    if (leavingTaints.has(taint.key)) yield { why: `taint ${taint.key}`, since: sinceOf(taint) };
  const ready = conditionOf(node, 'Ready');
  if (ready?.status === 'False' && ready.message?.includes(shuttingDown) === true)
    yield { why: shuttingDown, since: ready.lastTransitionTime ?? undefined };
}

/** The autoscaler writes the time (s) into the value; others leave it to `timeAdded`, which is seldom set. */
function sinceOf({ key, value = '', timeAdded }: NodeObject['spec']['taints'][number]): number | undefined {
  if (key === 'ToBeDeletedByClusterAutoscaler' && /^\d{9,11}$/.test(value)) return Number(value) * 1000;
  return timeAdded ?? undefined;
}

// ------------------------------------------------------------------------------------------------ labels

/** Where each provider keeps it; the first that is there counts. */
const labelSources: Readonly<Record<string, readonly string[]>> = {
  zone: ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'],
  region: ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'],
  pool: [
    'karpenter.sh/nodepool',
    'eks.amazonaws.com/nodegroup',
    'alpha.eksctl.io/nodegroup-name',
    'cloud.google.com/gke-nodepool',
    'kubernetes.azure.com/agentpool',
    'agentpool',
    'kops.k8s.io/instancegroup',
    'pool',
  ],
  instance_type: ['node.kubernetes.io/instance-type', 'beta.kubernetes.io/instance-type'],
};

function labelsOf({ metadata: { name, labels } }: NodeObject): Readonly<Record<string, string>> {
  const found: Record<string, string> = { node: name };
  for (const [label, sources] of Object.entries(labelSources)) {
    const source = sources.find((key) => labels[key] !== undefined && labels[key] !== '');
    const value = source === undefined ? undefined : labels[source];
    if (value !== undefined) found[label] = value;
  }
  return found;
}
