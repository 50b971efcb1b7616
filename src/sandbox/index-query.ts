/** The query language of the simulated index: what our probes, agents' users and ElastAlert-like rules send. Pure. */
import { IndexFault } from './index-fault.ts';
import { analyse, type FieldMapping, leaves, type Mapping, toComparable } from './index-fields.ts';

/** The least of a document that a query looks at. */
export interface Searchable {
  readonly id: string;
  readonly source: unknown;
  /** What was read from `source` so far; filled as queries need it. */
  readonly cache: DocumentCache;
}

export interface DocumentCache {
  fields?: Map<string, unknown[]>;
  readonly terms: Map<string, readonly string[]>;
}

/** True when the document matches. */
export type Matcher = (document: Searchable) => boolean;

type Body = Readonly<Record<string, unknown>>;

export interface QueryContext {
  readonly mapping: Mapping;
  /** Now, ms, for date math. */
  readonly now: number;
  /** Whether `_ignored` names keyword fields over `ignore_above`. */
  readonly namesIgnored: boolean;
}

/** Compiles a query. @throws IndexFault 400 for what the server would not parse and for what is not simulated. */
export function compileQuery(query: unknown, context: QueryContext): Matcher {
  if (query === undefined || query === null) return () => true;
  const [kind, body] = only(query, 'query');
  switch (kind) {
    case 'match_all':
      return () => true;
    case 'match_none':
      return () => false;
    case 'bool':
      return compileBool(asBody(body, kind), context);
    case 'constant_score':
      return compileQuery(asBody(body, kind).filter, context);
    case 'exists':
      return compileExists(asBody(body, kind), context);
    case 'ids': {
      const ids = new Set(asList(asBody(body, kind).values).map(String));
      return (document) => ids.has(document.id);
    }
    case 'terms':
      return compileTerms(asBody(body, kind), context);
    default:
      return compileFieldQuery(kind, asBody(body, kind), context);
  }
}

function compileFieldQuery(kind: string, body: Body, context: QueryContext): Matcher {
  const [name, raw] = only(body, kind);
  const field = context.mapping.get(name);
  const options: Body = raw !== null && typeof raw === 'object' ? (raw as Body) : { value: raw, query: raw };
  if (field?.indexed === false)
    throw new IndexFault(400, 'query_shard_exception', `Cannot search on field [${name}] since it is not indexed.`);
  switch (kind) {
    case 'term':
      return exact(name, field, [options.value]);
    case 'match':
      return compileMatch(name, field, options);
    case 'match_phrase':
      return compilePhrase(name, field, String(options.query));
    case 'prefix': {
      const prefix = fold(options.value, options);
      return (document) => terms(document, name, field).some((term) => fold(term, options).startsWith(prefix));
    }
    case 'wildcard': {
      const pattern = wildcard(String(options.value ?? options.wildcard), options.case_insensitive === true);
      return (document) => terms(document, name, field).some((term) => pattern.test(term));
    }
    case 'range':
      return compileRange(name, field, options, context.now);
    default:
      throw new IndexFault(400, 'parsing_exception', `unknown query [${kind}]`);
  }
}

function compileBool(body: Body, context: QueryContext): Matcher {
  const all = [...clauses(body.must, context), ...clauses(body.filter, context)];
  const none = clauses(body.must_not, context);
  const some = clauses(body.should, context);
  const least = some.length === 0 ? 0 : Number(body.minimum_should_match ?? (all.length === 0 ? 1 : 0));
  return (document) => {
    if (!all.every((matches) => matches(document)) || none.some((matches) => matches(document))) return false;
    let left = least;
    for (const matches of some) {
      if (left <= 0) break;
      if (matches(document)) left -= 1;
    }
    return left <= 0;
  };
}

function clauses(raw: unknown, context: QueryContext): Matcher[] {
  return asList(raw).map((query) => compileQuery(query, context));
}

/** `index.max_terms_count`. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
const MAX_TERMS = 65_536;

function compileTerms(body: Body, context: QueryContext): Matcher {
  const entries = Object.entries(body).filter(([key]) => key !== 'boost');
  const [name, values] = entries[0] ?? [];
  if (name === undefined || !Array.isArray(values))
    throw new IndexFault(400, 'parsing_exception', '[terms] query requires an array of terms');
  if (values.length > MAX_TERMS)
    throw new IndexFault(
      400,
      'illegal_argument_exception',
      `The number of terms [${values.length}] used in the Terms Query request has exceeded the allowed maximum of [${MAX_TERMS}].`,
    );
  if (name === '_ignored')
    return context.namesIgnored ? compileIgnored(new Set(values.map(String)), context.mapping) : () => false;
  return exact(name, context.mapping.get(name), values);
}

/** `_ignored` lists the fields of a document whose value was too long to be indexed. */
function compileIgnored(wanted: ReadonlySet<string>, mapping: Mapping): Matcher {
  return (document) =>
    [...wanted].some((name) => {
      const field = mapping.get(name);
      const limit = field?.ignoreAbove ?? Number.POSITIVE_INFINITY;
      return valuesOf(document, name, field).some((value) => String(value).length > limit);
    });
}

function exact(name: string, field: FieldMapping | undefined, values: readonly unknown[]): Matcher {
  const wanted = new Set(values.map((value) => String(isText(field) ? value : toComparable(field, value))));
  return (document) => terms(document, name, field).some((term) => wanted.has(term));
}

function compileMatch(name: string, field: FieldMapping | undefined, options: Body): Matcher {
  const words = isText(field) ? analyse(String(options.query)) : [String(toComparable(field, options.query))];
  const every = String(options.operator ?? 'or').toLowerCase() === 'and';
  return (document) => {
    const has = new Set(terms(document, name, field));
    return words.length > 0 && (every ? words.every((w) => has.has(w)) : words.some((w) => has.has(w)));
  };
}

function compilePhrase(name: string, field: FieldMapping | undefined, query: string): Matcher {
  if (!isText(field)) return exact(name, field, [query]);
  const words = analyse(query);
  return (document) => {
    const has = terms(document, name, field);
    return words.length > 0 && has.some((_, at) => words.every((w, offset) => has[at + offset] === w));
  };
}

function compileExists(body: Body, context: QueryContext): Matcher {
  const name = String(body.field);
  return (document) => {
    if (terms(document, name, context.mapping.get(name)).length > 0) return true;
    return [...fieldsOf(document).keys()].some((key) => key.startsWith(`${name}.`));
  };
}

function compileRange(name: string, field: FieldMapping | undefined, options: Body, now: number): Matcher {
  const bound = (key: string) =>
    options[key] === undefined || options[key] === null ? undefined : boundOf(field, options[key], now);
  const [gt, gte, lt, lte] = [bound('gt'), bound('gte'), bound('lt'), bound('lte')];
  return (document) =>
    valuesOf(document, name, field).some((raw) => {
      const value = toComparable(field, raw);
      if (value === undefined) return false;
      return (
        (gt === undefined || value > gt) &&
        (gte === undefined || value >= gte) &&
        (lt === undefined || value < lt) &&
        (lte === undefined || value <= lte)
      );
    });
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function boundOf(field: FieldMapping | undefined, raw: unknown, now: number): number | string {
  const math = field?.type === 'date' ? /^now(?:([+-]\d+)([smhdw]))?$/.exec(String(raw)) : null;
  if (math !== null) return now + Number(math[1] ?? 0) * (unitMs[math[2] ?? 's'] ?? 0);
  const value = toComparable(field, raw);
  if (value === undefined)
    throw new IndexFault(
      400,
      'parse_exception',
      `failed to parse date field [${String(raw)}] with format [strict_date_optional_time||epoch_millis]`,
    );
  return value;
}

// ------------------------------------------------------------------------------------------------ documents

export function fieldsOf(document: Searchable): Map<string, unknown[]> {
  document.cache.fields ??= leaves(document.source);
  return document.cache.fields;
}

/** The raw values of a field; a multi-field reads its parent's. */
export function valuesOf(document: Searchable, name: string, field: FieldMapping | undefined): readonly unknown[] {
  const own = fieldsOf(document).get(name);
  if (own !== undefined || field === undefined) return own ?? [];
  return fieldsOf(document).get(name.slice(0, name.lastIndexOf('.'))) ?? [];
}

/** What is in the inverted index for this field of this document; nothing for a field that is not mapped. */
function terms(document: Searchable, name: string, field: FieldMapping | undefined): readonly string[] {
  if (field === undefined || field.indexed === false) return [];
  const cached = document.cache.terms.get(name);
  if (cached !== undefined) return cached;
  const found = valuesOf(document, name, field).flatMap((value) => {
    if (isText(field)) return analyse(String(value));
    const text = String(toComparable(field, value));
    return field.ignoreAbove !== undefined && text.length > field.ignoreAbove ? [] : [text];
  });
  document.cache.terms.set(name, found);
  return found;
}

function isText(field: FieldMapping | undefined): boolean {
  return field?.type === 'text' || field?.type === 'match_only_text';
}

function fold(value: unknown, options: Body): string {
  return options.case_insensitive === true ? String(value).toLowerCase() : String(value);
}

/** `*` any run, `?` one character, as a whole-value pattern; also used for index names. */
export function wildcard(pattern: string, insensitive = false): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, insensitive ? 'iu' : 'u');
}

function only(raw: unknown, what: string): [string, unknown] {
  const entries = raw !== null && typeof raw === 'object' ? Object.entries(raw) : [];
  const [first] = entries;
  if (first === undefined || entries.length !== 1)
    throw new IndexFault(400, 'parsing_exception', `[${what}] malformed query, expected one field`);
  return first;
}

function asBody(raw: unknown, kind: string): Body {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw))
    throw new IndexFault(400, 'parsing_exception', `[${kind}] query malformed, no start_object after query name`);
  return raw as Body;
}

function asList(raw: unknown): readonly unknown[] {
  if (raw === undefined || raw === null) return [];
  return Array.isArray(raw) ? raw : [raw];
}
