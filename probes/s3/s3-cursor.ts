/** Which objects of a bucket were read, as text that the ledger keeps between looks. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EpochMs } from '../../src/probe.ts';

export interface S3Cursor {
  /** Whatever was emitted at or after this and archived was read, or will be by later looks. */
  readonly start: EpochMs;
  /** Objects modified before this are done with; on the bucket's clock, as all that objects are stamped and named by. */
  readonly floor: EpochMs;
  /** Marks of objects modified since `floor` that were read. */
  readonly seen: ReadonlySet<string>;
}

/** Marks that fit into 64 KiB: 12 characters and three of JSON each. */
export const maxMarks = 4_000;
const markLength = 12;

const Stored = z.strictObject({
  v: z.literal(1),
  of: z.string(),
  start: z.number().int().nonnegative(),
  floor: z.number().int().nonnegative(),
  seen: z.array(z.string().length(markLength)).max(maxMarks),
});

/** 72 bits of key and content: an object that was overwritten is another one. */
export function markOf(key: string, etag: string): string {
  return createHash('sha256').update(`${key}\n${etag}`).digest('base64url').slice(0, markLength);
}

export function writeCursor(cursor: S3Cursor, of: string): string {
  return JSON.stringify({ v: 1, of, start: cursor.start, floor: cursor.floor, seen: [...cursor.seen] });
}

/** Undefined for whatever is not a cursor of this bucket and prefix: then reading starts anew. */
export function readCursor(text: string | undefined, of: string): S3Cursor | undefined {
  const parsed = Stored.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.of !== of) return undefined;
  return { start: parsed.data.start, floor: parsed.data.floor, seen: new Set(parsed.data.seen) };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
