/** Whether what follows a token is what the token promises. Knows JSON escaping, however often it was applied; parses nothing. */
import { fillerOf, fillerParts, indentation, opening } from './line.ts';
import { type TokenFields, tokenLength } from './token.ts';

/** Text that is read on demand, since most lines are short and bytes may be many. */
export interface Tail {
  /** What is known so far. */
  readonly text: string;
  /** Makes `text` longer; false when there is no more. */
  more(): boolean;
}

/** Where container runtimes split lines: containerd `max_container_log_line_size`, docker's copier, CRI-O. */
const runtimeSplitChars = 16_384;
/** How far before that a split line of ours may begin: what stands before the opening in its line. */
const splitSlackChars = 256;
/** How far behind a split its rest may stand: the metadata an agent or a runtime puts between two records. */
const splitGapChars = 4_096;
/** That much of the rest must be found to go on there. */
const splitNeedleChars = 32;
const maxSplits = 4;
/** No pipeline escapes more than a few times; each time doubles the backslashes. */
const maxBackslashes = 64;
const maxNameChars = 512;

const quote = 0x22;
const backslash = 0x5c;
const lineFeed = 0x0a;

/**
 * What is wrong with a line, in a few words; `undefined` when it is whole. `tail` begins right behind the token, `before`
 * ends right before the opening. Characters are counted from the line's opening, in UTF-16 units, without escaping.
 *
 * Tolerated: JSON escaping of any depth; names we cannot know; a `multiline` whose continuation lines became records of
 * their own (anything after the whole first line that does not go on with the second one's words); a line that a runtime
 * split at 16 KiB if its rest stands right behind.
 */
export function damageOf(token: string, fields: TokenFields, tail: Tail, before: string): string | undefined {
  const reader = new Reader(tail);
  const header = reader.takeHeader() && reader.take(` #${fields.seq} `);
  if (!header) return reader.describe();
  const fillerStart = reader.matched;
  let lines = 1;
  for (const part of fillerParts(token, fields)) {
    const from = reader.matched;
    if (part.startsWith('\n')) lines += 1;
    if (reader.take(part)) continue;
    if (lines === 2 && part.startsWith('\n') && isSeparateRecord(reader, reader.matched - from)) return undefined;
    const missing = reader.matched < runtimeSplitChars - splitSlackChars || !takeSplitRest(reader, token, fillerStart);
    if (missing) return reader.describe();
    break;
  }
  return unclosedJson(reader, before);
}

/** After the first line of a `multiline`: the record ends, or another one begins within the indentation. */
function isSeparateRecord(reader: Reader, matchedOfPart: number): boolean {
  return matchedOfPart === 0 ? reader.atBoundary() : matchedOfPart <= 1 + indentation.length;
}

/** Goes on where the rest of a split line stands, at most a few records behind. */
function takeSplitRest(reader: Reader, token: string, fillerStart: number): boolean {
  const filler = fillerOf(token);
  for (let split = 0; split < maxSplits; split += 1) {
    const rest = filler.slice(reader.matched - fillerStart);
    const at = reader.find(rest.slice(0, splitNeedleChars), splitGapChars);
    if (at < 0) return false;
    reader.at = at;
    if (reader.take(rest)) return true;
  }
  return false;
}

/** The damage when the line is the value of a JSON member and the JSON ends before its value and its object do. */
function unclosedJson(reader: Reader, before: string): string | undefined {
  const member = /(\\*)"\s{0,4}:\s{0,4}(\\*)"$/.exec(before);
  if (member === null || member[1] !== member[2]) return undefined;
  const level = member[1]?.length ?? 0;
  reader.skipSpace();
  const ends = reader.quoteAt();
  if (ends === 'text') return undefined;
  if (ends === 'end' || ends < level) return reader.describe();
  if (ends > level) return undefined;
  reader.at += level + 1;
  reader.skipSpace();
  const next = reader.quoteAt();
  return next === 'end' || (next !== 'text' && next < level) ? reader.describe() : undefined;
}

/** Reads expected text from a tail, through any depth of JSON escaping. */
class Reader {
  /** Where to read next, in the tail's text. */
  at = 0;
  /** Characters of the line that were found to be right, from its opening. */
  matched = opening.length + tokenLength;
  readonly #tail: Tail;

  constructor(tail: Tail) {
    this.#tail = tail;
  }

  /** The character code at a place; NaN behind the end. */
  code(at: number): number {
    while (at >= this.#tail.text.length) if (!this.#tail.more()) return Number.NaN;
    return this.#tail.text.charCodeAt(at);
  }

  /** Reads exactly this text; stops before the first difference. */
  take(expected: string): boolean {
    if (this.#tail.text.startsWith(expected, this.at)) {
      this.at += expected.length;
      this.matched += expected.length;
      return true;
    }
    for (let index = 0; index < expected.length; index += 1) {
      if (!this.#takeCode(expected.charCodeAt(index))) return false;
    }
    return true;
  }

  #takeCode(expected: number): boolean {
    const end = this.code(this.at) === expected ? this.at + 1 : this.#afterEscaped(expected);
    if (end === undefined) return false;
    this.at = end;
    this.matched += 1;
    return true;
  }

  /** Where an escaped form of this character that begins here ends. */
  #afterEscaped(expected: number): number | undefined {
    const at = this.#afterBackslashes();
    if (at === this.at) return undefined;
    const code = this.code(at);
    if (code === 0x6e && expected === lineFeed) return at + 1;
    if (code === 0x2f && expected === 0x2f) return at + 1;
    if (code !== 0x75 || Number.isNaN(this.code(at + 4))) return undefined;
    const hex = this.#tail.text.slice(at + 1, at + 5);
    return /^[0-9a-fA-F]{4}$/.test(hex) && Number.parseInt(hex, 16) === expected ? at + 5 : undefined;
  }

  #afterBackslashes(): number {
    let at = this.at;
    while (at - this.at < maxBackslashes && this.code(at) === backslash) at += 1;
    return at;
  }

  /** Reads ` <pipeline>/<stream>`: names are not in the token, so any will do. */
  takeHeader(): boolean {
    if (!this.take(' ')) return false;
    let slashes = 0;
    for (let count = 0; count < maxNameChars; count += 1) {
      const after = this.#afterBackslashes();
      const code = this.code(after);
      const escaped = after > this.at;
      if (escaped ? code !== 0x2f && code !== 0x75 : !(code > 0x20 && code !== quote)) break;
      if (code === 0x2f) slashes += 1;
      this.at = escaped && code === 0x75 ? after + 5 : after + 1;
      this.matched += 1;
    }
    return slashes > 0;
  }

  /** Where this text begins within the next `gap` characters; -1 when it does not. */
  find(needle: string, gap: number): number {
    if (needle === '') return -1;
    const end = this.at + gap + needle.length;
    this.code(end);
    const found = this.#tail.text.slice(this.at, end).indexOf(needle);
    return found < 0 ? -1 : this.at + found;
  }

  /** Skips white space, escaped or not. */
  skipSpace(): void {
    for (;;) {
      const after = this.#afterBackslashes();
      const code = this.code(after);
      const space =
        after === this.at
          ? code === 0x20 || (code >= 9 && code <= 13)
          : code === 0x6e || code === 0x72 || code === 0x74;
      if (!space) return;
      this.at = after + 1;
    }
  }

  /** The backslashes before the quote that stands here, or what stands here instead. */
  quoteAt(): number | 'text' | 'end' {
    const after = this.#afterBackslashes();
    const code = this.code(after);
    if (Number.isNaN(code)) return 'end';
    return code === quote ? after - this.at : 'text';
  }

  /** True where a record or a string plausibly ends: so the line was cut, not changed. */
  atBoundary(): boolean {
    const code = this.code(this.at);
    return Number.isNaN(code) || code < 0x20 || boundaries.includes(String.fromCharCode(code));
  }

  /** What is wrong here. */
  describe(): string {
    if (this.matched >= runtimeSplitChars - splitSlackChars && this.matched <= runtimeSplitChars) {
      return `split after ${this.matched} characters, the rest is not beside it`;
    }
    return this.atBoundary() ? `cut after ${this.matched} characters` : `changed at character ${this.matched + 1}`;
  }
}

/** Ends of strings and records, and the marks that agents put where they cut ("...", "[Truncated...]"). */
const boundaries = '"\\\'<[{}].…';
