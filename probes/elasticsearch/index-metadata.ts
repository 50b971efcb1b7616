/**
 * What the cluster knows of the indices that a search covers: how each maps the fields, its settings, its aliases, and
 * which it passes over in silence. All of it decides whether a line that is there can be found.
 */
import { z } from 'zod';
import { ProbeError } from '../../src/probe.ts';
import type { Elastic, Errand } from './elastic-client.ts';

/** Of one field in one index, defaults written out. https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/mapping-parameters */
const leaf = z.object({
  type: z.string().default('object'),
  /** Keyword values longer than this many UTF-16 units are stored but not indexed. */
  ignore_above: z.number().optional(),
  analyzer: z.string().optional(),
  /** Of a field alias: the field it stands for. */
  path: z.string().optional(),
});
export type FieldMapping = z.infer<typeof leaf>;

/** `term`: the token is a term of its own. `value`: the whole value is one. */
export type How = 'term' | 'value';

/** https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/field-data-types */
const howByType: Readonly<Record<string, How>> = {
  ...{
    text: 'term',
    match_only_text: 'term',
    pattern_text: 'term',
    annotated_text: 'term',
    search_as_you_type: 'term',
  },
  ...{ keyword: 'value', wildcard: 'value' },
};

/** How a token can be found in a field of this type; undefined for a type that holds no log line. */
export function howOf(type: string): How | undefined {
  return howByType[type];
}

/** Every setting is a string on the wire. */
const settings = z.object({
  refresh_interval: z.string().optional(),
  max_result_window: z.coerce.number().int().min(1).optional(),
  max_terms_count: z.coerce.number().int().min(1).optional(),
  frozen: z.string().optional(),
  blocks: z.object({ write: z.string().optional(), read_only: z.string().optional() }).optional(),
  analysis: z.unknown().optional(),
});

const aliases = z.record(
  z.string(),
  z.object({ filter: z.unknown().optional(), search_routing: z.string().optional() }),
);
const indicesAnswer = z.record(
  z.string(),
  z.object({
    aliases: aliases.default({}),
    data_stream: z.string().optional(),
    settings: z.object({ index: settings.default({}) }).default({ index: {} }),
    mappings: z.record(z.string(), z.unknown()).default({}),
  }),
);
const aliasAnswer = z.record(z.string(), z.object({ aliases: aliases.default({}) }));
const namesAnswer = z.record(z.string(), z.unknown());
const fieldsAnswer = z.record(z.string(), z.object({ mappings: z.record(z.string(), z.unknown()) }));
const fieldAnswer = z.object({ full_name: z.string(), mapping: z.record(z.string(), leaf) });

export interface IndexMetadata {
  readonly name: string;
  /** Of the fields asked for, those that it maps. */
  readonly fields: ReadonlyMap<string, FieldMapping>;
  readonly settings: z.infer<typeof settings>;
  /** The mapping's root and the objects around the fields; nothing of what is beside them. */
  readonly mappings: Readonly<Record<string, unknown>>;
}

export interface Metadata {
  readonly indices: readonly IndexMetadata[];
  /** Matched by the expression, yet searches pass over them: closed or frozen. They take no lines any more. */
  readonly shut: readonly string[];
  /** Aliases by which we search that show only a part: `name on index`. */
  readonly narrowed: readonly string[];
}

/** The least figure of all indices that have one. */
export function leastOf(
  metadata: Metadata | undefined,
  figureOf: (index: IndexMetadata) => number | undefined,
): number | undefined {
  const figures = (metadata?.indices ?? []).map(figureOf).filter((figure) => figure !== undefined);
  return figures.length === 0 ? undefined : Math.min(...figures);
}

/** Asked for a word, such a field fails the whole search of all indices. */
const wordless = new Set(
  'long integer short byte double float half_float scaled_float unsigned_long date date_nanos boolean ip'.split(' '),
);

export function refusesWords(type: string): boolean {
  return wordless.has(type);
}

/** What a user with few rights, a proxy that lets only searches through, and a remote cluster's index answer. */
const unasked: ReadonlySet<string> = new Set(['auth', 'rejected', 'not_found']);

/** Undefined when we are not let to ask. @throws ProbeError for every other failure. */
export async function askMetadata(
  elastic: Elastic,
  index: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<Metadata | undefined> {
  try {
    const open = await askIndices(elastic, index, fields, signal);
    const mapped = await askFields(elastic, index, fields, signal);
    const all = await askNames(elastic, index, signal);
    const frozen = Object.keys(open).filter((name) => open[name]?.settings.index.frozen === 'true');
    return {
      indices: Object.entries(open).map(([name, shown]) => ({
        ...{ name, fields: mapped.get(name) ?? new Map() },
        ...{ settings: shown.settings.index, mappings: shown.mappings },
      })),
      shut: [...all.filter((name) => open[name] === undefined), ...frozen],
      narrowed: await narrowedAliases(elastic, index, open, signal),
    };
  } catch (error) {
    if (error instanceof ProbeError && unasked.has(error.reason)) return undefined;
    throw error;
  }
}

const grant = 'view_index_metadata (OpenSearch: indices:admin/get and indices:admin/mappings/fields/get) on the index';

function errandOf(what: string, index: string): Errand {
  return { what: `read ${what} of "${index}"`, grant, check: `that "${index}" exists, or set index` };
}

/** Objects around a field, outermost first: `a` and `a.b` of `a.b.c`. */
export function ancestorsOf(field: string): string[] {
  const parts = field.split('.');
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('.'));
}

/** Where an object stands in a mapping: `properties.a.properties.b`. */
export function placeOf(object: string): string {
  return object
    .split('.')
    .map((part) => `properties.${part}`)
    .join('.');
}

const settingNames = ['refresh_interval', 'max_result_window', 'max_terms_count', 'frozen', 'blocks', 'analysis'];

/** Only what is needed: a whole mapping may be megabytes, times thousands of indices. */
function wantedParts(fields: readonly string[]): string[] {
  const objects = [...new Set(fields.flatMap(ancestorsOf))].map((object) => `.${placeOf(object)}`);
  return [
    ...['*.aliases', '*.data_stream', '*.settings.index.uuid', '*.mappings.runtime'],
    ...settingNames.map((name) => `*.settings.index.${name}`),
    ...['', ...objects].flatMap((place) => ['dynamic', 'enabled', 'type'].map((key) => `*.mappings${place}.${key}`)),
  ];
}

function askIndices(elastic: Elastic, index: string, fields: readonly string[], signal: AbortSignal) {
  return elastic.ask(errandOf('the settings', index), indicesAnswer, signal, (client, options) =>
    client.indices.get({ index, expand_wildcards: 'open', filter_path: wantedParts(fields) }, options),
  );
}

async function askNames(elastic: Elastic, index: string, signal: AbortSignal): Promise<string[]> {
  const answer = await elastic.ask(errandOf('the names', index), namesAnswer, signal, (client, options) =>
    client.indices.get(
      { index, expand_wildcards: ['open', 'closed'], filter_path: ['*.settings.index.uuid'] },
      options,
    ),
  );
  return Object.keys(answer);
}

async function askFields(
  elastic: Elastic,
  index: string,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Map<string, FieldMapping>>> {
  const parents = fields.flatMap((field) => ancestorsOf(field).slice(-1));
  const wanted = [...new Set([...fields, ...parents])];
  const answer = await elastic.ask(errandOf('the mappings', index), fieldsAnswer, signal, (client, options) =>
    client.indices.getFieldMapping(
      { index, fields: wanted, include_defaults: true, expand_wildcards: 'open' },
      options,
    ),
  );
  return new Map(
    Object.entries(answer).map(
      ([name, { mappings }]) => [name, new Map(fieldsOf(mappings))] as [string, Map<string, FieldMapping>],
    ),
  );
}

/** Elasticsearch 6 has a level more, of mapping types. */
function fieldsOf(mappings: Readonly<Record<string, unknown>>): [string, FieldMapping][] {
  return Object.values(mappings).flatMap((shown): [string, FieldMapping][] => {
    const field = fieldAnswer.safeParse(shown);
    if (!field.success) return isRecord(shown) ? fieldsOf(shown) : [];
    const [mapping] = Object.values(field.data.mapping);
    return mapping === undefined ? [] : [[field.data.full_name, mapping]];
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

// ------------------------------------------------------------------------------------------------ aliases

/**
 * An alias may filter or search one shard only. It does so for the indices that we reach through it alone: those that
 * the expression also matches by their own name are searched whole.
 */
async function narrowedAliases(
  elastic: Elastic,
  expression: string,
  open: z.infer<typeof indicesAnswer>,
  signal: AbortSignal,
): Promise<string[]> {
  const parts = expression.split(',').filter((part) => !part.startsWith('-'));
  const matches = (name: string) => parts.some((part) => patternOf(part).test(name));
  const shown = Object.entries(open);
  const known = new Set(
    shown.flatMap(([name, index]) => [name, index.data_stream ?? name, ...Object.keys(index.aliases)]),
  );
  const found = shown
    .filter(([name, { data_stream: stream }]) => !matches(name) && !matches(stream ?? name))
    .flatMap(([name, index]) => narrowOnes(name, index.aliases, matches));
  // What is none of these is an alias of data streams, which only this call shows.
  for (const part of parts.filter((each) => !/[*?:<]/.test(each) && each !== '_all' && !known.has(each))) {
    const answer = await elastic.ask(errandOf('the aliases', part), aliasAnswer, signal, (client, options) =>
      client.indices.getAlias({ name: part }, options),
    );
    found.push(...Object.entries(answer).flatMap(([name, each]) => narrowOnes(name, each.aliases, matches)));
  }
  return found;
}

function narrowOnes(index: string, all: z.infer<typeof aliases>, matches: (name: string) => boolean): string[] {
  return Object.entries(all).flatMap(([alias, { filter, search_routing: routing }]) =>
    matches(alias) && (filter !== undefined || routing !== undefined) ? [`"${alias}" on "${index}"`] : [],
  );
}

/** An index expression's own wildcard: `*` is any run of characters. */
function patternOf(part: string): RegExp {
  return new RegExp(`^${part === '_all' ? '.*' : part.replace(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '.*')}$`);
}
