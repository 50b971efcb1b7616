import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Clock, EpochMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type Loop, startLoop } from './loop.ts';
import { emulatorCredentials } from './s3-emulator.ts';
import { createStreamReader } from './stream-reader.ts';
import { utcParts } from './utc.ts';

export interface ArchiverOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  readonly region: string;
  readonly bucket: string;
  /** Of all keys, with its slash. */
  readonly prefix: string;
  /** Of S3, `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly faults: { readonly stopped: boolean };
  /** Between two objects, ms; what the stream then holds goes into one. */
  readonly bufferMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often it looks whether an object is due, ms. */
const pollMs = 500;
const putTimeoutMs = 5_000;
/** Firehose closes an object at its size limit too (facts: 1–128 MB); small here, so that memory stays small. */
const mostBytes = 1024 * 1024;

interface Batch {
  readonly parts: Uint8Array[];
  bytes: number;
  /** When its first record was read. */
  readonly begun: EpochMs;
  /** The same at every try, so that a put whose answer was lost makes no second object. */
  readonly key: string;
}

/** Writes the stream into S3 as Firehose does: gzip objects of concatenated records under their UTC hour. */
export function startArchiver(options: ArchiverOptions): Loop {
  const { clock, log, faults, bufferMs } = options;
  const reader = createStreamReader(options);
  const s3 = s3Client(options);
  let batch: Batch | undefined;
  let doneMs = Number.NEGATIVE_INFINITY;
  const step = async (signal: AbortSignal) => {
    if (faults.stopped || clock.monotonicMs() - doneMs < bufferMs) return;
    let atTip = false;
    // Where the stream fills faster than it is read its tip never comes: time closes an object too.
    while (!atTip && !isFull(batch, clock.now() - bufferMs)) {
      const records = await reader.read(signal);
      atTip = records.length === 0;
      if (atTip) break;
      batch ??= emptyBatch(options);
      for (const { data } of records) batch.parts.push(data);
      batch.bytes += records.reduce((sum, { data }) => sum + data.length, 0);
    }
    if (batch !== undefined) await put(s3, batch, options, signal);
    batch = undefined;
    if (atTip) doneMs = clock.monotonicMs();
  };
  const loop = startLoop({ name: 'archiver', clock, log, everyMs: pollMs, step });
  return {
    async stop() {
      await loop.stop();
      s3.destroy();
    },
  };
}

function isFull(batch: Batch | undefined, begunBefore: EpochMs): boolean {
  return batch !== undefined && (batch.bytes >= mostBytes || batch.begun < begunBefore);
}

function s3Client({ region, endpoint }: ArchiverOptions): S3Client {
  return new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials: emulatorCredentials,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

async function put(s3: S3Client, batch: Batch, options: ArchiverOptions, signal: AbortSignal): Promise<void> {
  const Body = await promisify(gzip)(Buffer.concat(batch.parts));
  const deadline = options.clock.deadline(putTimeoutMs, signal);
  try {
    const command = new PutObjectCommand({ Bucket: options.bucket, Key: batch.key, Body });
    await s3.send(command, { abortSignal: deadline.signal });
  } finally {
    deadline.clear();
  }
}

/** Key: `<prefix>YYYY/MM/dd/HH/<stream>-<version>-YYYY-MM-dd-HH-MM-SS-<uuid>.gz`, by the oldest record (facts: aws.md §5). */
function emptyBatch({ prefix, stream, clock }: ArchiverOptions): Batch {
  const begun = clock.now();
  const parts = utcParts(begun);
  const key = `${prefix}${parts.slice(0, 4).join('/')}/${stream}-1-${parts.join('-')}-${randomUUID()}.gz`;
  return { parts: [], bytes: 0, begun, key };
}
