/** The simulated index's REST interface: path and method to answer. */
import type { Clock } from '../lib/clock.ts';
import { bulk, flooded, parse, rejected } from './index-bulk.ts';
import { flatten, type IndexCluster, nest } from './index-cluster.ts';
import { IndexFault } from './index-fault.ts';
import { readProperties, showProperties } from './index-fields.ts';
import { analyze, eachIndex, fieldCaps, fieldMappings, indexSettings, settings } from './index-metadata.ts';
import { flag, type IndexRequest, optional, searchParameters } from './index-request.ts';
import { count, search } from './index-search.ts';
import { type IndexStore, SHARDS } from './index-store.ts';

export interface IndexFaults {
  rejects: boolean;
  readOnly: boolean;
  partialShards: boolean;
}

export interface IndexAnswer {
  readonly status: number;
  readonly body: object;
}

export interface World {
  readonly store: IndexStore;
  readonly cluster: IndexCluster;
  readonly clock: Clock;
  readonly faults: IndexFaults;
}

/** Answers one request. @throws IndexFault for everything the server refuses. */
export function answer(world: World, request: IndexRequest): IndexAnswer {
  const [first = '', second = ''] = request.path;
  if (first === '') return ok(world.cluster.root());
  const found =
    first.startsWith('_') && first !== '_all'
      ? answerCluster(world, request, first, second)
      : answerIndex(world, request, first, second);
  if (found === undefined)
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      `no handler found for uri [/${request.path.join('/')}] and method [${request.method}]`,
    );
  return found;
}

const ok = (body: object, status = 200): IndexAnswer => ({ status, body });
function answerCluster(world: World, request: IndexRequest, first: string, second: string): IndexAnswer | undefined {
  const { cluster } = world;
  switch (first) {
    case '_nodes':
      return ok(request.path.includes('stats') ? cluster.nodesStats() : cluster.nodesInfo());
    case '_cat':
      return second === 'allocation' ? ok(cluster.catAllocation()) : undefined;
    case '_cluster':
      if (second === 'health') return ok(cluster.health());
      if (second !== 'settings') return undefined;
      if (request.method === 'PUT') return ok(cluster.change(parse(request.body, 'request body is required')));
      return ok(cluster.settings(flag(request, 'include_defaults', false), flag(request, 'flat_settings', false)));
    case '_analyze':
      return ok(analyze(request.body));
    default:
      return answerIndex(world, { ...request, path: ['', ...request.path] }, '', first);
  }
}

function answerIndex(world: World, request: IndexRequest, name: string, action: string): IndexAnswer | undefined {
  const { store, clock, faults } = world;
  const third = request.path[2];
  switch (action) {
    case '':
      return wholeIndex(world, request, name);
    case '_bulk':
      return write(world, request, name === '' ? undefined : name);
    case '_search':
      return ok(search(store, clock, faults, name, optional(request), searchParameters(request)));
    case '_count':
      return ok(count(store, clock, faults, name, optional(request), searchParameters(request)));
    case '_msearch':
      return ok(msearch(world, request, name));
    case '_field_caps':
      return ok(fieldCaps(store, request, name));
    case '_analyze':
      store.resolve(name);
      return ok(analyze(request.body));
    case '_mapping':
      if (third === 'field') return ok(fieldMappings(store, request, name));
      return ok(
        eachIndex(store, request, name, (index) => ({ mappings: { properties: showProperties(index.mapping) } })),
      );
    case '_settings':
      return ok(settings(world, request, name));
    case '_refresh':
      store.refresh(store.resolve(name), clock.now());
      return ok({
        _shards: {
          total: store.resolve(name).length * SHARDS,
          successful: store.resolve(name).length * SHARDS,
          failed: 0,
        },
      });
    case '_doc':
    case '_create':
      return oneDocument(world, request, name, third, action);
    default:
      return undefined;
  }
}

function wholeIndex(world: World, request: IndexRequest, name: string): IndexAnswer {
  const { store } = world;
  if (request.method === 'PUT') {
    const { mappings = {}, settings: given = {} } = optional(request) as Record<string, Record<string, unknown>>;
    store.create(name, readProperties(mappings.properties), readSettings(given));
    return ok({ acknowledged: true, shards_acknowledged: true, index: name });
  }
  if (request.method === 'DELETE') {
    store.delete(store.resolve(name));
    return ok({ acknowledged: true });
  }
  return ok(
    eachIndex(store, request, name, (index) => ({
      ...{ aliases: {}, mappings: { properties: showProperties(index.mapping) } },
      settings: nest(indexSettings(world, index)),
    })),
  );
}

/** Flat or nested, with or without `index.` before it; all are strings on the wire. */
function readSettings(given: object): Record<string, string> {
  return Object.fromEntries(
    flatten(given).map(([key, value]) => [key.startsWith('index.') ? key : `index.${key}`, String(value)]),
  );
}

function write(world: World, request: IndexRequest, name: string | undefined): IndexAnswer {
  const { store, clock, faults } = world;
  const { response, indices } = bulk(store, faults, request.body, name);
  if (['true', '', 'wait_for'].includes(request.query.get('refresh') ?? 'false'))
    store.refresh([...indices], clock.now());
  return ok(response);
}

function oneDocument(
  world: World,
  request: IndexRequest,
  name: string,
  id: string | undefined,
  action: string,
): IndexAnswer {
  const { store, faults } = world;
  if (request.method === 'GET' || request.method === 'HEAD') {
    const [concrete = name] = store.resolve(name);
    const found = store.indices.get(concrete)?.byId.get(id ?? '');
    if (found === undefined) return ok({ _index: concrete, _id: id, found: false }, 404);
    return ok({
      _index: concrete,
      _id: found.id,
      _version: found.version,
      _seq_no: found.seqNo,
      _primary_term: 1,
      found: true,
      _source: found.source,
    });
  }
  if (faults.rejects) throw rejected();
  if (faults.readOnly) throw flooded(name);
  const op = action === '_create' || request.query.get('op_type') === 'create' ? 'create' : 'index';
  const document = store.put(name, id, parse(request.body, 'failed to parse'), Buffer.byteLength(request.body), op);
  const result = document.version === 1 ? 'created' : 'updated';
  return ok(
    {
      _index: name,
      _id: document.id,
      _version: document.version,
      result,
      _shards: { total: 2, successful: 1, failed: 0 },
    },
    result === 'created' ? 201 : 200,
  );
}

function msearch(world: World, request: IndexRequest, name: string): object {
  if (!request.body.endsWith('\n'))
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      'The msearch request must be terminated by a newline [\\n]',
    );
  const lines = request.body.split('\n').slice(0, -1);
  const responses: object[] = [];
  for (let at = 0; at < lines.length; at += 2)
    responses.push(oneOfMany(world, request, name, lines[at] ?? '', lines[at + 1] ?? ''));
  return { took: 1, responses };
}

function oneOfMany(world: World, request: IndexRequest, name: string, headerLine: string, bodyLine: string): object {
  try {
    const header = headerLine.trim() === '' ? {} : parse(headerLine, 'Malformed msearch header');
    const expression = [header.index ?? name].flat().join(',');
    const base = searchParameters(request);
    const parameters = {
      ignoreUnavailable:
        header.ignore_unavailable === undefined ? base.ignoreUnavailable : String(header.ignore_unavailable) === 'true',
      allowNoIndices: base.allowNoIndices,
      allowPartial:
        header.allow_partial_search_results === undefined
          ? base.allowPartial
          : String(header.allow_partial_search_results) === 'true',
    };
    return {
      ...search(
        world.store,
        world.clock,
        world.faults,
        expression,
        parse(bodyLine, 'Failed to parse search source'),
        parameters,
      ),
      status: 200,
    };
  } catch (error) {
    if (error instanceof IndexFault) return error.body();
    throw error;
  }
}
