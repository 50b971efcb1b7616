import { crc32, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** What an attempt to inflate came to. Only the first member or frame is promised; `rest` is what stands behind it. */
export type Inflated =
  /** Nothing we know compressed. */
  | { readonly state: 'plain' }
  | { readonly state: 'inflated'; readonly bytes: Buffer; readonly rest: Buffer }
  /** It says it is compressed, but does not decode: cut, damaged, or a format we lack (snappy). */
  | { readonly state: 'undecodable'; readonly format: Format }
  /** It decodes to more than the bound. */
  | { readonly state: 'too-large'; readonly format: Format };

type Format = 'gzip' | 'zlib' | 'zstd' | 'snappy';

export interface InflateBounds {
  /** Of the output. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Output per input byte. Default 1,100: deflate cannot exceed 1,032 (https://zlib.net/zlib_tech.html). */
  readonly maxRatio?: number;
}

export const defaultMaxBytes = 64 * 1024 * 1024;
const defaultMaxRatio = 1_100;
/** Whatever the ratio says, this much is allowed: a few bytes of zstd may honestly be many. */
const alwaysAllowedBytes = 64 * 1024;

/** CRC-32 and length of what was compressed. https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1 */
const gzipTrailerBytes = 8;

/** Framed snappy's stream identifier. https://github.com/google/snappy/blob/main/framing_format.txt */
const snappyMagic = Buffer.from([0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]);

/** Inflates gzip, zlib or zstd, told by their magic, within bounds. Never throws for what the bytes hold. */
export function inflate(input: Uint8Array, bounds: InflateBounds = {}): Inflated {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const format = formatOf(bytes);
  if (format === undefined) return { state: 'plain' };
  if (format === 'snappy') return { state: 'undecodable', format };
  const byRatio = Math.max(alwaysAllowedBytes, bytes.length * (bounds.maxRatio ?? defaultMaxRatio));
  const limit = Math.min(bounds.maxBytes ?? defaultMaxBytes, byRatio);
  if (limit < 1) return { state: 'too-large', format };
  try {
    return decode(bytes, format, limit);
  } catch (error) {
    if (isTooLarge(error)) return { state: 'too-large', format };
    // Two bytes of magic are weak: "x^" opens an honest line of text, too.
    return format === 'zlib' ? { state: 'plain' } : { state: 'undecodable', format };
  }
}

function formatOf(bytes: Buffer): Format | undefined {
  if (bytes.length < 6) return undefined;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8) return 'gzip';
  if (bytes.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  // RFC 1950: deflate with the usual 32 KiB window, and a header that is a multiple of 31.
  if (bytes[0] === 0x78 && bytes.readUInt16BE(0) % 31 === 0) return 'zlib';
  return bytes.subarray(0, snappyMagic.length).equals(snappyMagic) ? 'snappy' : undefined;
}

function decode(bytes: Buffer, format: 'gzip' | 'zlib' | 'zstd', maxOutputLength: number): Inflated {
  if (format === 'zlib') return counted(inflateSync, bytes, maxOutputLength);
  if (format === 'zstd') return counted(zstdDecompressSync, bytes, maxOutputLength);
  // Not gunzipSync: it refuses all members when what follows the last one is no gzip, as in objects that agents append to.
  const member = counted(inflateRawSync, bytes.subarray(gzipHeaderLength(bytes)), maxOutputLength);
  const { bytes: inflated, rest } = member;
  const intact = crc32(inflated) === rest.readUInt32LE(0) && inflated.length === rest.readUInt32LE(4);
  if (!intact) return { state: 'undecodable', format };
  return { ...member, rest: rest.subarray(gzipTrailerBytes) };
}

/** Inflates one stream and finds out how much of the input it was. */
function counted(
  decoder: (bytes: Buffer, options: { maxOutputLength: number; info: boolean }) => unknown,
  bytes: Buffer,
  maxOutputLength: number,
) {
  // `info` makes zlib return its engine, which counts the input it used; its types do not say so.
  const answer = decoder(bytes, { maxOutputLength, info: true });
  const { buffer, engine } = answer as { buffer: Buffer; engine: { bytesWritten: number } };
  return { state: 'inflated', bytes: buffer, rest: bytes.subarray(engine.bytesWritten) } as const;
}

/** Length of a gzip member's header: ten bytes and what its flags announce. https://www.rfc-editor.org/rfc/rfc1952#section-2.3 */
function gzipHeaderLength(bytes: Buffer): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + bytes.readUInt16LE(at);
  if (flags & 8) at = afterZero(bytes, at);
  if (flags & 16) at = afterZero(bytes, at);
  return flags & 2 ? at + 2 : at;
}

function afterZero(bytes: Buffer, from: number): number {
  const zero = bytes.indexOf(0, from);
  return zero < 0 ? bytes.length : zero + 1;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
