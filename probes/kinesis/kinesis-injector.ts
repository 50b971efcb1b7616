/** Writes canaries straight into a Kinesis stream, so that a break before the stream differs from one after it. */
import { randomUUID } from 'node:crypto';
import type { PutRecordsCommandOutput, PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import {
  type BatchLine,
  type CallOptions,
  type Emission,
  type Injector,
  type ListedStream,
  type ProbeContext,
  ProbeError,
} from '../../src/probe.ts';
import { type AwsConfig, awsTarget } from '../aws/aws-config.ts';
import { type Attempt, awsError, badAnswer, statusOf } from '../aws/aws-error.ts';
import { openKinesis, streamKey } from './kinesis-client.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const maxRecords = 500;
const maxRequestBytes = 10 * 1024 * 1024;
/** Longest partition key, characters; every one may take 4 bytes. Same source. */
const maxKeyBytes = 256 * 4;

export interface KinesisInjectConfig extends AwsConfig {
  readonly stream: string;
  readonly partition_key?: string | undefined;
}

/** Opens without contacting AWS. */
export async function openKinesisInjector(config: KinesisInjectConfig, { clock }: ProbeContext): Promise<Injector> {
  const { kinesis, client } = await openKinesis(config);
  const key = streamKey(config);
  const listed: ListedStream = { key, name: safeName(config.stream), labels: {} };

  async function put(lines: readonly BatchLine[], { signal }: CallOptions): Promise<readonly Emission[]> {
    const attempt = attemptAt(config, signal);
    if (signal.aborted) return lines.map(() => ({ state: 'withheld', why: awsError(attempt, signal.reason) }));
    const nb = clock.now();
    const Records = lines.map((line) => ({
      Data: Buffer.from(line.text),
      PartitionKey: config.partition_key ?? randomUUID(),
    }));
    try {
      const command = new kinesis.PutRecordsCommand({ StreamName: config.stream, Records });
      const answer = await client.send(command, { abortSignal: signal });
      return emissionsOf(answer, lines.length, attempt, nb, clock.now());
    } catch (error) {
      const why = awsError(attempt, error);
      return lines.map(() => ({ state: wasRefused(error, why) ? 'withheld' : 'unconfirmed', why }));
    }
  }

  return {
    streams: async ({ signal }) => {
      if (signal.aborted) throw awsError(attemptAt(config, signal), signal.reason);
      return [listed];
    },
    async inject(lines, options) {
      const emissions: Emission[] = [];
      for (const batch of batches(lines, key)) {
        const stray = batch.filter((line) => line.stream !== key);
        if (stray.length > 0) emissions.push(...stray.map((line) => notOurs(line, key)));
        else emissions.push(...(await put(batch, options)));
      }
      return emissions;
    },
    close: async () => client.destroy(),
  };
}

function attemptAt(config: KinesisInjectConfig, signal: AbortSignal): Attempt {
  const what = `write to Kinesis stream "${config.stream}"`;
  return { what, target: awsTarget('kinesis', config), needs: 'kinesis:PutRecords', signal };
}

function notOurs(line: BatchLine, key: string): Emission {
  const why = new ProbeError(`Cannot write to "${line.stream}": this injector only writes to "${key}".`, {
    reason: 'internal',
  });
  return { state: 'withheld', why };
}

/** Requests within the limits of PutRecords; lines of another stream stand in batches of their own. */
function* batches(lines: readonly BatchLine[], key: string): Generator<readonly BatchLine[]> {
  let batch: BatchLine[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(line.text) + maxKeyBytes;
    const fits = batch.length < maxRecords && bytes + size <= maxRequestBytes;
    const alike = batch[0] === undefined || (batch[0].stream === key) === (line.stream === key);
    if (batch.length > 0 && !(fits && alike)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function emissionsOf(
  answer: PutRecordsCommandOutput,
  count: number,
  attempt: Attempt,
  nb: number,
  na: number,
): Emission[] {
  const records = answer.Records;
  if (!Array.isArray(records) || records.length !== count) throw badAnswer(attempt, 'one result for each record');
  return records.map((record) => emissionOf(record, attempt, nb, na));
}

/** A record with an error code was not taken; only an internal failure leaves it open. Same source as the limits. */
function emissionOf(record: PutRecordsResultEntry, attempt: Attempt, nb: number, na: number): Emission {
  if (record.ErrorCode === undefined || record.ErrorCode === null) {
    if (typeof record.SequenceNumber === 'string') return { state: 'emitted', nb, na };
    return { state: 'unconfirmed', why: badAnswer(attempt, 'a sequence number') };
  }
  const why = awsError(attempt, { name: record.ErrorCode, message: record.ErrorMessage ?? '' });
  return { state: why.reason === 'server_error' ? 'unconfirmed' : 'withheld', why };
}

/** True only where it is proven that no record was taken: the request was refused, or never left this machine. */
function wasRefused(error: unknown, why: ProbeError): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status >= 400 && status < 500;
  return why.reason === 'refused' || why.reason === 'dns' || why.reason === 'tls' || why.reason === 'auth';
}

function safeName(stream: string): string {
  return stream.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 63);
}
