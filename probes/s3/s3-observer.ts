/** Looks for canaries in an archive: reads each new object once. */
import type { EpochMs, Look, Observer, ProbeContext, Question } from '../../src/probe.ts';
import { type AwsConfig, awsTarget } from '../aws/aws-config.ts';
import { type Attempt, refuseWhenAborted } from '../aws/aws-error.ts';
import { type ArchiveObject, type BucketReader, openBucket } from './bucket-reader.ts';
import { guessLayout, prefixesFor } from './key-layout.ts';
import { type Reading, readObjects } from './object-reading.ts';
import { markOf, maxMarks, readCursor, type S3Cursor, writeCursor } from './s3-cursor.ts';
import { lookAgain } from './s3-recheck.ts';

export interface S3ObserveConfig extends AwsConfig {
  readonly bucket: string;
  readonly prefix: string;
  readonly layout: string;
  /** ms */
  readonly lookback: number;
  readonly max_read_bytes: number;
}

/** The newest hour is listed with the next one: our clock may be behind the writer's. */
const aheadMs = 60_000;
/**
 * An archive cannot be searched: to ask again is to read again all that everybody wrote then. So a twelfth of it at most, for each age:
 * the objects of five minutes in every hour, as many as `max_read_bytes` allows.
 */
const recheckEveryMs = 3_600_000;
const recheckSpanMs = 5 * 60_000;
/** A cursor this far behind what is asked about is not caught up with. */
const staleMs = 3_600_000;

/** Opens without contacting S3. */
export async function openS3Observer(config: S3ObserveConfig, { clock }: ProbeContext): Promise<Observer> {
  const bucket = await openBucket(config, config.max_read_bytes, clock);
  const of = `${config.bucket}/${config.prefix}`;
  return {
    mode: 'poll',
    finds: 'unique',
    async observe(question, { signal }) {
      const attempt = attemptAt(config, signal);
      refuseWhenAborted(attempt);
      const layout = await layoutOf(bucket, config, attempt);
      const span = spanOf(question, bucket);
      const cursor = cursorFor(question, span, readCursor(question.cursor, of), config.lookback);
      const listed = await bucket.list(prefixesFor(config.prefix, layout, cursor.floor, span.to + aheadMs), attempt);
      const unread = listed
        .filter((object) => object.modified >= cursor.floor && !cursor.seen.has(markOf(object.key, object.etag)))
        .sort((a, b) => a.modified - b.modified);
      const reading = await readObjects(bucket, unread, config.max_read_bytes, attempt);
      return lookOf(reading, cursor, listed, { question, span }, config, of);
    },
    recheck: {
      everyMs: recheckEveryMs,
      spanMs: recheckSpanMs,
      async look(question, { signal }) {
        const attempt = attemptAt(config, signal);
        refuseWhenAborted(attempt);
        return lookAgain(bucket, config, await layoutOf(bucket, config, attempt), question, attempt);
      },
    },
    close: async () => bucket.close(),
  };
}

function attemptAt(config: S3ObserveConfig, signal: AbortSignal): Attempt {
  const needs = 's3:ListBucket on the bucket and s3:GetObject on its objects (and kms:Decrypt)';
  return { what: `read bucket "${config.bucket}"`, target: awsTarget('s3', config), needs, signal };
}

/** The time that is asked about on the bucket's clock: ledger time may be far from it after a start with a wrong clock. */
interface Span {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

function spanOf({ since, asOf }: Question, { ahead = 0 }: BucketReader): Span {
  return { from: since - ahead, to: asOf - ahead };
}

function cursorFor(question: Question, span: Span, stored: S3Cursor | undefined, lookback: number): S3Cursor {
  const floor = Math.max(0, span.from - lookback);
  // neither clock goes back, so a cursor of ours is never ahead of the question: objects before its floor would be skipped
  const ahead = stored !== undefined && (stored.start > question.asOf + aheadMs || stored.floor > span.to + aheadMs);
  if (stored !== undefined && !ahead && stored.floor >= floor - staleMs) return stored;
  return { start: question.since, floor, seen: new Set() };
}

/** Asks the bucket also where the layout is given, while nothing is known of its clock. */
async function layoutOf(bucket: BucketReader, config: S3ObserveConfig, attempt: Attempt): Promise<string> {
  if (config.layout !== 'auto' && bucket.ahead !== undefined) return config.layout;
  const { folders, objects } = await bucket.top(config.prefix, attempt);
  return config.layout === 'auto' ? guessLayout(config.prefix, folders, objects) : config.layout;
}

/** @throws what kept us from reading anything */
function lookOf(
  reading: Reading,
  cursor: S3Cursor,
  listed: readonly ArchiveObject[],
  { question, span }: { readonly question: Question; readonly span: Span },
  config: S3ObserveConfig,
  of: string,
): Look {
  const { why, finds, bytes, leftSince } = reading;
  if (why !== undefined && reading.marks.size === 0 && why.reason !== 'partial') throw why;
  const start = reading.unknowable ? question.asOf : cursor.start;
  const settled = Math.max(cursor.floor, Math.min(span.to - config.lookback, leftSince ?? span.to));
  const seen = new Set([...cursor.seen, ...reading.marks]);
  return {
    coverage: why === undefined ? 'complete' : 'partial',
    finds,
    since: start,
    cursor: writeCursor({ start, ...marksSince(listed, seen, settled) }, of),
    bytes,
    ...(why && { why }),
  };
}

/** Keeps the marks of objects since the floor; more than fit raise it to the oldest that do. */
function marksSince(listed: readonly ArchiveObject[], seen: ReadonlySet<string>, floor: EpochMs) {
  const kept = listed
    .map((object) => ({ mark: markOf(object.key, object.etag), modified: object.modified }))
    .filter(({ mark, modified }) => modified >= floor && seen.has(mark))
    .sort((a, b) => b.modified - a.modified);
  const overflow = kept[maxMarks];
  const marks = overflow === undefined ? kept : kept.filter(({ modified }) => modified > overflow.modified);
  return {
    floor: overflow === undefined ? floor : overflow.modified + 1,
    seen: new Set(marks.map(({ mark }) => mark)),
  };
}
