import type { Tail } from './damage.ts';

/** Bytes or text to search, by one set of methods. Places are bytes of bytes and UTF-16 units of text. */
export interface Source {
  readonly length: number;
  /** Where this ASCII text begins next; -1 when it does not. */
  find(ascii: string, from: number): number;
  /** Byte or UTF-16 unit; NaN outside. */
  code(at: number): number;
  /** As text; bytes are read as UTF-8, what is not becomes U+FFFD. */
  text(from: number, to: number): string;
}

export function sourceOf(input: Uint8Array | string): Source {
  return typeof input === 'string' ? sourceOfText(input) : sourceOfBytes(input);
}

function sourceOfText(input: string): Source {
  return {
    length: input.length,
    find: (ascii, from) => input.indexOf(ascii, from),
    code: (at) => input.charCodeAt(at),
    text: (from, to) => input.slice(Math.max(0, from), to),
  };
}

function sourceOfBytes(input: Uint8Array): Source {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  return {
    length: bytes.length,
    // `latin1` compares bytes as they are: 4 GB/s.
    find: (ascii, from) => bytes.indexOf(ascii, from, 'latin1'),
    code: (at) => bytes[at] ?? Number.NaN,
    text: (from, to) => bytes.toString('utf8', Math.max(0, from), to),
  };
}

const firstWindow = 512;

/** Reads on from a place, in windows that double: what is not asked for is not decoded. */
export function tailOf(source: Source, from: number): Tail {
  let window = firstWindow;
  let end = windowEnd(source, from, window);
  let text = source.text(from, end);
  return {
    get text() {
      return text;
    },
    more() {
      if (end >= source.length) return false;
      window *= 2;
      const next = windowEnd(source, from, window);
      text += source.text(end, next);
      end = next;
      return true;
    },
  };
}

/** Not within a character: UTF-8 continuation bytes (and no UTF-16 surrogate is one) belong to the window before. */
function windowEnd(source: Source, from: number, window: number): number {
  let end = Math.min(source.length, from + window);
  for (let steps = 0; steps < 3 && (source.code(end) & 0xc0) === 0x80 && end < source.length; steps += 1) end += 1;
  return end;
}
