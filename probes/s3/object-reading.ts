/** Reading objects of a bucket, within a budget of bytes, and what is made of those that cannot be read. */
import { type EpochMs, type Find, ProbeError, scanRecord } from '../../src/probe.ts';
import type { Attempt } from '../aws/aws-error.ts';
import type { ArchiveObject, BucketReader } from './bucket-reader.ts';
import { markOf } from './s3-cursor.ts';

/** What one object's content may grow to. A 128 MB object of logs in gzip holds about ten times as much: then it is too large. */
const maxInflatedBytes = 512 * 1024 * 1024;

export interface Reading {
  readonly finds: Find[];
  readonly marks: Set<string>;
  /** Modified time of the oldest object that is left for the next look. */
  leftSince?: EpochMs;
  bytes: number;
  why?: ProbeError;
  /** An object's content will never be known: what was emitted until now may be in it. */
  unknowable: boolean;
}

/**
 * In this order: oldest first, so that what is left can be told by one time.
 * @param enough nothing more needs to be read
 */
export async function readObjects(
  bucket: BucketReader,
  unread: readonly ArchiveObject[],
  maxBytes: number,
  attempt: Attempt,
  enough: (reading: Reading) => boolean = () => false,
): Promise<Reading> {
  const reading: Reading = { finds: [], marks: new Set(), bytes: 0, unknowable: false };
  for (const object of unread) {
    if (enough(reading)) return reading;
    const mark = markOf(object.key, object.etag);
    if (object.size > maxBytes) {
      giveUp(reading, mark, tooLarge(object, maxBytes));
      continue;
    }
    if (reading.bytes + object.size > maxBytes) return leave(reading, object, budgetSpent(attempt));
    try {
      takeContent(reading, object, mark, await bucket.read(object, attempt));
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      if (error.reason === 'not_found') giveUp(reading, mark, error);
      else return leave(reading, object, error);
    }
  }
  return reading;
}

function takeContent(reading: Reading, object: ArchiveObject, mark: string, bytes: Uint8Array): void {
  const result = scanRecord(bytes, { maxBytes: maxInflatedBytes });
  for (const find of result.finds) reading.finds.push(find);
  reading.bytes += bytes.length;
  if (result.why === undefined) reading.marks.add(mark);
  else giveUp(reading, mark, unreadable(object, result.why));
}

/** Not read, and not to be tried again. */
function giveUp(reading: Reading, mark: string, why: ProbeError): void {
  reading.marks.add(mark);
  reading.unknowable = true;
  reading.why ??= why;
}

function leave(reading: Reading, object: ArchiveObject, why: ProbeError): Reading {
  return { ...reading, leftSince: object.modified, why: reading.why ?? why };
}

function tooLarge({ key, size }: ArchiveObject, maxBytes: number): ProbeError {
  const message = `Did not read "${key}": its ${size} bytes are more than max_read_bytes, ${maxBytes}. Raise it, or let the archiver write smaller objects.`;
  return new ProbeError(message, { reason: 'too_large' });
}

function budgetSpent({ what, target }: Attempt): ProbeError {
  const message = `Cannot finish to ${what} on ${target} in one look: max_read_bytes is spent. It goes on in the next; raise it if it never ends.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}

function unreadable({ key }: ArchiveObject, why: 'too-many' | 'too-large' | 'undecodable'): ProbeError {
  const reason = why === 'undecodable' ? 'unsupported' : 'too_large';
  return new ProbeError(`Cannot search "${key}" fully: its content is ${why}. Archive as gzip, zstd or plain text.`, {
    reason,
  });
}
