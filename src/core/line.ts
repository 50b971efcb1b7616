/** The canary line: what goes through the pipeline, and what of it can be foretold from its token alone. */
import { type Shape, shapes } from './pipeline.ts';
import { readToken, type TokenFields } from './token.ts';

/** What stands directly before the token in every line of ours. */
export const opening = 'logcanary ';

/** Indentation of the continuation lines of `multiline`, by which agents know that they belong to the line before. */
export const indentation = '    ';

/** `long` lines must pass 16 KiB, where container runtimes split (containerd `max_container_log_line_size` 16384). */
const longExtraChars = 17_000;

/** In `multiline`, every so many words begin a new line: at least three lines in the shortest. */
const wordsPerLine = 4;

export interface LineParts {
  readonly token: string;
  readonly pipeline: string;
  readonly stream: string;
  /** Must be the token's own. */
  readonly seq: number;
}

/**
 * The line of a canary, without a final line feed (`multiline` has inner ones): shape and filler length are the token's.
 * `json` is an object whose only member, `message`, holds the line: more members could meet a mapping they do not fit.
 * @throws RangeError for something that is no token, or for another seq than the token's.
 */
export function composeLine({ token, pipeline, stream, seq }: LineParts): string {
  const fields = readToken(token);
  if (fields === undefined)
    throw new RangeError(`Cannot compose line ${seq} of ${pipeline}/${stream}: that is no token.`);
  if (fields.seq !== seq) throw new RangeError(`Cannot compose line ${seq}: the token is that of line ${fields.seq}.`);
  const line = `${opening}${token} ${pipeline}/${stream} #${seq} ${fillerOf(token)}`;
  return shapeOf(fields) === 'json' ? JSON.stringify({ message: line }) : line;
}

/** The shape a token asks for; `plain` for numbers that no shape has yet. */
export function shapeOf(fields: TokenFields): Shape {
  return shapes[fields.shape] ?? 'plain';
}

/**
 * Characters of filler of a length class 0–31, in steps of a quarter octave:
 * 64 80 96 112, 128 160 192 224, 256 320 384 448, 512 640 768 896, 1024 1280 1536 1792, 2048 2560 3072 3584,
 * 4096 5120 6144 7168, 8192 10240 12288 14336. A filler is at least that long, ends with a whole word and the 11
 * characters of the terminator, and is 17,000 characters longer in `long`. All but `long` stay under 16 KiB, except
 * `unicode` from class 26 up, where characters are bytes more.
 */
export function fillerLength(lengthClass: number): number {
  return 2 ** (4 + Math.floor(lengthClass / 4)) * (4 + (lengthClass % 4));
}

/** A pipeline's and a stream's name have at most 63 characters each, a sequence number at most 11 digits. */
const longestHead = opening.length + 52 + ' / # '.length + 63 + 63 + 11;
/** One word and separator past the wanted length, the terminator, and the object around the line in `json`. */
const longestTail = 32 + 11 + '{"message":""}'.length;

/** The most characters (UTF-16 units) that the line of a token can have, whatever the names in it; infinite for no token. */
export function longestLine(token: string): number {
  const fields = readToken(token);
  if (fields === undefined) return Number.POSITIVE_INFINITY;
  return longestHead + fillerLength(fields.length) + (shapeOf(fields) === 'long' ? longExtraChars : 0) + longestTail;
}

/** The filler of a token: always the same, like no other token's. @throws RangeError for something that is no token. */
export function fillerOf(token: string): string {
  const fields = readToken(token);
  if (fields === undefined) throw new RangeError('Cannot make a filler: that is no token.');
  return [...fillerParts(token, fields)].join('');
}

/**
 * The filler piece by piece, so that a reader may stop at the first difference: words with what separates them from the
 * word before, then the terminator, ` end-` and six consonants drawn like the words.
 */
export function* fillerParts(token: string, fields: TokenFields): Generator<string, void, undefined> {
  const random = randomOf(token);
  const shape = shapeOf(fields);
  const wanted = fillerLength(fields.length) + (shape === 'long' ? longExtraChars : 0);
  let written = 0;
  for (let index = 0; written < wanted; index += 1) {
    const part = separatorAt(index, shape) + pick(shape === 'unicode' ? unicodeAt(index) : words, random());
    yield part;
    written += part.length;
  }
  let terminator = ' end-';
  while (terminator.length < 11) terminator += consonants.charAt(random() % consonants.length);
  yield terminator;
}

function separatorAt(index: number, shape: Shape): string {
  if (index === 0) return '';
  return shape === 'multiline' && index % wordsPerLine === 0 ? `\n${indentation}` : ' ';
}

function pick(list: readonly string[], random: number): string {
  return list[random % list.length] ?? '';
}

/** Every kind of writing turns up in the shortest filler. */
function unicodeAt(index: number): readonly string[] {
  return unicodeWords[index % unicodeWords.length] ?? words;
}

/** Whole numbers below 2^32, the same for the same token: FNV-1a of its characters seeds mulberry32. */
function randomOf(token: string): () => number {
  let state = 0x811c9dc5;
  for (let at = 0; at < token.length; at += 1) state = Math.imul(state ^ token.charCodeAt(at), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** No vowel: no word can come out, such as one that an alert rule looks for. */
const consonants = 'bcdfghjkmnpqstvwxz';

/** Harmless: none holds a word that alert rules look for ("err", "fail", "warn", "kill", "oom"...), none holds a digit. */
const words = (
  'acorn alder amber anchor apple aspen autumn basil beach birch bottle bridge butter candle canvas cedar chalk ' +
  'clover coast copper coral cotton daisy dune elm ember fern field flute forest garden ginger glacier hazel honey ' +
  'island ivory jasmine juniper kettle lagoon lantern lemon lilac linen maple meadow melon mint moss nutmeg oak ' +
  'olive orchid paper pebble pepper plum pond quartz reed river saffron sand silk spruce stone thyme tulip valley ' +
  'velvet violet walnut willow window wool'
).split(' ');

/** Two and three byte letters, four byte emoji (also joined and flagged), combining marks that normalisation would change. */
const unicodeWords: readonly (readonly string[])[] = [
  words,
  ['カナリア', '小鳥', '朝の光', '東京', '桜', 'ﾄﾘ', '森の道'],
  ['🐤', '🐦', '🌿', '👩\u200d🌾', '🇯🇵', '🏝\ufe0f'],
  ['cafe\u0301', 'o\u0308l', 'n\u0303andu', 'か\u3099', 'a\u030angstrom'],
  ['straße', 'птица', 'πουλί', 'ptáček', 'नदी', '새'],
];
