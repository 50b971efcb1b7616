/** Which streams there are: every node that a canary can be expected from, with the emitter that runs there. */
import { conditionOf, type NodeObject, type PodObject } from './cluster-objects.ts';
import { type NodeView, viewNode } from './node-view.ts';

/** One DaemonSet of emitters, or of agents: a namespace and labels. */
export interface Route {
  /** Set where there are several: the tenant, for people and for localisation. */
  readonly tenant?: string | undefined;
  readonly namespace: string;
  readonly selector: string;
}

export interface EmitterPod {
  readonly pod: string;
  readonly namespace: string;
  readonly uid: string;
  readonly ready: boolean;
  /** For people, when it is not ready: `CrashLoopBackOff`, `terminating`, `Pending`. */
  readonly why: string;
  readonly restarts: number;
  readonly ip?: string;
  /** Changes with each start of the container. */
  readonly container?: string;
}

export interface Place {
  readonly node: NodeView;
  /** The pod that counts on that node, if there is one. */
  readonly emitter?: EmitterPod;
  /** The node's labels, and `tenant` and `agent_revision` where known. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Uncovered {
  readonly node: string;
  /** `no emitter pod`, `CrashLoopBackOff`, ... */
  readonly why: string;
  /** Since when the node has been Ready, ms of the cluster's clock: a young one gets its pod soon. */
  readonly since?: number;
}

export interface ExpectedSet {
  /** Nodes that are expected, are leaving or are unready; by name. */
  readonly places: readonly Place[];
  /** Nodes where no DaemonSet can run, named as what they are. */
  readonly unfit: readonly NodeView[];
  /** Ready nodes that stay and have no ready emitter. */
  readonly uncovered: readonly Uncovered[];
  /** UIDs of all its pods, of those that do not count, too. */
  readonly uids: ReadonlySet<string>;
}

/** `emitters` and `agents` are the pods of one route each; agents only lend their revision. */
export function expectedSet(
  nodes: readonly NodeObject[],
  emitters: readonly PodObject[],
  { tenant }: Pick<Route, 'tenant'> = {},
  agents: readonly PodObject[] = [],
): ExpectedSet {
  const [podsOn, agentsOn] = [podsByNode(emitters), podsByNode(agents)];
  const views = nodes.map(viewNode).toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const places = views
    .filter(({ standing }) => standing !== 'unfit')
    .map((node): Place => {
      const pod = choosePod(podsOn.get(node.name) ?? []);
      const revision = choosePod(agentsOn.get(node.name) ?? [])?.metadata.labels['controller-revision-hash'];
      const labels = {
        ...node.labels,
        ...(tenant === undefined ? {} : { tenant }),
        ...(revision === undefined ? {} : { agent_revision: revision }),
      };
      return pod === undefined ? { node, labels } : { node, labels, emitter: emitterOf(pod) };
    });
  return {
    places,
    unfit: views.filter(({ standing }) => standing === 'unfit'),
    uncovered: places.flatMap(uncoveredAt),
    uids: new Set(emitters.map(({ metadata }) => metadata.uid)),
  };
}

function uncoveredAt({ node, emitter }: Place): Uncovered[] {
  if (node.standing !== 'expected' || emitter?.ready === true) return [];
  const since = node.since === undefined ? {} : { since: node.since };
  return [{ node: node.name, why: emitter?.why ?? 'no emitter pod', ...since }];
}

function podsByNode(pods: readonly PodObject[]): ReadonlyMap<string, readonly PodObject[]> {
  return Map.groupBy(
    pods.filter(({ spec }) => spec.nodeName !== undefined),
    ({ spec }) => spec.nodeName ?? '',
  );
}

/** Of several (a rollout with a surge, one that ends), a ready one, then the youngest. */
function choosePod(pods: readonly PodObject[]): PodObject | undefined {
  const rank = (pod: PodObject) => (isReady(pod) ? 1 : 0);
  const age = ({ metadata }: PodObject) => metadata.creationTimestamp ?? 0;
  return pods.toSorted((one, other) => rank(other) - rank(one) || age(other) - age(one))[0];
}

/** A terminating pod may still say Ready: it takes no more schedules. */
function isReady(pod: PodObject): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined &&
    pod.status.phase === 'Running' &&
    conditionOf(pod, 'Ready')?.status === 'True'
  );
}

function emitterOf(pod: PodObject): EmitterPod {
  const { metadata, status } = pod;
  const [container] = status.containerStatuses;
  const ready = isReady(pod);
  return {
    ...{ pod: metadata.name, namespace: metadata.namespace, uid: metadata.uid, ready },
    why: ready ? '' : whyUnready(pod),
    restarts: status.containerStatuses.reduce((sum, each) => sum + each.restartCount, 0),
    ...(status.podIP === undefined ? {} : { ip: status.podIP }),
    ...(container?.containerID === undefined ? {} : { container: container.containerID }),
  };
}

function whyUnready({ metadata, status }: PodObject): string {
  if (metadata.deletionTimestamp !== undefined) return 'terminating';
  const waiting = status.containerStatuses
    .map(({ state }) => state.waiting?.reason)
    .find((reason) => reason !== undefined);
  if (waiting !== undefined) return waiting;
  return status.phase === 'Running' ? 'not ready' : (status.phase ?? 'no status');
}
