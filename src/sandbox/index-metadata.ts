/** What the simulated index tells about its indices: fields, mappings, settings; and `_analyze`. */
import { parse } from './index-bulk.ts';
import { nest } from './index-cluster.ts';
import { analyse, showField } from './index-fields.ts';
import { wildcard } from './index-query.ts';
import { flag, type IndexRequest, searchParameters } from './index-request.ts';
import { type Index, type IndexStore, REFRESH_MS, SHARDS } from './index-store.ts';

/** The least of the simulated cluster that its metadata depends on. */
interface World {
  readonly store: IndexStore;
  readonly faults: { readonly readOnly: boolean };
}

export function fieldCaps(store: IndexStore, request: IndexRequest, name: string): object {
  const wanted = (request.query.get('fields') ?? '').split(',').map((pattern) => wildcard(pattern));
  const names = store.resolve(name, searchParameters(request));
  const fields: Record<
    string,
    Record<string, { type: string; searchable: boolean; aggregatable: boolean; indices?: string[] }>
  > = {};
  for (const [index, mapping] of names.map((each) => [each, store.indices.get(each)?.mapping ?? new Map()] as const)) {
    for (const [field, { type, indexed }] of mapping) {
      if (!wanted.some((pattern) => pattern.test(field))) continue;
      fields[field] ??= {};
      fields[field][type] ??= {
        type,
        searchable: indexed !== false,
        aggregatable: !type.endsWith('text'),
        indices: [],
      };
      fields[field][type].indices?.push(index);
    }
  }
  // As on the server, the indices are only listed where a field has more than one type.
  for (const types of Object.values(fields))
    if (Object.keys(types).length === 1) for (const shown of Object.values(types)) delete shown.indices;
  return { indices: names, fields };
}

export function analyze(body: string): object {
  const { text } = parse(body, 'request body or source parameter is required');
  const terms = [text].flat().flatMap((each) => analyse(String(each)));
  return {
    tokens: terms.map((token, position) => ({
      token,
      start_offset: 0,
      end_offset: token.length,
      type: '<ALPHANUM>',
      position,
    })),
  };
}

/** `_mapping/field/<names>`: an index that has none of them is shown all the same, as on the server. */
export function fieldMappings(store: IndexStore, request: IndexRequest, name: string): object {
  const wanted = (request.path[3] ?? '').split(',').map((pattern) => wildcard(pattern));
  const withDefaults = flag(request, 'include_defaults', false);
  return eachIndex(store, request, name, ({ mapping }) => {
    const names = [...mapping.keys()].filter((field) => wanted.some((pattern) => pattern.test(field)));
    const shown = names.map((field) => [field, showField(mapping, field, withDefaults)] as const);
    return { mappings: Object.fromEntries(shown.filter(([, field]) => field !== undefined)) };
  });
}

export function settings(world: World, request: IndexRequest, name: string): object {
  const pattern = request.path[2] === undefined ? undefined : wildcard(request.path[2]);
  const flat = flag(request, 'flat_settings', false);
  const shown = eachIndex(world.store, request, name, (index) => {
    const kept = Object.fromEntries(
      Object.entries(indexSettings(world, index)).filter(([key]) => pattern?.test(key) ?? true),
    );
    return { settings: flat ? kept : nest(kept) };
  });
  // Indices without a setting of that name are left out, as on the server.
  return pattern === undefined
    ? shown
    : Object.fromEntries(Object.entries(shown).filter(([, { settings: kept }]) => Object.keys(kept).length > 0));
}

export function indexSettings(world: World, index: Index): Record<string, unknown> {
  return {
    ...{
      'index.number_of_shards': String(SHARDS),
      'index.number_of_replicas': '1',
      'index.uuid': index.uuid,
      'index.provided_name': index.name,
    },
    'index.refresh_interval': `${REFRESH_MS / 1000}s`,
    ...index.settings,
    ...(world.faults.readOnly ? { 'index.blocks.read_only_allow_delete': 'true' } : {}),
  };
}

export function eachIndex<Shown>(
  store: IndexStore,
  request: IndexRequest,
  name: string,
  show: (index: Index) => Shown,
): Record<string, Shown> {
  const found: Record<string, Shown> = {};
  for (const each of store.resolve(name, searchParameters(request))) {
    const index = store.indices.get(each);
    if (index !== undefined) found[each] = show(index);
  }
  return found;
}
