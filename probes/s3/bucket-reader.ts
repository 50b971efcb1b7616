/** Lists and reads a bucket, bounded in pages and bytes. */
import type { S3Client } from '@aws-sdk/client-s3';
import { type EpochMs, type ProbeContext, ProbeError } from '../../src/probe.ts';
import { type AwsConfig, awsClientOptions } from '../aws/aws-config.ts';
import { type Attempt, awsError, badAnswer } from '../aws/aws-error.ts';

/** 1,000 keys of at most 1,024 bytes, every byte escaped, with their other members. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
const maxListAnswerBytes = 8 * 1024 * 1024;
/** Pages of 1,000 keys listed in one look: a dollar's half cent a hundred. https://aws.amazon.com/s3/pricing/ */
const maxPages = 100;

/** A network's delay and a header that names whole seconds make no difference: the look-back covers more. */
const toleratedMs = 60_000;

export interface ArchiveObject {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
  readonly modified: EpochMs;
}

export interface BucketReader {
  /**
   * How far ledger time is ahead of the bucket's clock, by which objects are stamped, ms; negative when it is behind. As the
   * newest listing's answer says; 0 while they are hardly apart, undefined before the first answer.
   */
  readonly ahead: number | undefined;
  /** All objects under the prefixes. @throws ProbeError */
  list(prefixes: readonly string[], attempt: Attempt): Promise<ArchiveObject[]>;
  /** What stands directly under a prefix: folders, and how many objects (at most 1,000). @throws ProbeError */
  top(prefix: string, attempt: Attempt): Promise<{ folders: string[]; objects: number }>;
  /** The object as it was listed. @throws ProbeError: `not_found` when it is gone, `rejected` when it has changed */
  read(object: ArchiveObject, attempt: Attempt): Promise<Uint8Array>;
  close(): void;
}

/** Opens without contacting S3. @param maxObjectBytes bound of one object */
export async function openBucket(
  config: AwsConfig & { bucket: string },
  maxObjectBytes: number,
  clock: ProbeContext['clock'],
): Promise<BucketReader> {
  const s3 = await import('@aws-sdk/client-s3');
  const connect = async (maxBytes: number): Promise<S3Client> =>
    new s3.S3Client({
      ...(await awsClientOptions(config, maxBytes)),
      // emulators and most of those who imitate S3 know no bucket in the host name
      forcePathStyle: config.endpoint !== undefined,
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  const lister = await connect(maxListAnswerBytes);
  const reader = await connect(maxObjectBytes);
  let ahead: number | undefined;
  lister.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const apart = clock.now() - (dateOf(result.response) ?? clock.now());
      ahead = Math.abs(apart) < toleratedMs ? 0 : apart;
      return result;
    },
    { step: 'deserialize', name: 'logcanaryDate' },
  );

  async function page(input: { Prefix: string; StartAfter?: string; Delimiter?: string }, attempt: Attempt) {
    const command = new s3.ListObjectsV2Command({ Bucket: config.bucket, ...input });
    const answer = await lister.send(command, { abortSignal: attempt.signal }).catch((error) => {
      throw awsError(attempt, error);
    });
    if (typeof answer.Name !== 'string') throw badAnswer(attempt, 'the name of the bucket');
    return answer;
  }

  return {
    get ahead() {
      return ahead;
    },
    async list(prefixes, attempt) {
      const objects: ArchiveObject[] = [];
      let pages = 0;
      for (const Prefix of prefixes) {
        for (let after: string | undefined = ''; after !== undefined; ) {
          if (++pages > maxPages) throw tooMany(attempt);
          const { Contents = [], IsTruncated } = await page({ Prefix, ...(after && { StartAfter: after }) }, attempt);
          for (const { Key, ETag = '', Size = 0, LastModified } of Contents) {
            if (Key === undefined || LastModified === undefined) throw badAnswer(attempt, 'keys and their times');
            objects.push({ key: Key, etag: ETag, size: Size, modified: LastModified.getTime() });
          }
          after = IsTruncated === true ? Contents.at(-1)?.Key : undefined;
        }
      }
      return objects;
    },
    async top(prefix, attempt) {
      const { CommonPrefixes = [], Contents = [] } = await page({ Prefix: prefix, Delimiter: '/' }, attempt);
      return { folders: CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []), objects: Contents.length };
    },
    async read(object, attempt) {
      try {
        const command = new s3.GetObjectCommand({
          Bucket: config.bucket,
          Key: object.key,
          ...(object.etag === '' ? {} : { IfMatch: object.etag }),
        });
        const { Body } = await reader.send(command, { abortSignal: attempt.signal });
        if (Body === undefined) throw badAnswer(attempt, 'a body');
        return await Body.transformToByteArray();
      } catch (error) {
        throw awsError({ ...attempt, what: `read "${object.key}" in ${attempt.what.replace(/^read /, '')}` }, error);
      }
    },
    close() {
      lister.destroy();
      reader.destroy();
    },
  };
}

/** Of an HTTP answer as the SDK hands it on. https://www.rfc-editor.org/rfc/rfc9110#field.date */
function dateOf(response: unknown): EpochMs | undefined {
  const { headers } = response as { headers?: Readonly<Record<string, string>> };
  const date = Date.parse(headers?.date ?? '');
  return Number.isNaN(date) ? undefined : date;
}

function tooMany({ what, target }: Attempt): ProbeError {
  const message = `Cannot ${what} on ${target}: more than ${maxPages},000 keys to list in one look. Set a narrower prefix, or layout to the pattern of dates in the keys.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}
