/** Whole lists in pages: an answer of thousands of nodes at once would block us and weigh on the server. */
import { z } from 'zod';
import { ProbeError } from '../../src/probe.ts';
import { Failure } from '../http/failure.ts';
import type { ClusterApi } from './cluster-api.ts';
import type { Errand } from './failure.ts';

/** Objects of a page: a node has about 16 KB (its images); 100 of them take 2 ms to parse. */
export const PAGE_SIZE = 100;
/** The largest page taken, bytes: 100 nodes with all the annotations that are allowed would be more, and are not honest. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
/** 5,000 nodes are the most that a cluster supports; 150,000 pods are, but ours are one a node. https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
const MAX_PAGES = 100;
/** How often a list begins anew because its pages had become too old (410). */
const MAX_RESTARTS = 2;

export interface ListRequest<Item> {
  /** For example `/api/v1/nodes`. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly item: z.ZodType<Item>;
  /** Leaves everything but `metadata` on the server: contents, which may be secret, are never sent. */
  readonly metadataOnly?: boolean;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=1';

/** @throws ProbeError for anything but the whole list, as of one moment */
export async function listAll<Item>(
  api: ClusterApi,
  errand: Errand,
  { item, metadataOnly = false, ...request }: ListRequest<Item>,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const Page = z.object({
    metadata: z.object({ continue: z.string().optional() }),
    items: z.array(item),
  });
  const accept = metadataOnly ? { accept: METADATA_ONLY } : {};
  const pathOf = (token: string) => `${request.path}?${queryOf(request, token)}`;
  for (let restarts = 0; ; restarts += 1) {
    const items: Item[] = [];
    let token = '';
    try {
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const call = { method: 'GET', path: pathOf(token), maxBytes: MAX_PAGE_BYTES, ...accept } as const;
        const { metadata, items: more } = await api.ask(errand, Page, call, signal);
        items.push(...more);
        token = metadata.continue ?? '';
        if (token === '') return items;
      }
    } catch (error) {
      if (token === '' || restarts >= MAX_RESTARTS || !isExpired(error)) throw error;
      continue;
    }
    throw new ProbeError(`Cannot ${errand.what}: more than ${MAX_PAGES * PAGE_SIZE} of them. Narrow the selector.`, {
      reason: 'too_large',
    });
  }
}

function queryOf(
  { labelSelector, fieldSelector }: Omit<ListRequest<never>, 'item' | 'metadataOnly'>,
  token: string,
): URLSearchParams {
  return new URLSearchParams({
    limit: String(PAGE_SIZE),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(token === '' ? {} : { continue: token }),
  });
}

/** The pages' snapshot was compacted away: 410. https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses */
function isExpired(error: unknown): boolean {
  return error instanceof ProbeError && error.cause instanceof Failure && error.cause.status === 410;
}
