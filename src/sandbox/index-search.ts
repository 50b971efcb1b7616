/** `_search`, `_count` and their parameters for the simulated index. */
import type { Clock } from '../lib/clock.ts';
import { IndexFault } from './index-fault.ts';
import { type Mapping, toComparable } from './index-fields.ts';
import { compileQuery, valuesOf, wildcard } from './index-query.ts';
import { type Document, type IndexStore, SHARDS } from './index-store.ts';

/** `index.max_result_window`. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
const MAX_RESULT_WINDOW = 10_000;
/** The shard that does not answer while shards are made to fail. */
const FAILING_SHARD = 1;
/** What a document without the sort field sorts by, as on the wire: Long.MAX_VALUE as JSON readers round it. */
const MISSING_LAST = 2 ** 63;

export interface SearchParameters {
  readonly ignoreUnavailable: boolean;
  readonly allowNoIndices: boolean;
  readonly allowPartial: boolean;
}

export interface SearchFaults {
  readonly partialShards: boolean;
}

type Body = Readonly<Record<string, unknown>>;
type SortValue = number | string | null;

interface Hit {
  readonly document: Document;
  readonly sort: SortValue[];
}

interface SortKey {
  readonly field: string;
  readonly descending: boolean;
}

export function search(
  store: IndexStore,
  clock: Clock,
  faults: SearchFaults,
  expression: string,
  body: Body,
  parameters: SearchParameters,
): object {
  refuseUnknown(body);
  const started = clock.monotonicMs();
  const names = store.resolve(expression, parameters);
  const shards = shardsOf(names, faults, parameters);
  const size = Number(body.size ?? 10);
  const from = Number(body.from ?? 0);
  const most = Math.min(...names.map((name) => windowOf(store, name)));
  if (from + size > most)
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      `Result window is too large, from + size must be less than or equal to: [${most}] but was [${from + size}].`,
    );
  const keys = sortKeys(body.sort, names, store);
  const all = matching(store, clock, faults, names, body, keys);
  const window = afterOf(all, keys, body.search_after).slice(from, from + size);
  return {
    took: Math.round(clock.monotonicMs() - started),
    timed_out: false,
    _shards: shards,
    hits: {
      ...totalOf(all.length, body.track_total_hits),
      max_score: keys.length > 0 || all.length === 0 ? null : 1,
      hits: window.map((hit) => show(hit, keys, body)),
    },
  };
}

function windowOf(store: IndexStore, name: string): number {
  return Number(store.indices.get(name)?.settings['index.max_result_window'] ?? MAX_RESULT_WINDOW);
}

export function count(
  store: IndexStore,
  clock: Clock,
  faults: SearchFaults,
  expression: string,
  body: Body,
  parameters: SearchParameters,
): object {
  const names = store.resolve(expression, parameters);
  const shards = shardsOf(names, faults, { ...parameters, allowPartial: true });
  return { count: matching(store, clock, faults, names, { query: body.query }, []).length, _shards: shards };
}

const known = new Set(
  'query size from sort search_after _source track_total_hits timeout track_scores version seq_no_primary_term terminate_after'.split(
    ' ',
  ),
);

function refuseUnknown(body: Body): void {
  const strange = Object.keys(body).find((key) => !known.has(key));
  if (strange !== undefined)
    throw new IndexFault(
      400,
      'parsing_exception',
      `Unknown key for a VALUE in [${strange}] (this sandbox index does not simulate it).`,
    );
}

function shardsOf(names: readonly string[], faults: SearchFaults, parameters: SearchParameters): object {
  const total = names.length * SHARDS;
  const failing = faults.partialShards ? names : [];
  if (failing.length > 0 && !parameters.allowPartial)
    throw new IndexFault(
      503,
      'search_phase_execution_exception',
      `Search rejected due to missing shards [${failing.map((name) => `[${name}][${FAILING_SHARD}]`).join(', ')}]. Consider using \`allow_partial_search_results\` setting to bypass this error.`,
    );
  const failures = failing.map((name) => ({
    ...{ shard: FAILING_SHARD, index: name, node: null },
    reason: { type: 'no_shard_available_action_exception', reason: null, index: name, shard: String(FAILING_SHARD) },
  }));
  return {
    total,
    successful: total - failures.length,
    skipped: 0,
    failed: failures.length,
    ...(failures.length > 0 ? { failures } : {}),
  };
}

function matching(
  store: IndexStore,
  clock: Clock,
  faults: SearchFaults,
  names: readonly string[],
  body: Body,
  keys: readonly SortKey[],
): Hit[] {
  const hits: Hit[] = [];
  for (const name of names) {
    const mapping = store.indices.get(name)?.mapping ?? new Map();
    const matches = compileQuery(body.query, { mapping, now: clock.wall(), namesIgnored: store.namesIgnored });
    for (const document of store.searchable(name)) {
      if (faults.partialShards && document.shard === FAILING_SHARD) continue;
      if (matches(document)) hits.push({ document, sort: keys.map((key) => sortValue(document, key, mapping)) });
    }
  }
  if (keys.length > 0) hits.sort((a, b) => compareSort(a.sort, b.sort, keys));
  return hits;
}

// ------------------------------------------------------------------------------------------------ order and pages

function sortKeys(raw: unknown, names: readonly string[], store: IndexStore): SortKey[] {
  if (raw === undefined) return [];
  return (Array.isArray(raw) ? raw : [raw]).map((item) => {
    const [field, options] =
      typeof item === 'string' ? [item, undefined] : (Object.entries(item)[0] ?? ['', undefined]);
    const order =
      typeof options === 'string'
        ? options
        : ((options as Body | undefined)?.order ?? (field === '_score' ? 'desc' : 'asc'));
    if ((options as Body | undefined)?.unmapped_type === undefined) assertSortable(field, names, store);
    return { field, descending: order === 'desc' };
  });
}

function assertSortable(field: string, names: readonly string[], store: IndexStore): void {
  if (field.startsWith('_')) return;
  for (const name of names) {
    const mapped = store.indices.get(name)?.mapping.get(field);
    if (mapped === undefined)
      throw new IndexFault(
        400,
        'search_phase_execution_exception',
        `No mapping found for [${field}] in order to sort on`,
      );
    if (mapped.type === 'text')
      throw new IndexFault(
        400,
        'illegal_argument_exception',
        `Fielddata is disabled on [${field}] in [${name}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting.`,
      );
  }
}

function sortValue(document: Document, key: SortKey, mapping: Mapping): SortValue {
  if (key.field === '_id') return document.id;
  if (key.field === '_score') return 1;
  if (key.field.startsWith('_')) return document.seqNo * SHARDS + document.shard;
  const field = mapping.get(key.field);
  const [first] = valuesOf(document, key.field, field);
  const missing = field?.type === 'keyword' ? null : key.descending ? -MISSING_LAST : MISSING_LAST;
  return (first === undefined ? missing : toComparable(field, first)) ?? missing;
}

function compareSort(a: readonly SortValue[], b: readonly SortValue[], keys: readonly SortKey[]): number {
  for (const [at, key] of keys.entries()) {
    const [x, y] = [a[at] ?? null, b[at] ?? null];
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return (x < y ? -1 : 1) * (key.descending ? -1 : 1);
  }
  return 0;
}

function afterOf(hits: readonly Hit[], keys: readonly SortKey[], raw: unknown): readonly Hit[] {
  if (raw === undefined) return hits;
  if (!Array.isArray(raw) || raw.length !== keys.length)
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      `search_after has ${Array.isArray(raw) ? raw.length : 0} value(s) but sort has ${keys.length}.`,
    );
  return hits.filter((hit) => compareSort(hit.sort, raw as SortValue[], keys) > 0);
}

function totalOf(found: number, track: unknown): object {
  if (track === false) return {};
  const cap = track === true ? Number.POSITIVE_INFINITY : Number(track ?? MAX_RESULT_WINDOW);
  return { total: { value: Math.min(found, cap), relation: found > cap ? 'gte' : 'eq' } };
}

// ------------------------------------------------------------------------------------------------ what is shown

function show(hit: Hit, keys: readonly SortKey[], body: Body): object {
  const { document } = hit;
  return {
    ...{ _index: document.index, _id: document.id, _score: keys.length > 0 ? null : 1 },
    ...(body._source === false ? {} : { _source: filterSource(document.source, body._source) }),
    ...(keys.length > 0 ? { sort: hit.sort } : {}),
  };
}

function filterSource(source: Document['source'], raw: unknown): unknown {
  if (raw === undefined || raw === true) return source;
  const given = raw !== null && typeof raw === 'object' && !Array.isArray(raw) ? (raw as Body) : { includes: raw };
  const includes = patterns(given.includes ?? given.include);
  const excludes = patterns(given.excludes ?? given.exclude);
  return prune(source, '', includes, excludes) ?? {};
}

function patterns(raw: unknown): RegExp[] {
  const list = raw === undefined ? [] : Array.isArray(raw) ? raw : [raw];
  return list.flatMap((item) => [wildcard(String(item)), wildcard(`${String(item)}.*`)]);
}

function prune(value: unknown, path: string, includes: readonly RegExp[], excludes: readonly RegExp[]): unknown {
  if (path !== '' && excludes.some((pattern) => pattern.test(path))) return undefined;
  if (path !== '' && (includes.length === 0 || includes.some((pattern) => pattern.test(path))) && excludes.length === 0)
    return value;
  if (Array.isArray(value)) {
    const kept = value.map((item) => prune(item, path, includes, excludes)).filter((item) => item !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (value === null || typeof value !== 'object')
    return includes.length === 0 || includes.some((pattern) => pattern.test(path)) ? value : undefined;
  const kept = Object.entries(value)
    .map(([key, inner]) => [key, prune(inner, path === '' ? key : `${path}.${key}`, includes, excludes)] as const)
    .filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
