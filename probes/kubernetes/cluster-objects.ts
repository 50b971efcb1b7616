/** Of nodes and pods only what somebody reads; a server that omits more than this is taken as it is. */
import { z } from 'zod';

/** RFC 3339, as ms of the cluster's clock. */
export const moment = z
  .string()
  .transform((text) => Date.parse(text))
  .pipe(z.number());

const metadata = z.object({
  name: z.string().min(1),
  uid: z.string().min(1),
  labels: z.record(z.string(), z.string()).default({}),
  creationTimestamp: moment.optional(),
  deletionTimestamp: moment.optional(),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: moment.nullish(),
});

export const NodeObject = z.object({
  metadata,
  spec: z.object({
    unschedulable: z.boolean().optional(),
    taints: z
      .array(
        z.object({
          key: z.string(),
          value: z.string().optional(),
          effect: z.string(),
          timeAdded: moment.nullish(),
        }),
      )
      .default([]),
  }),
  status: z.object({
    conditions: z.array(condition).default([]),
    nodeInfo: z.object({ operatingSystem: z.string().optional() }).optional(),
  }),
});
export type NodeObject = z.infer<typeof NodeObject>;

export const PodObject = z.object({
  metadata: metadata.extend({
    namespace: z.string(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ name: z.string() })).default([]),
  }),
  status: z.object({
    phase: z.string().optional(),
    podIP: z.string().optional(),
    conditions: z.array(condition).default([]),
    containerStatuses: z
      .array(
        z.object({
          name: z.string(),
          restartCount: z.number().int().default(0),
          containerID: z.string().optional(),
          state: z
            .object({ waiting: z.object({ reason: z.string().optional() }).optional() })
            .catch({})
            .default({}),
        }),
      )
      .default([]),
  }),
});
export type PodObject = z.infer<typeof PodObject>;

/** The condition of that type, if it was ever reported. */
export function conditionOf(object: NodeObject | PodObject, type: string) {
  return object.status.conditions.find((each) => each.type === type);
}
