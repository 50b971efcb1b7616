/** What a cluster holds, as etcd would: objects by kind, one growing resourceVersion, lists in pages of one snapshot. */
import { randomUUID } from 'node:crypto';
import type { ApiRequest } from './api-path.ts';
import { notFound, Refusal } from './api-status.ts';
import { fieldTest, labelTest } from './selector.ts';

export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly namespaced: boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  nodes: { kind: 'Node', group: '', namespaced: false },
  pods: { kind: 'Pod', group: '', namespaced: true },
  configmaps: { kind: 'ConfigMap', group: '', namespaced: true },
  daemonsets: { kind: 'DaemonSet', group: 'apps', namespaced: true },
  controllerrevisions: { kind: 'ControllerRevision', group: 'apps', namespaced: true },
};

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const metadataOnly = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=1';
const partialList = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' };

function metadataOf({ metadata }: StoredObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter.';

interface Snapshot {
  readonly resourceVersion: string;
  readonly left: readonly StoredObject[];
}

export interface ObjectStore {
  /** Creates or replaces; what is missing of uid, creation and version is made up as a server would. */
  apply(resource: string, ...objects: readonly StoredObject[]): void;
  remove(resource: string, name: string): void;
  find(resource: string, namespace: string | undefined, name: string): StoredObject | undefined;
  /** As JSON of a list or of one object; of a list also as the metadata alone. @throws Refusal */
  answer(request: ApiRequest, accept?: string): object;
  /** From now on all continue tokens handed out so far are too old. */
  expireContinueTokens(): void;
}

export function createObjectStore(): ObjectStore {
  const stored = new Map<string, StoredObject>();
  const snapshots = new Map<string, Snapshot>();
  let version = 1000;
  const keyOf = (resource: string, namespace: string | undefined, name: string) =>
    `${resource}/${kinds[resource]?.namespaced === true ? namespace : ''}/${name}`;

  function start({ resource, namespace, query }: ApiRequest): Snapshot {
    const byLabel = labelTest(query.get('labelSelector') ?? '');
    const byField = fieldTest(resource, query.get('fieldSelector') ?? '');
    const left = [...stored]
      .filter(([key]) => key.startsWith(`${resource}/`))
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, object]) => object)
      .filter((object) => byLabel(object) && byField(object));
    return { resourceVersion: String(version), left };
  }

  function goOn(token: string): Snapshot {
    const snapshot = snapshots.get(token);
    if (snapshot !== undefined) return snapshot;
    if (!token.startsWith('page-')) throw new Refusal(400, 'continue key is not valid: illegal base64 data');
    throw new Refusal(410, tooOld, { metadata: { continue: 'page-inconsistent' } });
  }

  function list(request: ApiRequest, kind: Kind, accept: string): object {
    const token = request.query.get('continue') ?? '';
    const { resourceVersion, left } = token === '' ? start(request) : goOn(token);
    const limit = Number(request.query.get('limit') ?? 0);
    const items = limit > 0 ? left.slice(0, limit) : left;
    const rest = left.slice(items.length);
    const more = rest.length === 0 ? {} : { continue: remember({ resourceVersion, left: rest }) };
    if (accept.includes(metadataOnly))
      return { ...partialList, metadata: { resourceVersion, ...more }, items: items.map(metadataOf) };
    const apiVersion = kind.group === '' ? 'v1' : `${kind.group}/v1`;
    return { kind: `${kind.kind}List`, apiVersion, metadata: { resourceVersion, ...more }, items };
  }

  function remember(snapshot: Snapshot): string {
    const token = `page-${randomUUID()}`;
    snapshots.set(token, snapshot);
    return token;
  }

  return {
    apply(resource, ...objects) {
      for (const object of objects) {
        version += 1;
        const { metadata } = object;
        const key = keyOf(resource, metadata.namespace, metadata.name);
        const made = { uid: stored.get(key)?.metadata.uid ?? randomUUID(), creationTimestamp: '2026-11-20T08:00:00Z' };
        stored.set(key, { ...object, metadata: { ...made, ...metadata, resourceVersion: String(version) } });
      }
    },
    remove(resource, name) {
      version += 1;
      for (const key of stored.keys())
        if (key.startsWith(`${resource}/`) && key.endsWith(`/${name}`)) stored.delete(key);
    },
    find: (resource, namespace, name) => stored.get(keyOf(resource, namespace, name)),
    answer(request, accept = '') {
      const kind = kinds[request.resource];
      if (kind === undefined || kind.group !== request.group) throw new Refusal(404, '404 page not found');
      if (request.verb === 'list') return list(request, kind, accept);
      if (request.verb !== 'get')
        throw new Refusal(405, `the server does not allow this method on the requested resource`);
      const found = stored.get(keyOf(request.resource, request.namespace, request.name ?? ''));
      if (found === undefined) throw notFound(request.resource, request.name ?? '');
      return { kind: kind.kind, apiVersion: kind.group === '' ? 'v1' : `${kind.group}/v1`, ...found };
    },
    expireContinueTokens: () => snapshots.clear(),
  };
}
