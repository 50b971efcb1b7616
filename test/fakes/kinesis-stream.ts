/** Writing to and reading from a stream of the Kinesis emulator, apart from the probe under test. */
import { randomUUID } from 'node:crypto';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { emulatorRegion } from '../../src/sandbox/kinesis-emulator.ts';

export function emulatorClient(endpoint: string): KinesisClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new KinesisClient({ endpoint, region: emulatorRegion, credentials, requestHandler: new NodeHttpHandler() });
}

/** Puts records under random partition keys; fails when one was not taken. */
export async function putRecords(endpoint: string, stream: string, records: readonly Buffer[]): Promise<void> {
  const client = emulatorClient(endpoint);
  const Records = records.map((Data) => ({ Data, PartitionKey: randomUUID() }));
  const answer = await client.send(new PutRecordsCommand({ StreamName: stream, Records }));
  client.destroy();
  if (answer.FailedRecordCount !== 0) throw new Error(`${answer.FailedRecordCount} records were not taken`);
}

/** All records of all shards, from the oldest on. */
export async function recordsIn(endpoint: string, stream: string): Promise<Buffer[]> {
  const client = emulatorClient(endpoint);
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  const records: Buffer[] = [];
  for (const { ShardId } of Shards) {
    const start = { StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    const { ShardIterator } = await client.send(new GetShardIteratorCommand(start));
    const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
    records.push(...Records.map((record) => Buffer.from(record.Data ?? [])));
  }
  client.destroy();
  return records;
}

/** Splits the first shard of a stream in the middle of its hash keys, and waits until both halves are open. */
export async function splitShard(endpoint: string, stream: string): Promise<void> {
  const client = emulatorClient(endpoint);
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  const range = Shards[0]?.HashKeyRange;
  const half = (BigInt(range?.StartingHashKey ?? 0) + BigInt(range?.EndingHashKey ?? 0)) / 2n;
  const split = { StreamName: stream, ShardToSplit: Shards[0]?.ShardId, NewStartingHashKey: String(half) };
  await client.send(new SplitShardCommand(split));
  await waitUntilStreamExists({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { StreamName: stream });
  client.destroy();
}
