/**
 * What was changed at a cluster's agents lately: rollouts and their configuration. Only metadata is read, and what cannot be
 * read is missing here and nowhere else: this says why something may have broken, never whether it did.
 */
import { z } from 'zod';
import { type Change, type Clock, type Log, ProbeError } from '../../src/probe.ts';
import { Failure } from '../http/failure.ts';
import type { ClusterApi } from '../kubernetes/cluster-api.ts';
import { moment } from '../kubernetes/cluster-objects.ts';
import type { Route } from '../kubernetes/expected-set.ts';
import { type ListRequest, listAll } from '../kubernetes/paged-list.ts';
import { type AgentPod, configMapsOf, revisionOwnersOf } from './agent-pod.ts';

/** The check goes on without it after this, ms: two lists of a page or two, when their turn comes. */
const patienceMs = 3_000;
/** Older ones explain nothing that begins now, ms. */
const toldMs = 24 * 3_600_000;
/** The newest of each sort. */
const maxTold = 50;

/** Everything but the names of fields and of managers stays on the server. */
const Metadata = z.object({
  metadata: z.object({
    name: z.string().min(1),
    creationTimestamp: moment.optional(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
    managedFields: z
      .array(z.object({ time: moment.optional().catch(undefined), manager: z.string().optional() }))
      .default([]),
  }),
});
type Metadata = z.infer<typeof Metadata>;

/** A revision that does not run everywhere yet. */
export interface Rollout {
  /** As in the pods' label `controller-revision-hash`. */
  readonly revision: string;
  /** Pods that are of it. */
  readonly updated: number;
}

export interface ClusterChanges {
  readonly changes: readonly Change[];
  /** Undefined where nothing rolls out, or that cannot be told. */
  readonly rollout?: Rollout | undefined;
}

export interface ChangeReader {
  /** Never rejects: what cannot be read now is as it was. */
  read(pods: readonly AgentPod[], signal: AbortSignal): Promise<ClusterChanges>;
}

interface Source {
  readonly api: ClusterApi;
  readonly route: Route;
  readonly clock: Clock;
  readonly log: Log;
}

export function createChangeReader(source: Source): ChangeReader {
  const { clock, log } = source;
  const known: { revisions: readonly Metadata[]; configMaps: readonly Metadata[] } = { revisions: [], configMaps: [] };
  /** Grants that were said to be missing. */
  const said = new Set<string>();

  async function renew(sort: keyof typeof known, list: () => Promise<readonly Metadata[]>): Promise<void> {
    try {
      known[sort] = await list();
      said.delete(sort);
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      const isNews = isForbidden(error) && !said.has(sort);
      if (isNews) said.add(sort);
      log[isNews ? 'warn' : 'debug']({ reason: error.reason }, `Changes of agents are not told. ${error.message}`);
    }
  }

  return {
    async read(pods, signal) {
      const deadline = clock.deadline(patienceMs, signal);
      const owners = new Set(pods.flatMap(revisionOwnersOf));
      const names = new Set(pods.flatMap(configMapsOf));
      try {
        await Promise.all([
          owners.size > 0 && renew('revisions', () => listRevisions(source, owners, deadline.signal)),
          names.size > 0 && renew('configMaps', () => listConfigMaps(source, names, deadline.signal)),
        ]);
      } finally {
        deadline.clear();
      }
      const { revisions, configMaps } = known;
      return {
        changes: [...rolloutsIn(revisions, source), ...configurationsIn(configMaps, source)],
        rollout: rolloutOf(revisions, pods),
      };
    },
  };
}

function isForbidden({ cause }: ProbeError): boolean {
  return cause instanceof Failure && cause.status === 403;
}

// ------------------------------------------------------------------------------------------------ reading

function listMetadata(
  { api, route: { namespace } }: Source,
  plural: string,
  request: Pick<ListRequest<Metadata>, 'path' | 'labelSelector'>,
  signal: AbortSignal,
): Promise<readonly Metadata[]> {
  const errand = {
    what: `list ${plural} in namespace "${namespace}"`,
    grant: `list ${plural} in namespace "${namespace}"`,
  };
  return listAll(api, errand, { ...request, item: Metadata, metadataOnly: true }, signal);
}

/** They bear the labels of the pods that are made by them. Their content is the pods' template, variables and all. */
async function listRevisions(source: Source, owners: ReadonlySet<string>, signal: AbortSignal) {
  const { namespace, selector: labelSelector } = source.route;
  const path = `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`;
  const all = await listMetadata(source, 'controllerrevisions', { path, labelSelector }, signal);
  return all.filter((each) => revisionOwnersOf(each).some((owner) => owners.has(owner)));
}

async function listConfigMaps(source: Source, names: ReadonlySet<string>, signal: AbortSignal) {
  const path = `/api/v1/namespaces/${source.route.namespace}/configmaps`;
  const all = await listMetadata(source, 'configmaps', { path }, signal);
  return all.filter(({ metadata }) => names.has(metadata.name));
}

// ------------------------------------------------------------------------------------------------ telling

/** Going back to an older revision changes that one's number, not its creation. */
function rolloutsIn(revisions: readonly Metadata[], source: Source): Change[] {
  return lately(revisions, source, (revision) => {
    const [owner = ''] = revisionOwnersOf(revision);
    return `${inNamespace(owner, source)}: revision ${hashOf(revision)} begins to roll out`;
  });
}

function configurationsIn(configMaps: readonly Metadata[], source: Source): Change[] {
  return lately(configMaps, source, (configMap) => {
    const { at, manager } = newest(configMap);
    const verb = at === configMap.metadata.creationTimestamp ? 'created' : 'changed';
    return `${inNamespace(`ConfigMap ${configMap.metadata.name}`, source)}: ${verb}${byWhom(manager)}`;
  });
}

function lately(objects: readonly Metadata[], { api, clock }: Source, say: (object: Metadata) => string): Change[] {
  const all = objects.flatMap((object) => {
    const { at } = newest(object);
    return at === undefined ? [] : [{ at: api.onOurClock(at), what: say(object) }];
  });
  const since = clock.now() - toldMs;
  const recent = all.filter(({ at }) => at >= since);
  return recent.toSorted((one, other) => other.at - one.at).slice(0, maxTold);
}

/** The last time that anybody wrote it, ms of the cluster's clock, and who. */
function newest({ metadata }: Metadata): { readonly at: number | undefined; readonly manager?: string | undefined } {
  const written = metadata.managedFields.filter(({ time }) => time !== undefined);
  const [last] = written.toSorted((one, other) => (other.time ?? 0) - (one.time ?? 0));
  return { at: last?.time ?? metadata.creationTimestamp, manager: last?.manager };
}

/** `DaemonSet fluent-bit` as `DaemonSet logging/fluent-bit`. */
function inNamespace(what: string, { route }: Source): string {
  return what.replace(' ', ` ${route.namespace}/`);
}

/** A manager chooses its own name: `helm`, `kubectl-client-side-apply`. */
function byWhom(manager: string | undefined): string {
  return manager !== undefined && /^[\w.:/@ -]{1,60}$/.test(manager) ? ` by ${manager}` : '';
}

/** A revision is called like its owner and its hash. */
function hashOf(revision: Metadata): string {
  const [owner] = revision.metadata.ownerReferences;
  return revision.metadata.name.replace(`${owner?.name}-`, '');
}

// ------------------------------------------------------------------------------------------------ rolling out

/** While pods of the newest revision and of older ones run side by side. Of several DaemonSets, the first where that is so. */
function rolloutOf(revisions: readonly Metadata[], pods: readonly AgentPod[]): Rollout | undefined {
  for (const owner of new Set(pods.flatMap(revisionOwnersOf))) {
    const own = revisions.filter((each) => revisionOwnersOf(each).includes(owner));
    const [last] = own.toSorted((one, other) => (newest(other).at ?? 0) - (newest(one).at ?? 0));
    if (last === undefined) continue;
    const revision = hashOf(last);
    const present = pods.filter((pod) => revisionOwnersOf(pod).includes(owner));
    const updated = present.filter((pod) => isOf(pod, last.metadata.name, revision)).length;
    if (updated < present.length) return { revision, updated };
  }
  return undefined;
}

/** DaemonSets label their pods with the hash, StatefulSets with the revision's whole name. */
function isOf({ metadata }: AgentPod, name: string, hash: string): boolean {
  const label = metadata.labels['controller-revision-hash'];
  return label === undefined || label === hash || label === name;
}
