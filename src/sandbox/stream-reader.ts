import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { Clock } from '../lib/clock.ts';

export interface StreamRecord {
  readonly shard: string;
  readonly sequence: string;
  readonly data: Uint8Array;
}

/** Reads a stream from its beginning, with checkpoints in memory. */
export interface StreamReader {
  /** What is new in all shards, at most 1,000 records each; empty at the tip. Nothing is given twice or left out. */
  read(signal: AbortSignal): Promise<StreamRecord[]>;
}

export interface StreamReaderOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  readonly clock: Clock;
}

interface Shard {
  readonly id: string;
  iterator?: string | undefined;
  /** Of the last record given out. */
  checkpoint?: string;
}

/** Records per GetRecords; small ones, so far below the 10 MiB after which a shard locks its readers out. */
const mostPerCall = 1_000;
const callTimeoutMs = 5_000;

export function createStreamReader({ client, stream, clock }: StreamReaderOptions): StreamReader {
  let shards: Shard[] | undefined;
  return {
    async read(signal) {
      const deadline = clock.deadline(callTimeoutMs, signal);
      const options = { abortSignal: deadline.signal };
      try {
        shards ??= await listShards(client, stream, options);
        const parts: StreamRecord[][] = [];
        for (const shard of shards)
          parts.push(await readShard(client, stream, shard, options).catch(lost(shard, parts)));
        return parts.flat();
      } finally {
        deadline.clear();
      }
    },
  };
}

/** An iterator that failed is not used again. What other shards gave in this round is handed out all the same. */
function lost(shard: Shard, parts: readonly StreamRecord[][]) {
  return (error: unknown): StreamRecord[] => {
    shard.iterator = undefined;
    if (parts.every((part) => part.length === 0)) throw error;
    return [];
  };
}

type CallOptions = { readonly abortSignal: AbortSignal };

async function listShards(client: KinesisClient, StreamName: string, options: CallOptions): Promise<Shard[]> {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName }), options);
  return (Shards ?? []).flatMap(({ ShardId }) => (ShardId === undefined ? [] : [{ id: ShardId }]));
}

async function readShard(
  client: KinesisClient,
  stream: string,
  shard: Shard,
  options: CallOptions,
): Promise<StreamRecord[]> {
  shard.iterator ??= await iteratorOf(client, stream, shard, options);
  const command = new GetRecordsCommand({ ShardIterator: shard.iterator, Limit: mostPerCall });
  const { Records, NextShardIterator } = await client.send(command, options);
  shard.iterator = NextShardIterator;
  const records = (Records ?? []).map(({ SequenceNumber, Data }) => ({
    shard: shard.id,
    sequence: SequenceNumber ?? '',
    data: Data ?? new Uint8Array(),
  }));
  const last = records.at(-1);
  if (last !== undefined) shard.checkpoint = last.sequence;
  return records;
}

async function iteratorOf(client: KinesisClient, StreamName: string, shard: Shard, options: CallOptions) {
  const from =
    shard.checkpoint === undefined
      ? ({ ShardIteratorType: 'TRIM_HORIZON' } as const)
      : ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: shard.checkpoint } as const);
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId: shard.id, ...from }),
    options,
  );
  return ShardIterator;
}
