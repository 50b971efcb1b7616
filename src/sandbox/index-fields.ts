/** How the simulated index reads documents: field types, the standard analyser, dates. Pure. */
import { IndexFault } from './index-fault.ts';

export type FieldType = 'text' | 'match_only_text' | 'keyword' | 'long' | 'float' | 'date' | 'boolean' | 'object';

export interface FieldMapping {
  readonly type: FieldType;
  /** Keyword values longer than this many characters are stored but cannot be searched. */
  readonly ignoreAbove?: number;
  /** False: stored, not searchable. */
  readonly indexed?: boolean;
}

/** Field name, dotted, to its mapping; multi-fields (`message.keyword`) stand beside their parent. */
export type Mapping = Map<string, FieldMapping>;

/** The dynamic mapping's default for the `.keyword` multi-field. https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/ignore-above */
const DYNAMIC_IGNORE_ABOVE = 256;

/** `max_token_length` of the standard tokenizer: longer words are split there. */
const MAX_TERM_LENGTH = 255;

const word =
  /[\p{L}\p{N}_]+(?:['’.:](?=\p{L})(?<=\p{L}['’.:])[\p{L}\p{N}_]+|[.,;](?=\p{N})(?<=\p{N}[.,;])[\p{L}\p{N}_]+)*/gu;

/** The standard analyser, near enough: words by Unicode rules (a dot or colon between letters joins), lower-cased. */
export function analyse(text: string): string[] {
  const terms: string[] = [];
  for (const [match] of text.matchAll(word)) {
    const lower = match.toLowerCase();
    for (let at = 0; at < lower.length; at += MAX_TERM_LENGTH) terms.push(lower.slice(at, at + MAX_TERM_LENGTH));
  }
  return terms;
}

/** A document's leaves under their dotted names; arrays are flattened, as the server does. */
export function leaves(source: unknown, path = '', into = new Map<string, unknown[]>()): Map<string, unknown[]> {
  if (Array.isArray(source)) for (const item of source) leaves(item, path, into);
  else if (source !== null && typeof source === 'object')
    for (const [key, value] of Object.entries(source)) leaves(value, path === '' ? key : `${path}.${key}`, into);
  else if (source !== null && source !== undefined && path !== '') into.set(path, [...(into.get(path) ?? []), source]);
  return into;
}

/** Adds what dynamic mapping would for fields not seen before; refuses what the mapping cannot hold. @throws IndexFault */
export function mapDynamically(mapping: Mapping, fields: Map<string, unknown[]>): void {
  for (const [name, values] of fields) {
    const known = mapping.get(name);
    for (const value of values) {
      if (known !== undefined) assertFits(name, known, value);
      else if (!mapping.has(name)) addField(mapping, name, value);
    }
  }
}

function addField(mapping: Mapping, name: string, value: unknown): void {
  if (typeof value === 'number') mapping.set(name, { type: Number.isInteger(value) ? 'long' : 'float' });
  else if (typeof value === 'boolean') mapping.set(name, { type: 'boolean' });
  else if (typeof value === 'string' && dateMs(value) !== undefined) mapping.set(name, { type: 'date' });
  else {
    mapping.set(name, { type: 'text' });
    mapping.set(`${name}.keyword`, { type: 'keyword', ignoreAbove: DYNAMIC_IGNORE_ABOVE });
  }
}

function assertFits(name: string, known: FieldMapping, value: unknown): void {
  const bad =
    (known.type === 'date' && toComparable(known, value) === undefined) ||
    (known.type === 'long' && Number.isNaN(Number(value))) ||
    known.type === 'object';
  if (bad)
    throw new IndexFault(400, 'document_parsing_exception', `failed to parse field [${name}] of type [${known.type}]`);
}

/** Reads the `properties` of a create-index request. */
export function readProperties(properties: unknown, path = '', into: Mapping = new Map()): Mapping {
  if (properties === null || typeof properties !== 'object') return into;
  for (const [key, raw] of Object.entries(properties)) {
    const name = path === '' ? key : `${path}.${key}`;
    const { type, ignore_above, index, fields, properties: inner } = raw as Record<string, unknown>;
    if (inner !== undefined) readProperties(inner, name, into);
    else
      into.set(name, {
        type: (type ?? 'object') as FieldType,
        ...(typeof ignore_above === 'number' ? { ignoreAbove: ignore_above } : {}),
        ...(index === false ? { indexed: false } : {}),
      });
    if (fields !== undefined) readProperties(fields, name, into);
  }
  return into;
}

/** What the server shows for a keyword without a limit of its own. */
const NO_LIMIT = 2 ** 31 - 1;

/** The wire form of one field, as `_mapping/field` shows it, with the defaults that matter to those who search. */
export function showField(mapping: Mapping, name: string, withDefaults: boolean): object | undefined {
  const field = mapping.get(name);
  if (field === undefined || field.type === 'object') return undefined;
  const text = field.type === 'text' || field.type === 'match_only_text';
  const defaults = {
    index: field.indexed !== false,
    ...(text ? { analyzer: 'default' } : {}),
    ...(field.type === 'keyword' ? { ignore_above: field.ignoreAbove ?? NO_LIMIT } : {}),
  };
  const shown = { ...showMapping(field), ...(withDefaults ? defaults : {}) };
  return { full_name: name, mapping: { [name.slice(name.lastIndexOf('.') + 1)]: shown } };
}

/** The wire form of a mapping: nested `properties`, multi-fields under `fields`. */
export function showProperties(mapping: Mapping): Record<string, unknown> {
  const root: Record<string, Record<string, unknown>> = {};
  for (const [name, field] of mapping) place(root, mapping, name, showMapping(field));
  return root;
}

function showMapping(field: FieldMapping): Record<string, unknown> {
  const shown: Record<string, unknown> = { type: field.type };
  if (field.ignoreAbove !== undefined) shown.ignore_above = field.ignoreAbove;
  if (field.indexed === false) shown.index = false;
  return shown;
}

function place(
  root: Record<string, Record<string, unknown>>,
  mapping: Mapping,
  name: string,
  shown: Record<string, unknown>,
) {
  const parts = name.split('.');
  let level: Record<string, unknown> = root;
  for (const [depth, part] of parts.entries()) {
    if (depth === parts.length - 1) level[part] = { ...shown, ...(level[part] as object | undefined) };
    else {
      const isField = mapping.has(parts.slice(0, depth + 1).join('.'));
      level = inner(inner(level, part), isField ? 'fields' : 'properties');
    }
  }
}

function inner(level: Record<string, unknown>, key: string): Record<string, unknown> {
  level[key] ??= {};
  return level[key] as Record<string, unknown>;
}

/** What range, sort and exact comparison work on: ms for dates, numbers, else text. Undefined: not of that type. */
export function toComparable(field: FieldMapping | undefined, value: unknown): number | string | undefined {
  if (field?.type === 'date') return typeof value === 'number' ? value : dateMs(String(value));
  if (field?.type === 'long' || field?.type === 'float') {
    const number = Number(value);
    return Number.isNaN(number) ? undefined : number;
  }
  return String(value);
}

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** `strict_date_optional_time` or epoch milliseconds of 12 digits and more, to ms. */
export function dateMs(text: string): number | undefined {
  if (/^-?\d{12,}$/.test(text)) return Number(text);
  const found = iso.exec(text);
  if (found === null) return undefined;
  const at = (index: number) => Number(found[index] ?? 0);
  const days = daysSinceEpoch(at(1), at(2), at(3));
  const ms = Math.floor(Number(`0.${found[7] ?? '0'}`) * 1000 + 1e-6);
  const zone = found[8] === undefined || found[8] === 'Z' ? 0 : zoneMs(found[8]);
  return (((days * 24 + at(4)) * 60 + at(5)) * 60 + at(6)) * 1000 + ms - zone;
}

function zoneMs(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Days from 1970-01-01 in the Gregorian calendar. https://howardhinnant.github.io/date_algorithms.html#days_from_civil */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const yearOfEra = y - era * 400;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}
