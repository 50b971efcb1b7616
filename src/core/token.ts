/** The token: 52 characters that name one canary and prove that we wrote it. Layout: ARCHITECTURE.md, "The canary". */
import { decodeNumber, encodeNumber } from '../lib/base32.ts';
import type { EpochMs } from '../lib/clock.ts';
import { ConfigError } from '../lib/errors.ts';
import type { Signer } from '../lib/signer.ts';

export type { Signer } from '../lib/signer.ts';

export interface TokenFields {
  /** Number of the key that signed it, 0–1023. */
  readonly key: number;
  /** The ledger's incarnation, 25 bits, redrawn at each open. */
  readonly writer: number;
  /** Never reused, 25 bits. */
  readonly stream: number;
  /** Dense per stream, 35 bits. */
  readonly seq: number;
  /** Planned emission, ms since 1970 on the ledger's clock, 45 bits (until the year 3084). */
  readonly plannedAt: EpochMs;
  /** Index into `shapes`, 0–31. */
  readonly shape: number;
  /** Filler length class, 0–31: see `line.ts`. */
  readonly length: number;
}

/** What a token turned out to be. `wrong-mac`: intact, its key is known, but we did not sign it. */
export type TokenCheck =
  | { readonly state: 'valid' | 'wrong-mac' | 'unknown-key'; readonly fields: TokenFields }
  | { readonly state: 'malformed' };

export const tokenMagic = 'lcn1';
export const tokenLength = 52;
/** Not in the alphabet: a cut token cannot pass for a whole one. */
export const tokenEnd = '0';
/** Where the MAC begins; everything before it is signed. */
const macStart = 34;
const macEnd = 51;

/** Characters of each field, in the order of the token. */
const layout: readonly (readonly [keyof TokenFields, number])[] = [
  ['key', 2],
  ['writer', 5],
  ['stream', 5],
  ['seq', 7],
  ['plannedAt', 9],
  ['shape', 1],
  ['length', 1],
];

/**
 * The token of a canary.
 * @throws RangeError for a field out of its range, ConfigError for a key number the signer does not know.
 */
export function mintToken(fields: TokenFields, signer: Signer): string {
  let text = tokenMagic;
  for (const [name, chars] of layout) {
    const value = fields[name];
    if (!Number.isInteger(value) || value < 0 || value >= 32 ** chars) throw outOfRange(name, value, chars);
    text += encodeNumber(value, chars);
  }
  const mac = signer.mac(fields.key, text);
  if (mac === undefined) throw unknownKey(fields.key);
  return text + mac + tokenEnd;
}

/** The fields of something shaped like a token, signed or not. `undefined` when it is not shaped like one. */
export function readToken(token: string): TokenFields | undefined {
  if (token.length !== tokenLength || !token.startsWith(tokenMagic) || !token.endsWith(tokenEnd)) return undefined;
  for (let at = macStart; at < macEnd; at += 10) {
    if (Number.isNaN(decodeNumber(token, at, Math.min(at + 10, macEnd)))) return undefined;
  }
  const fields = {
    key: decodeNumber(token, 4, 6),
    writer: decodeNumber(token, 6, 11),
    stream: decodeNumber(token, 11, 16),
    seq: decodeNumber(token, 16, 23),
    plannedAt: decodeNumber(token, 23, 32),
    shape: decodeNumber(token, 32, 33),
    length: decodeNumber(token, 33, 34),
  };
  // NaN in one makes the sum NaN.
  const sum = fields.key + fields.writer + fields.stream + fields.seq + fields.plannedAt + fields.shape + fields.length;
  return Number.isNaN(sum) ? undefined : fields;
}

/** Reads a token and verifies its signature. */
export function checkToken(token: string, signer: Signer): TokenCheck {
  const fields = readToken(token);
  if (fields === undefined) return { state: 'malformed' };
  const mac = signer.mac(fields.key, token.slice(0, macStart));
  if (mac === undefined) return { state: 'unknown-key', fields };
  return { state: sameText(mac, token.slice(macStart, macEnd)) ? 'valid' : 'wrong-mac', fields };
}

/** The first 11 characters of all tokens of a key and writer: safe in searches and logs, since it is no whole token. */
export function tokenPrefix(key: number, writer: number): string {
  return tokenMagic + encodeNumber(key, 2) + encodeNumber(writer, 5);
}

/** How many characters two strings differ in, place by place; what one is longer by counts in full. */
export function differences(a: string, b: string): number {
  const common = Math.min(a.length, b.length);
  let count = Math.abs(a.length - b.length);
  for (let at = 0; at < common; at += 1) {
    if (a.charCodeAt(at) !== b.charCodeAt(at)) count += 1;
  }
  return count;
}

/** Compares without stopping at the first difference, so that time does not tell a forger how far he got. */
function sameText(a: string, b: string): boolean {
  return differences(a, b) === 0;
}

function outOfRange(name: string, value: number, chars: number): RangeError {
  return new RangeError(`A token's ${name} must be a whole number from 0 to ${32 ** chars - 1}; it was ${value}.`);
}

function unknownKey(key: number): ConfigError {
  const message = `no key has number ${key}, which canaries are still signed with: put the removed key back`;
  return new ConfigError('configuration', [{ path: 'keys', message }]);
}
