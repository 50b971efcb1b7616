/** Of an agent's pod also who made it, as which revision, and which ConfigMaps it is configured by. */
import { z } from 'zod';
import { PodObject } from '../kubernetes/cluster-objects.ts';

/** The name may be left out where it is optional; what is written in another way is as if it were not there. */
const reference = z.object({ name: z.string() }).optional().catch(undefined);

function listOf<Item>(item: z.ZodType<Item>) {
  return z.array(item).default([]).catch([]);
}

const container = PodObject.shape.spec.shape.containers.unwrap().element.extend({
  env: listOf(z.object({ valueFrom: z.object({ configMapKeyRef: reference }).nullish() })),
  envFrom: listOf(z.object({ configMapRef: reference })),
});
const volume = z.object({
  configMap: reference,
  projected: z.object({ sources: listOf(z.object({ configMap: reference })) }).nullish(),
});

/** Values of variables are never read. */
export const AgentPod = PodObject.extend({
  spec: PodObject.shape.spec.extend({
    containers: z.array(container).default([]),
    initContainers: listOf(container),
    volumes: listOf(volume),
  }),
});
export type AgentPod = z.infer<typeof AgentPod>;

/** Names of the ConfigMaps that it mounts or takes variables from. */
export function configMapsOf({ spec }: AgentPod): string[] {
  const containers = [...spec.containers, ...spec.initContainers];
  const references = [
    ...spec.volumes.flatMap(({ configMap, projected }) => [
      configMap,
      ...(projected?.sources ?? []).map((source) => source.configMap),
    ]),
    ...containers.flatMap(({ env, envFrom }) => [
      ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef),
      ...envFrom.map(({ configMapRef }) => configMapRef),
    ]),
  ];
  return references.flatMap((each) => each?.name ?? []);
}

/** `DaemonSet fluent-bit`, of those whose revisions the API server keeps. */
export function revisionOwnersOf(object: {
  readonly metadata: Pick<AgentPod['metadata'], 'ownerReferences'>;
}): string[] {
  const owners = object.metadata.ownerReferences.filter(({ kind }) => kind === 'DaemonSet' || kind === 'StatefulSet');
  return owners.map(({ kind, name }) => `${kind} ${name}`);
}
