/** Asks an archive again for canaries that lay in it once. */
import type { Find, Look, RecheckQuestion } from '../../src/probe.ts';
import type { Attempt } from '../aws/aws-error.ts';
import type { ArchiveObject, BucketReader } from './bucket-reader.ts';
import { prefixesFor } from './key-layout.ts';
import { readObjects } from './object-reading.ts';

export interface S3RecheckConfig {
  readonly prefix: string;
  /** ms */
  readonly lookback: number;
  readonly max_read_bytes: number;
}

/** The newest hour is listed with the next one: our clock may be behind the writer's. */
const aheadMs = 60_000;

/**
 * Reads from the time of the oldest one on until it has found all. Only when everything was read that was written until they had been
 * seen, and some are not in it, are those gone. @throws ProbeError
 */
export async function lookAgain(
  bucket: BucketReader,
  { prefix, lookback, max_read_bytes }: S3RecheckConfig,
  layout: string,
  question: RecheckQuestion,
  attempt: Attempt,
): Promise<Look> {
  const wanted = new Set(question.tokens());
  const { ahead = 0 } = bucket;
  const [from, to] = [question.since - ahead, question.seenBy - ahead + aheadMs];
  const listed = await bucket.list(prefixesFor(prefix, layout, from - lookback, to), attempt);
  const reading = await readObjects(bucket, inOrder(listed, from, lookback, to), max_read_bytes, attempt, ({ finds }) =>
    hasAll(finds, wanted),
  );
  const { finds, bytes, why } = reading;
  const left = why !== undefined && !hasAll(finds, wanted);
  return { coverage: left ? 'partial' : 'complete', finds, bytes, ...(left && { why }) };
}

function hasAll(finds: readonly Find[], wanted: ReadonlySet<string>): boolean {
  const found = new Set(finds.filter(({ kind }) => kind === 'line').map(({ token }) => token));
  return [...wanted].every((token) => found.has(token));
}

/** Most lie in objects stamped soon after them; an object whose upload began before may hold some, too, and comes last. */
function inOrder(
  listed: readonly ArchiveObject[],
  from: number,
  lookback: number,
  to: number,
): readonly ArchiveObject[] {
  const inTime = listed.filter(({ modified }) => modified >= from - lookback && modified <= to);
  const sorted = inTime.toSorted((a, b) => a.modified - b.modified);
  return [...sorted.filter(({ modified }) => modified >= from), ...sorted.filter(({ modified }) => modified < from)];
}
