/**
 * Finds canaries in any bytes: no format is parsed. `lcn1[a-z2-7]{47}0` is a token; our opening before it makes it a line.
 * Nothing is verified here: probes hold no keys.
 */
import { isBase32 } from '../lib/base32.ts';
import { defaultMaxBytes, inflate } from '../lib/inflate.ts';
import { damageOf } from './damage.ts';
import type { Find } from './find.ts';
import { opening } from './line.ts';
import { type Source, sourceOf, tailOf } from './source.ts';
import { readToken, tokenEnd, tokenLength, tokenMagic } from './token.ts';

export interface ScanOptions {
  /** Finds of one call. Default 100,000. */
  readonly maxFinds?: number;
}

export interface RecordOptions extends ScanOptions {
  /** Bytes that compressed and encoded parts may grow to, all together. Default 64 MiB. */
  readonly maxBytes?: number;
}

/**
 * `why`: the bytes hold, or may hold, more than `finds` says, so an absence proves nothing. `too-many` finds, `too-large`
 * after inflating, `undecodable`: compressed, but cut, damaged, or in a format that we lack.
 */
export interface ScanResult {
  readonly finds: Find[];
  readonly why?: 'too-many' | 'too-large' | 'undecodable';
}

const defaultMaxFinds = 100_000;
/** Shortest thing behind our opening that is worth calling a damaged token: a search for a prefix (11) is not. */
const suspectMinChars = 20;
const suspectMaxChars = 64;
/** As many characters as a damaged token may differ in and still be told whose it is. */
const suspectOddChars = 4;
/** What of the text before a line says whether it is a JSON member, and how often that was escaped. */
const beforeChars = 96;
/** An agent compresses, Firehose wraps what it cannot deliver in base64, its delivery compresses again; more does not happen. */
const maxNesting = 3;
/** What a compressed part costs of the budget at least: starting a decoder takes as long as some bytes do. */
const minChargeBytes = 1_024;

/** All canaries in these bytes or this text, in order. Takes time in proportion to the length, whatever it holds. */
export function scan(input: Uint8Array | string, options: ScanOptions = {}): ScanResult {
  const source = sourceOf(input);
  const finds: Find[] = [];
  const limit = options.maxFinds ?? defaultMaxFinds;
  let last: Place | undefined;
  for (const place of placesIn(source)) {
    const find = findAt(source, place);
    const previous = finds.at(-1);
    if (
      previous !== undefined &&
      last !== undefined &&
      find.token === previous.token &&
      inOneDocument(source, last, place)
    ) {
      if (rank(find) > rank(previous)) finds[finds.length - 1] = find;
    } else if (finds.length >= limit) {
      return { finds, why: 'too-many' };
    } else {
      finds.push(find);
    }
    last = place;
  }
  return { finds };
}

/** Where a token stands, or something in a token's place. */
interface Place {
  readonly at: number;
  readonly end: number;
  /** Set for a suspect. */
  readonly suspect?: string;
}

/** Walks magics and openings together, in order. */
function* placesIn(source: Source): Generator<Place, void, undefined> {
  let magic = source.find(tokenMagic, 0);
  let open = source.find(opening, 0);
  while (magic >= 0 || open >= 0) {
    const behind = open + opening.length;
    if (open >= 0 && (magic < 0 || open < magic)) {
      const suspect = behind === magic && isTokenAt(source, magic) ? undefined : suspectAt(source, behind);
      if (suspect !== undefined) yield { at: behind, end: behind + suspect.length, suspect };
      open = source.find(opening, behind);
    } else if (isTokenAt(source, magic)) {
      yield { at: magic, end: magic + tokenLength };
      magic = source.find(tokenMagic, magic + tokenLength);
    } else {
      magic = source.find(tokenMagic, magic + tokenMagic.length);
    }
  }
}

function isTokenAt(source: Source, at: number): boolean {
  const end = at + tokenLength - 1;
  if (source.code(end) !== tokenEnd.charCodeAt(0)) return false;
  for (let place = at + tokenMagic.length; place < end; place += 1) if (!isBase32(source.code(place))) return false;
  return true;
}

function findAt(source: Source, place: Place): Find {
  if (place.suspect !== undefined) return { token: place.suspect, kind: 'suspect' };
  const token = source.text(place.at, place.end);
  const start = place.at - opening.length;
  const fields = readToken(token);
  const isLine = start >= 0 && source.text(start, place.at) === opening && !isAlphanumeric(source.code(place.end));
  if (!isLine || fields === undefined) return { token, kind: 'echo' };
  const before = source.text(start - beforeChars, start);
  const damage = damageOf(token, fields, tailOf(source, place.end), before);
  return damage === undefined ? { token, kind: 'line' } : { token, kind: 'line', damage };
}

/** What stands behind our opening, if it could be a token that was cut, changed in case, or changed in a few characters. */
function suspectAt(source: Source, from: number): string | undefined {
  let end = from;
  // Up to four bytes a character, so that a text in another script does not look short.
  while (end - from < suspectMaxChars * 4 && isRunCode(source.code(end))) end += 1;
  if (end - from < suspectMinChars) return undefined;
  const text = source.text(from, end).slice(0, suspectMaxChars);
  let odd = 0;
  for (let at = 0; at < text.length; at += 1) if (!isAlphanumeric(text.charCodeAt(at))) odd += 1;
  return text.length >= suspectMinChars && odd <= suspectOddChars ? text : undefined;
}

function isRunCode(code: number): boolean {
  return code > 0x20 && code !== 0x22 && code !== 0x27 && code !== 0x5c;
}

function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}

/** Whole lines before damaged ones before echoes. */
function rank(find: Find): number {
  return find.kind === 'line' ? (find.damage === undefined ? 2 : 1) : 0;
}

/**
 * True when two places lie in one JSON document: agents keep a line twice (`message` and `event.original`, Merge_Log with
 * Keep_Log), which is one sighting and no duplicate. Documents are told apart by what cannot stand within one on a line:
 * a control character (line feed, KPL and MessagePack framing) or a brace that opens right after one that closes.
 */
function inOneDocument(source: Source, one: Place, other: Place): boolean {
  const between = source.text(one.end, other.at);
  if (!/"\s*:/.test(between) || /\}\s*(?:,\s*)?\{/.test(between)) return false;
  for (let at = 0; at < between.length; at += 1) if (between.charCodeAt(at) < 0x20) return false;
  return true;
}

/**
 * All canaries in one record or object as it came: inflates gzip, zlib and zstd (also nested, also several one behind the
 * other), and decodes the `rawData` of Firehose's error records.
 */
export function scanRecord(bytes: Uint8Array, options: RecordOptions = {}): ScanResult {
  const finds: Find[] = [];
  const limit = options.maxFinds ?? defaultMaxFinds;
  const budget = { left: options.maxBytes ?? defaultMaxBytes };
  let why: ScanResult['why'];
  for (const part of unpack(bytes, maxNesting, budget)) {
    if (typeof part === 'string') {
      why ??= part;
      continue;
    }
    const result = scan(part, { maxFinds: limit - finds.length });
    for (const find of result.finds) finds.push(find);
    why ??= result.why;
    if (result.why === 'too-many') break;
  }
  return why === undefined ? { finds } : { finds, why };
}

/** The parts to scan, and why some could not be had. `budget.left`: bytes that may still come out of inflating and decoding. */
function* unpack(
  bytes: Uint8Array,
  nesting: number,
  budget: { left: number },
): Generator<Uint8Array | 'too-large' | 'undecodable', void, undefined> {
  let rest = bytes;
  while (rest.length > 0) {
    const inflated = inflate(rest, { maxBytes: budget.left });
    if (inflated.state !== 'inflated') {
      if (inflated.state !== 'plain') yield inflated.state;
      yield rest;
      yield* rawDataIn(rest, nesting, budget);
      return;
    }
    budget.left -= Math.max(inflated.bytes.length, minChargeBytes);
    if (nesting > 0) yield* unpack(inflated.bytes, nesting - 1, budget);
    else yield 'undecodable';
    rest = inflated.rest;
  }
}

/** Firehose's error records keep what could not be delivered as base64. https://docs.aws.amazon.com/firehose/latest/dev/retry.html */
function* rawDataIn(bytes: Uint8Array, nesting: number, budget: { left: number }): ReturnType<typeof unpack> {
  const source = sourceOf(bytes);
  const name = '"rawData"';
  for (let at = source.find(name, 0); at >= 0; at = source.find(name, at + name.length)) {
    if (nesting === 0) return yield 'undecodable';
    let from = at + name.length;
    while (source.code(from) === 0x20 || source.code(from) === 0x3a) from += 1;
    if (source.code(from) !== 0x22) continue;
    const end = source.find('"', from + 1);
    if (end < 0) return yield 'undecodable';
    const decoded = Buffer.from(source.text(from + 1, end), 'base64');
    if (decoded.length > budget.left) return yield 'too-large';
    budget.left -= decoded.length;
    yield* unpack(decoded, nesting - 1, budget);
  }
}
