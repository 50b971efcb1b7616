/** The agents of a cluster: its pods by namespace and labels, asked through the API server. */
import { type ProbeContext, ProbeError } from '../../src/probe.ts';
import { Failure } from '../http/failure.ts';
import { type ClusterApi, openCluster } from '../kubernetes/cluster-api.ts';
import { NodeObject, type PodObject } from '../kubernetes/cluster-objects.ts';
import { listPodsAs } from '../kubernetes/cluster-watch.ts';
import { type EmitterPod, expectedSet } from '../kubernetes/expected-set.ts';
import { viewNode } from '../kubernetes/node-view.ts';
import { listAll } from '../kubernetes/paged-list.ts';
import type { AgentPodsConfig } from './agent-config.ts';
import { AgentPod } from './agent-pod.ts';
import type { Agent, AgentAnswer, AgentListing, AgentTargets } from './agent-targets.ts';
import { createChangeReader } from './cluster-changes.ts';

/** How long a list of nodes and pods is good for, ms: large clusters take dozens of calls for one. */
const listMs = 60_000;
/** ... and while agents are missing there: that they are back is seen before they are called missing for long. Not in large clusters. */
const anxiousListMs = 15_000;
const largeCluster = 500;
/** The largest page taken through the API server, bytes; it is held in memory as a whole. */
const maxPageBytes = 32 * 1024 * 1024;

/** @param patienceMs of one answer, once its turn has come */
export function openKubernetesTargets(
  config: AgentPodsConfig,
  { clock, log }: ProbeContext,
  patienceMs: number,
): AgentTargets {
  const api = openCluster(config, clock);
  const changed = createChangeReader({ api, route: config, clock, log });
  let kept: { readonly at: number; readonly listing: AgentListing } | undefined;
  return {
    async list(options) {
      if (kept !== undefined && clock.monotonicMs() - kept.at < goodFor(kept.listing) && !options.signal.aborted)
        return kept.listing;
      const nodes = await listNodesOf(api, config, options);
      // After the nodes: a node's pod is younger than it.
      const pods = await listPodsAs(AgentPod, api, config, options);
      const listed = listingOf(nodes, pods, (pod) => fetcher(api, config, pod, patienceMs));
      const listing = { ...listed, ...(await changed.read(pods, options.signal)) };
      kept = { at: clock.monotonicMs(), listing };
      return listing;
    },
    close: () => api.close(),
  };
}

function goodFor({ agents, absent }: AgentListing): number {
  return absent.size > 0 && agents.length + absent.size <= largeCluster ? anxiousListMs : listMs;
}

function listNodesOf(
  api: ClusterApi,
  { node_selector: labelSelector }: AgentPodsConfig,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly NodeObject[]> {
  const selected = labelSelector === undefined ? {} : { labelSelector };
  return listAll(
    api,
    { what: 'list nodes', grant: 'list nodes' },
    { path: '/api/v1/nodes', item: NodeObject, ...selected },
    signal,
  );
}

// ------------------------------------------------------------------------------------------------ which there are

type Fetch = Agent['fetch'];

/** A DaemonSet's pods belong to their nodes, and are missed there. Other pods stand for themselves. */
export function listingOf(
  nodes: readonly NodeObject[],
  pods: readonly PodObject[],
  fetchOf: (pod: string) => Fetch,
): AgentListing {
  const perNode = pods.some(({ metadata }) => metadata.ownerReferences.some(({ kind }) => kind === 'DaemonSet'));
  const ready = nodes.map(viewNode).filter(({ standing }) => standing === 'expected');
  const base = { nodes: ready.map(({ name }) => name) };
  return perNode ? { ...base, ...onNodes(nodes, pods, fetchOf) } : { ...base, ...byThemselves(pods, fetchOf) };
}

function onNodes(
  nodes: readonly NodeObject[],
  pods: readonly PodObject[],
  fetchOf: (pod: string) => Fetch,
): Omit<AgentListing, 'nodes'> {
  const { places, uncovered } = expectedSet(nodes, pods);
  // Nodes that leave keep telling until they are gone: what their agents lose counts.
  const agents = places.flatMap(({ node, emitter }) =>
    emitter?.ready === true ? [agentOf(emitter, node.name, node.name, fetchOf)] : [],
  );
  return { agents, absent: new Map(uncovered.map(({ node, why }) => [node, absence(why)])) };
}

function absence(why: string): string {
  return why === 'no emitter pod' ? 'has no pod' : `is not ready (${why})`;
}

function byThemselves(pods: readonly PodObject[], fetchOf: (pod: string) => Fetch): Omit<AgentListing, 'nodes'> {
  const agents: Agent[] = [];
  const absent = new Map<string, string>();
  for (const pod of pods) {
    const { metadata, spec } = pod;
    const node = spec.nodeName ?? metadata.name;
    // The same view as of a DaemonSet's pod, of one node with one pod.
    const view = expectedSet([nodeFor(node)], [{ ...pod, spec: { ...spec, nodeName: node } }]).places[0]?.emitter;
    if (metadata.deletionTimestamp !== undefined || view === undefined) continue;
    if (view.ready) agents.push(agentOf(view, node, metadata.name, fetchOf));
    else absent.set(metadata.name, absence(view.why));
  }
  return { agents, absent };
}

function nodeFor(name: string): NodeObject {
  return { metadata: { name, uid: name, labels: {} }, spec: { taints: [] }, status: { conditions: [] } };
}

function agentOf(pod: EmitterPod, node: string, name: string, fetchOf: (pod: string) => Fetch): Agent {
  return {
    place: { name, node },
    address: `pod ${pod.namespace}/${pod.pod}`,
    incarnation: `${pod.uid}.${pod.restarts}`,
    fetch: fetchOf(pod.pod),
  };
}

// ------------------------------------------------------------------------------------------------ asking

function fetcher(api: ClusterApi, { namespace, port }: AgentPodsConfig, pod: string, patienceMs: number): Fetch {
  const errand = {
    what: `read port ${port} of pod "${pod}"`,
    grant: `get pods/proxy in namespace "${namespace}"`,
    check: 'that the pod still runs',
  };
  return async (page, { signal }): Promise<AgentAnswer> => {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy${page}`;
    try {
      const request = { method: 'GET', path, maxBytes: maxPageBytes, timeoutMs: patienceMs } as const;
      const { headers, body } = await api.call(errand, request, signal);
      return { status: 200, headers, body: once(body) };
    } catch (error) {
      const answered = answerOfPod(error);
      if (answered !== undefined) return answered;
      throw withHint(error);
    }
  };
}

/** A refusal without a word of the API server is the pod's own. */
function answerOfPod(error: unknown): AgentAnswer | undefined {
  const failure = error instanceof ProbeError ? error.cause : undefined;
  if (!(failure instanceof Failure) || failure.status === undefined || failure.said !== undefined) return undefined;
  return { status: failure.status, headers: {}, body: once(Buffer.alloc(0)) };
}

/** The API server calls the pod's address: what listens on localhost only does not answer it. */
function withHint(error: unknown): unknown {
  if (!(error instanceof ProbeError) || error.reason !== 'server_error') return error;
  const hint = 'Check that the agent listens on the address of its pod: localhost is not reached this way.';
  return new ProbeError(`${error.message} ${hint}`, { reason: error.reason, retryable: true, cause: error });
}

async function* once(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}
