/** Where a reader of a stream stands, shard by shard, as text that the ledger keeps between looks. */
import { z } from 'zod';
import type { EpochMs } from '../../src/probe.ts';

/** `after` a record that was read; from a `time` on, when none was yet; nothing to come: a closed shard, read to its end. */
export type Position = { readonly after: string } | { readonly time: EpochMs } | 'drained';

export interface KinesisCursor {
  /** Everything that arrived in the stream from here to the positions was read. */
  readonly start: EpochMs;
  /** `asOf` of the look that got this far. */
  readonly at: EpochMs;
  readonly shards: ReadonlyMap<string, Position>;
}

/**
 * Shards, open and closed, that a cursor within 64 KiB can hold: a sequence number has 56 digits, 36 in base 36, which
 * makes at most 55 bytes a shard.
 */
export const maxShards = 1_150;

const Stored = z.strictObject({
  v: z.literal(1),
  of: z.string(),
  start: z.number().int().nonnegative(),
  at: z.number().int().nonnegative(),
  shards: z.record(z.string(), z.string().regex(/^(a[0-9a-z]{1,60}|t[0-9a-z]{1,11}|x)$/)),
});

/** @param of region and stream: a cursor of another stream is none */
export function writeCursor(cursor: KinesisCursor, of: string): string {
  const shards = Object.fromEntries([...cursor.shards].map(([id, position]) => [shorten(id), writePosition(position)]));
  return JSON.stringify({ v: 1, of, start: cursor.start, at: cursor.at, shards });
}

/** Undefined for whatever is not a cursor of this stream: then reading starts anew. */
export function readCursor(text: string | undefined, of: string): KinesisCursor | undefined {
  const parsed = Stored.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.of !== of) return undefined;
  const { start, at, shards } = parsed.data;
  return {
    start,
    at,
    shards: new Map(Object.entries(shards).map(([id, stored]) => [lengthen(id), readPosition(stored)])),
  };
}

export function writePosition(position: Position): string {
  if (position === 'drained') return 'x';
  return 'time' in position ? `t${position.time.toString(36)}` : `a${BigInt(position.after).toString(36)}`;
}

function readPosition(stored: string): Position {
  if (stored === 'x') return 'drained';
  return stored.startsWith('t')
    ? { time: Number.parseInt(stored.slice(1), 36) }
    : { after: fromBase36(stored.slice(1)) };
}

function fromBase36(digits: string): string {
  let value = 0n;
  for (const digit of digits) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value.toString();
}

const shardPrefix = 'shardId-';
const shardDigits = 12;

function shorten(id: string): string {
  return /^shardId-\d{12}$/.test(id) ? String(Number(id.slice(shardPrefix.length))) : id;
}

function lengthen(id: string): string {
  return /^\d{1,12}$/.test(id) ? shardPrefix + id.padStart(shardDigits, '0') : id;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
