/** RFC 4648 base32 in lower case, without padding: `a-z2-7`. https://www.rfc-editor.org/rfc/rfc4648#section-6 */
const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Two characters for each 10-bit number: one look-up instead of two. */
const pairs = Array.from({ length: 1024 }, (_, n) => base32Alphabet.charAt(n >>> 5) + base32Alphabet.charAt(n & 31));

const values = new Int8Array(128).fill(-1);
for (let value = 0; value < 32; value += 1) values[base32Alphabet.charCodeAt(value)] = value;

/** 2 ** 25: what five characters hold. Bit operators work on 32 bits only, so larger numbers are first taken apart. */
const five = 33_554_432;

/** A whole number of at most 50 bits as exactly `chars` characters, most significant first. The caller checks the range. */
export function encodeNumber(value: number, chars: number): string {
  if (chars > 5) return encodeNumber(Math.floor(value / five), chars - 5) + encodeNumber(value % five, 5);
  let text = '';
  let rest = value;
  let left = chars;
  for (; left > 1; left -= 2) {
    text = pairs[rest & 1023] + text;
    rest >>>= 10;
  }
  return left === 1 ? base32Alphabet.charAt(rest & 31) + text : text;
}

/** The number in `text[from, to)`, at most 50 bits. NaN when a character is not of the alphabet. */
export function decodeNumber(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = values[text.charCodeAt(at)] ?? -1;
    if (digit < 0) return Number.NaN;
    value = value * 32 + digit;
  }
  return value;
}

/** True for a character code of the alphabet. */
export function isBase32(code: number): boolean {
  return (values[code] ?? -1) >= 0;
}

/** The first `chars` × 5 bits of bytes (one character per byte, `binary`) as base32. Give 10 bits more than are wanted. */
export function encodeBytes(binary: string, chars: number): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (let at = 0; text.length < chars && at < binary.length; at += 1) {
    held = ((held << 8) | binary.charCodeAt(at)) & 0x3ffff;
    bits += 8;
    while (bits >= 10) {
      bits -= 10;
      text += pairs[(held >>> bits) & 1023];
    }
  }
  return text.slice(0, chars);
}
