/** The archiver between a stream and S3, against a stream that is always ahead of its reader. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { expect, test, vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { startArchiver } from '../../src/sandbox/archiver.ts';

/** Each read gives one more record, so that its tip is never reached. */
function endlessStream(): { client: KinesisClient; reads: () => number } {
  let reads = 0;
  const send = async (command: object) => {
    if (command instanceof ListShardsCommand) return { Shards: [{ ShardId: 'shard-0' }] };
    if (command instanceof GetShardIteratorCommand) return { ShardIterator: 'begin' };
    if (!(command instanceof GetRecordsCommand)) throw new Error('nobody asks for that here');
    reads += 1;
    await new Promise((resolve) => setImmediate(resolve));
    const record = { Data: Buffer.from(`line ${reads}\n`), SequenceNumber: String(reads) };
    return { Records: [record], NextShardIterator: `after ${reads}`, MillisBehindLatest: 1 };
  };
  return { client: { send } as unknown as KinesisClient, reads: () => reads };
}

test('given a stream that fills faster than it is read, when the time of an object is over, then it is written all the same', async () => {
  const stream = endlessStream();
  const written: { readonly what: string; readonly reads: number }[] = [];
  const s3 = createServer((request, response) => {
    written.push({ what: `${request.method} ${request.url}`, reads: stream.reads() });
    request.resume().once('end', () => response.end());
  }).listen(0, '127.0.0.1');
  const clock = createClock();
  const archiver = startArchiver({
    client: stream.client,
    stream: 'logs',
    region: 'eu-west-1',
    bucket: 'logs',
    prefix: 'sandbox/',
    endpoint: await vi.waitFor(() => `http://127.0.0.1:${(s3.address() as AddressInfo).port}`),
    faults: { stopped: false },
    bufferMs: 50,
    // Each read takes 10 ms.
    clock: { ...clock, now: () => 1_800_000_000_000 + 10 * stream.reads() },
    log: silentLog,
  });
  try {
    await vi.waitFor(() => expect(written.length).toBeGreaterThan(1), { timeout: 20_000, interval: 10 });
    expect(written[0]?.what).toMatch(/^PUT \/logs\/sandbox\//);
    expect(written[0]?.reads).toBeLessThan(20);
  } finally {
    await archiver.stop();
    s3.closeAllConnections();
    s3.close();
  }
});
