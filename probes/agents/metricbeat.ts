/**
 * How old the newest metrics of each node are, from the index that Metricbeat writes to: one search with aggregations only.
 * Nodes are those that `state_node` calls Ready; its documents carry the host name of the leader that asked
 * kube-state-metrics, so they count for the node they are about and never for the one they come from.
 */
import { z } from 'zod';
import { type CheckResult, type Clock, type EpochMs, ProbeError, type Reading } from '../../src/probe.ts';
import type { Elastic } from '../elasticsearch/elastic-client.ts';
import type { Lasting } from './lasting.ts';
import { named } from './named.ts';

export interface FreshnessOptions {
  readonly elastic: Elastic;
  readonly index: string;
  /** The field of system metrics that holds the node's name. */
  readonly hostField: string;
  readonly modules: readonly ('system' | 'kubernetes')[];
  /** Of a node's newest metrics, ms; undefined: three periods, at least 60 s. */
  readonly maxAgeMs: number | undefined;
  readonly clock: Clock;
  readonly lasting: Lasting;
}

/** How far back is searched: what is older is missing. */
const window = '15m';
/** More nodes than a cluster can have. https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
const maxNodes = 5000;
/** `period` of the system and kubernetes modules as they are shipped, ms. */
const defaultPeriodMs = 10_000;
const leastAgeMs = 60_000;
/** A node may have come so lately, ms, that its metrics need not be there yet. */
const missingMs = 3 * 60_000;

const value = z.object({ value: z.number().nullable() });
const nodesAnswer = z.object({
  nodes: z.object({
    sum_other_doc_count: z.number().default(0),
    buckets: z.array(
      z.object({
        key: z.string(),
        newest: value,
        period: value,
        ready: z.object({ newest: value }).optional(),
      }),
    ),
  }),
});
const searchAnswer = z.object({
  timed_out: z.boolean(),
  _shards: z.object({ total: z.number(), failed: z.number() }),
  aggregations: z.object({ system: nodesAnswer, kubernetes: nodesAnswer, state: nodesAnswer }).optional(),
});

/** By node or host: the newest document and the period between two, ms. */
type Newest = ReadonlyMap<string, { readonly at: EpochMs; readonly periodMs: number; readonly ready: boolean }>;

export async function checkFreshness(options: FreshnessOptions, signal: AbortSignal): Promise<CheckResult> {
  const { clock, lasting } = options;
  const found = await search(options, signal);
  const now = clock.wall();
  const judged = options.modules.includes('kubernetes')
    ? judgeNodes(options, found, now)
    : judgeHosts(options, found, now);
  lasting.endRound();
  return judged;
}

// ------------------------------------------------------------------------------------------------ the search

interface Found {
  readonly system: Newest;
  readonly kubernetes: Newest;
  readonly state: Newest;
}

async function search({ elastic, index, hostField }: FreshnessOptions, signal: AbortSignal): Promise<Found> {
  const errand = {
    what: `search "${index}"`,
    grant: 'read on the index',
    check: `that "${index}" exists, or set index`,
  };
  const body = {
    ...{ index, size: 0, track_total_hits: false, allow_partial_search_results: false },
    query: { bool: { filter: [{ range: { '@timestamp': { gte: `now-${window}` } } }] } },
    aggs: {
      system: newestOf('system', 'cpu', hostField),
      kubernetes: newestOf('kubernetes', 'node', 'kubernetes.node.name'),
      state: newestOf('kubernetes', 'state_node', 'kubernetes.node.name', {
        ready: { filter: { term: { 'kubernetes.node.status.ready': 'true' } }, aggs: newest },
      }),
    },
  };
  const answer = await elastic.ask(errand, searchAnswer, signal, (client, options) =>
    client.search(body as object, options),
  );
  return foundIn(index, answer);
}

const newest = { newest: { max: { field: '@timestamp' } } };

/** Only terms, max and filter, which every version since 6 has. */
function newestOf(module: string, metricset: string, field: string, more: object = {}): object {
  const filter = [{ term: { 'event.module': module } }, { term: { 'metricset.name': metricset } }];
  const period = { period: { max: { field: 'metricset.period' } } };
  const nodes = { terms: { field, size: maxNodes }, aggs: { ...newest, ...period, ...more } };
  return { filter: { bool: { filter } }, aggs: { nodes } };
}

function foundIn(index: string, { _shards: shards, timed_out, aggregations }: z.infer<typeof searchAnswer>): Found {
  if (shards.total === 0 || aggregations === undefined) {
    const message = `Cannot search "${index}": no index matches it. Set index to where Metricbeat writes.`;
    throw new ProbeError(message, { reason: 'not_found', retryable: true });
  }
  const parts = [aggregations.system, aggregations.kubernetes, aggregations.state];
  const cut = parts.some(({ nodes }) => nodes.sum_other_doc_count > 0);
  if (shards.failed > 0 || timed_out || cut) {
    const what = cut
      ? `more than ${maxNodes} nodes`
      : `${shards.failed} of ${shards.total} shards failed or took too long`;
    throw new ProbeError(
      `Searched only a part of "${index}": ${what}. Look at the health of the cluster, or narrow index.`,
      {
        ...{ reason: 'partial', retryable: true },
      },
    );
  }
  const [system, kubernetes, state] = parts.map(newestIn) as [Newest, Newest, Newest];
  return { system, kubernetes, state };
}

function newestIn({ nodes }: z.infer<typeof nodesAnswer>): Newest {
  return new Map(
    nodes.buckets.flatMap(({ key, newest: { value: at }, period, ready }) =>
      at === null ? [] : [[key, { at, periodMs: period.value ?? defaultPeriodMs, ready: ready?.newest.value === at }]],
    ),
  );
}

// ------------------------------------------------------------------------------------------------ judging

function judgeHosts(options: FreshnessOptions, { system }: Found, now: EpochMs): CheckResult {
  const readings = agesOf('system', system, options, now);
  return { readings, problems: [], ...(readings.length === 0 ? { why: noHosts(options.index) } : {}) };
}

function judgeNodes(options: FreshnessOptions, found: Found, now: EpochMs): CheckResult {
  const { ready, problem } = readyNodes(found.state, options, now);
  if (ready === undefined) return { readings: [], problems: [], why: noNodes(options.index) };
  const kubernetes = ofNodes(ready, found.kubernetes);
  const problems = problem === undefined ? [] : [problem];
  problems.push(...missingIn('kubernetes', ready, kubernetes, options));
  const readings = agesOf('kubernetes', kubernetes, options, now);
  if (!options.modules.includes('system')) return { readings, problems };
  const system = ofNodes(ready, found.system);
  if (system.size === 0 && found.system.size > 0)
    return { readings, problems, why: otherNames(options.hostField, found.system, ready) };
  problems.push(...missingIn('system', ready, system, options));
  return { readings: [...readings, ...agesOf('system', system, options, now)], problems };
}

/**
 * Nodes of the newest report that are Ready. One report is about all nodes at once, so a node that is in older reports only
 * is gone. A report that is old itself is still the best list there is, and a problem.
 */
function readyNodes(state: Newest, options: FreshnessOptions, now: EpochMs) {
  if (state.size === 0) return { ready: undefined, problem: undefined };
  const last = [...state.values()].reduce((one, other) => (other.at > one.at ? other : one));
  const current = [...state].filter(([, { at }]) => at > last.at - 2 * last.periodMs);
  const ready = current.flatMap(([name, { ready: is }]) => (is ? [name] : []));
  const ageMs = now - last.at;
  const isOld = ageMs > limitMs(last.periodMs, options);
  const old = `state_node is ${Math.round(ageMs / 1000)} s old: the leader of Metricbeat does not run, or kube-state-metrics does not answer it`;
  return { ready, problem: isOld ? old : undefined };
}

/** A host is called like its node, or by the first part of that. */
function ofNodes(ready: readonly string[], metrics: Newest): Newest {
  const short = new Map([...metrics].map(([name, each]) => [firstPart(name), each]));
  return new Map(
    ready.flatMap((node) => {
      const own = metrics.get(node) ?? short.get(firstPart(node));
      return own === undefined ? [] : [[node, own] as const];
    }),
  );
}

function firstPart(name: string): string {
  return /^\d+(\.\d+){3}$/.test(name) ? name : (name.split('.')[0] ?? name).toLowerCase();
}

function missingIn(
  module: string,
  ready: readonly string[],
  metrics: Newest,
  { lasting, clock }: FreshnessOptions,
): string[] {
  const missing = ready.filter(
    (node) => !metrics.has(node) && lasting.holds(`${module} ${node}`, clock.now(), missingMs),
  );
  return missing.length === 0 ? [] : [`metricbeat: no ${module} metrics of ${named(missing)}, Ready, for ${window}`];
}

function agesOf(module: string, metrics: Newest, options: FreshnessOptions, now: EpochMs): Reading[] {
  return [...metrics].map(([node, { at, periodMs }]) => ({
    ...{ measure: `${module}-age`, subject: `${node} ${module}`, unit: 'seconds' as const },
    value: Math.max(0, (now - at) / 1000),
    limit: limitMs(periodMs, options) / 1000,
    limitName: options.maxAgeMs === undefined ? 'three periods, or a minute' : 'max_age',
    agent: { kind: 'metricbeat', node, name: node },
  }));
}

function limitMs(periodMs: number, { maxAgeMs }: FreshnessOptions): number {
  return maxAgeMs ?? Math.max(3 * periodMs, leastAgeMs);
}

function noNodes(index: string): ProbeError {
  const message = `Cannot tell which nodes are Ready: "${index}" has no state_node of the last ${window}. See whether Metricbeat has a leader and kube-state-metrics answers it, or set modules: [system].`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}

function noHosts(index: string): ProbeError {
  const message = `Cannot tell how old metrics are: "${index}" has no system metrics of the last ${window}. See whether Metricbeat runs, and set index.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}

function otherNames(field: string, hosts: Newest, ready: readonly string[]): ProbeError {
  const [host = ''] = hosts.keys();
  const message = `Cannot tell whose the system metrics are: no ${field} ("${host.slice(0, 80)}") is called like a node ("${(ready[0] ?? '').slice(0, 80)}"). Set host_field.`;
  return new ProbeError(message, { reason: 'config' });
}
