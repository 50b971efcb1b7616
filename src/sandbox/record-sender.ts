import { randomBytes } from 'node:crypto';
import { type KinesisClient, PutRecordsCommand, type PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import type { Clock } from '../lib/clock.ts';
import { backoffMs } from './loop.ts';

export interface RecordSender {
  /** Records not yet taken by the stream. */
  readonly size: number;
  /** No room for more: the caller waits, as an agent stops reading its file. */
  readonly full: boolean;
  add(data: string): void;
  /** Sends once what is due. Rejects when the whole call failed; what was not taken stays and is due again later. */
  flush(signal: AbortSignal): Promise<void>;
}

export interface RecordSenderOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  readonly clock: Clock;
}

/** An agent's memory buffer, records. A few minutes of one simulated node fit many times. */
const mostRecords = 10_000;
/** Records per PutRecords: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
const mostPerCall = 500;
/** The emulator answers in milliseconds; longer means that it hangs. */
const callTimeoutMs = 5_000;
/** A refused record goes again after at most this long, ms, so that it is late by little more than the refusals. */
const longestRetryMs = 400;

interface Waiting {
  readonly data: Uint8Array;
  /** Random, as agents choose it: lines of one node are spread over all shards. */
  readonly partitionKey: string;
  failures: number;
  dueMs: number;
}

/** Puts records into a stream with a bounded buffer; refused records are sent again, whatever became of their batch. */
export function createRecordSender({ client, stream, clock }: RecordSenderOptions): RecordSender {
  const waiting: Waiting[] = [];

  function settle(batch: readonly Waiting[], results: readonly PutRecordsResultEntry[]): void {
    batch.forEach((record, at) => {
      const result = results[at];
      if (result !== undefined && result.ErrorCode === undefined) waiting.splice(waiting.indexOf(record), 1);
      else postpone(record);
    });
  }

  function postpone(record: Waiting): void {
    record.failures += 1;
    record.dueMs = clock.monotonicMs() + Math.min(longestRetryMs, backoffMs(record.failures));
  }

  return {
    get size() {
      return waiting.length;
    },
    get full() {
      return waiting.length >= mostRecords;
    },
    add(data) {
      const partitionKey = randomBytes(8).toString('hex');
      waiting.push({ data: Buffer.from(data), partitionKey, failures: 0, dueMs: 0 });
    },
    async flush(signal) {
      const now = clock.monotonicMs();
      const batch = waiting.filter(({ dueMs }) => dueMs <= now).slice(0, mostPerCall);
      if (batch.length === 0) return;
      const Records = batch.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey }));
      const deadline = clock.deadline(callTimeoutMs, signal);
      try {
        const command = new PutRecordsCommand({ StreamName: stream, Records });
        const answer = await client.send(command, { abortSignal: deadline.signal });
        settle(batch, answer.Records ?? []);
      } catch (error) {
        batch.forEach(postpone);
        throw error;
      } finally {
        deadline.clear();
      }
    },
  };
}
