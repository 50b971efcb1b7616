/** What the API server lists of nodes and pods, read by the real probe: which streams there are, and which can be sent to. */
import type { NodeObject, PodObject } from '../../probes/kubernetes/cluster-objects.ts';
import { createStreamList, type StreamList } from '../../probes/kubernetes/emitter-streams.ts';
import { expectedSet } from '../../probes/kubernetes/expected-set.ts';
import { createClock } from '../../src/lib/clock.ts';
import type { ListedStream } from '../../src/probe.ts';
import { type Cluster, type ClusterNode, graceMs, type Pod } from './cluster.ts';
import { route } from './node-life.ts';
import type { Watchdog } from './watchdog.ts';

export class NodeList {
  private readonly host: Watchdog;
  private readonly cluster: Cluster;
  /** The probe's own. */
  real: StreamList;

  constructor(host: Watchdog, cluster: Cluster) {
    this.host = host;
    this.cluster = cluster;
    this.real = this.begun();
  }

  /** A new process remembers nothing. */
  begin(): void {
    this.real = this.begun();
  }

  private begun(): StreamList {
    const now = () => this.host.toT(this.host.now);
    // The cluster's clock shows the simulation's time; ours may have jumped since a stamp was made.
    return createStreamList({ onOurClock: (stamp) => stamp + now() - this.host.now }, { ...createClock(), now });
  }

  list(): readonly ListedStream[] {
    const there = this.cluster.nodes.filter(({ life }) => this.host.now >= life.from && this.host.now < life.goneAt);
    const nodes = there.map((node) => this.nodeObject(node));
    const pods = there.flatMap((node) => (node.pod ? [this.podObject(node, node.pod)] : []));
    return this.real.list([{ route, ...expectedSet(nodes, pods) }]);
  }

  private nodeObject(node: ClusterNode): NodeObject {
    const { life } = node;
    const leaving = this.host.now >= life.leavingAt;
    const since = this.cluster.unreadySince(node);
    const ready = since === undefined;
    const lastTransitionTime = ready ? life.from : since + graceMs;
    return {
      metadata: {
        name: life.name,
        uid: life.key.split('/')[0] ?? '',
        labels: { 'topology.kubernetes.io/zone': `zone-${life.index % 3}` },
        creationTimestamp: life.from,
      },
      spec: {
        taints: leaving
          ? [{ key: 'aws-node-termination-handler/spot-itn', effect: 'NoSchedule', timeAdded: life.leavingAt }]
          : [],
      },
      status: {
        conditions: [
          {
            type: 'Ready',
            status: ready ? 'True' : 'Unknown',
            reason: ready ? 'KubeletReady' : 'NodeStatusUnknown',
            lastTransitionTime,
          },
        ],
      },
    };
  }

  private podObject(node: ClusterNode, { uid, emitter, readyAt }: Pod): PodObject {
    const { life } = node;
    // The control plane says so of all pods on a node that it does not hear of.
    const ready = emitter.runs && this.host.now >= readyAt && this.cluster.unreadySince(node) === undefined;
    return {
      metadata: {
        name: `emitter-${uid}`,
        namespace: route.namespace,
        uid,
        labels: {},
        creationTimestamp: life.from,
        ownerReferences: [],
      },
      spec: { nodeName: life.name, containers: [{ name: 'emitter' }] },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        containerStatuses: [
          { name: 'emitter', restartCount: emitter.restarts, containerID: `${uid}-${emitter.restarts}`, state: {} },
        ],
      },
    };
  }
}
