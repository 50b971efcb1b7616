/** Reads nodes and pods in paged lists, again and again: informers stop for good after most errors (client-node#1933). */
import type { z } from 'zod';
import type { CallOptions } from '../../src/probe.ts';
import type { ClusterApi } from './cluster-api.ts';
import { NodeObject, PodObject } from './cluster-objects.ts';
import { type ExpectedSet, expectedSet, type Route } from './expected-set.ts';
import { listAll } from './paged-list.ts';

/** All nodes. @throws ProbeError; never a part of them */
export function listNodes(api: ClusterApi, { signal }: CallOptions): Promise<readonly NodeObject[]> {
  const errand = { what: 'list nodes', grant: 'list nodes' };
  return listAll(api, errand, { path: '/api/v1/nodes', item: NodeObject }, signal);
}

/** The pods of a route. @throws ProbeError; never a part of them */
export function listPods(api: ClusterApi, route: Route, options: CallOptions): Promise<readonly PodObject[]> {
  return listPodsAs(PodObject, api, route, options);
}

/** The same, where somebody reads more of a pod. @throws ProbeError; never a part of them */
export function listPodsAs<Pod>(
  item: z.ZodType<Pod>,
  api: ClusterApi,
  { namespace, selector }: Route,
  { signal }: CallOptions,
): Promise<readonly Pod[]> {
  const errand = {
    what: `list pods "${selector}" in namespace "${namespace}"`,
    grant: `list pods in namespace "${namespace}"`,
    check: `namespace "${namespace}"`,
  };
  return listAll(api, errand, { path: `/api/v1/namespaces/${namespace}/pods`, labelSelector: selector, item }, signal);
}

export interface RouteSet extends ExpectedSet {
  readonly route: Route;
}

/** Each route's expected set, from one reading of the nodes. Pods are read after the nodes: a node's pod is younger than it. */
export async function readExpectedSets(
  api: ClusterApi,
  routes: readonly Route[],
  options: CallOptions,
  agents?: Route,
): Promise<readonly RouteSet[]> {
  const nodes = await listNodes(api, options);
  const agentPods = agents === undefined ? [] : await listPods(api, agents, options);
  const sets: RouteSet[] = [];
  for (const route of routes)
    sets.push({ route, ...expectedSet(nodes, await listPods(api, route, options), route, agentPods) });
  return sets;
}
