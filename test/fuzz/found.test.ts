/** What fuzzing found, each as a test of its own, so that it does not come back. */
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import kinesis from '../../probes/kinesis.ts';
import { createMemoryLedger, type MemoryImage } from '../../src/ledger/memory.ts';
import { openSqliteReader } from '../../src/ledger/sqlite.ts';
import { ledgerErrorFrom } from '../../src/ledger/sqlite-error.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Bench, restored } from '../engine/harness.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';
import { startAwsJsonService } from '../fakes/aws-json-service.ts';
import { hastyClock } from '../fakes/hasty-clock.ts';
import { filled, freshDirectoryForEachTest, path } from '../ledger/ledger-file.ts';
import { openBucket } from './cursors.ts';

freshDirectoryForEachTest();

test('given a Kinesis cursor beyond all dates, when it is handed back, then reading starts anew and the service is asked for a real time', async () => {
  const clock = hastyClock();
  const service = await startAwsJsonService({
    ListShards: () => ({ Shards: [{ ShardId: 'shardId-000000000000', HashKeyRange: {}, SequenceNumberRange: {} }] }),
    GetShardIterator: () => ({ ShardIterator: 'i' }),
    GetRecords: () => ({ Records: [], NextShardIterator: 'i', MillisBehindLatest: 0 }),
  });
  const config = {
    stream: 'logs',
    region: 'r',
    access_key_id: 'a',
    secret_access_key: 'b',
    endpoint: service.endpoint,
  };
  const observer = await kinesis.observe?.open(kinesis.observe.config.parse({ ...config, read: 'follow' }), {
    clock,
    log: silentLog,
  });
  const asOf = clock.now();
  const shards = [{ start: 8_640_000_000_000_001 }, { shards: { '0': 'tzzzzzzzzzzz' } }, { at: asOf + 1 }];
  for (const wrong of shards) {
    const cursor = JSON.stringify({ v: 1, of: 'r/logs', start: asOf - 1, at: asOf - 1, shards: {}, ...wrong });
    const question = { asOf, since: asOf - 1_000, count: 0, tokens: () => [], prefixes: [], cursor };
    const look = await observer?.observe(question, { signal: new AbortController().signal });
    expect(look?.coverage).toBe('complete');
    clock.advance(2_000);
  }
  const stamps = service.calls.flatMap(({ input }) => [
    input.Timestamp,
    (input.ShardFilter as { Timestamp?: unknown } | undefined)?.Timestamp,
  ]);
  const times = stamps.filter((stamp) => stamp !== undefined).map((stamp) => Number(stamp) * 1_000);
  expect(times.length).toBeGreaterThan(3);
  for (const time of times) expect(time).toBeLessThanOrEqual(asOf);
  await observer?.close();
  await service.stop();
});

test.each([{ floor: 8_640_000_000_000_001 }, { floor: 4_102_444_800_000 }, { start: 9_007_199_254_740_991 }])(
  'given an S3 cursor of the future (%j), when it is handed back, then the bucket is read anew and its canary found',
  async (wrong) => {
    const asOf = hastyClock().now();
    const written = asOf - 300_000;
    const { server, observer } = await openBucket(written);
    const past = written - 60_000;
    const cursor = JSON.stringify({ v: 1, of: 'logs/', start: past, floor: past, seen: [], ...wrong });
    const question = { asOf, since: past, count: 0, tokens: () => [], prefixes: [], cursor };
    const look = await observer.observe(question, { signal: new AbortController().signal });
    // The fake bucket shows its one object under every hour that is listed: in the first minutes of an hour, twice.
    expect([look.coverage, new Set(look.finds.map((find) => find.token)).size]).toEqual(['complete', 1]);
    await observer.close();
    server.closeAllConnections();
    server.close();
  },
);

test('given a file format that SQLite does not know, or a table that was taken out, when it is read, then it is corrupt and no bug of ours', async () => {
  const failure = Object.assign(new Error('unsupported file format'), { code: 'ERR_SQLITE_ERROR', errcode: 1 });
  expect(ledgerErrorFrom(failure, 'Cannot read').reason).toBe('corrupt');
  await filled();
  const db = new DatabaseSync(path);
  db.exec('DROP TABLE ping; ALTER TABLE track RENAME COLUMN data TO other');
  db.close();
  const reader = await openSqliteReader({ path });
  await expect(reader.load()).rejects.toMatchObject({ reason: 'corrupt' });
  await expect(reader.find('track', {})).rejects.toMatchObject({ reason: 'corrupt' });
  await reader.close();
});

test.each([
  ['stream', { number: 2 ** 25 }],
  ['run', { t0: 8.64e15 }],
  ['run', { shapes: ['no such shape'] }],
] as const)(
  'given a ledger whose %s has %j, when it is restored, then it is refused as corrupt',
  async (table, wrong) => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(5_000);
    const image = bench.ledger.image();
    const rows = { ...image.rows, [table]: image.rows[table].map((row) => ({ ...row, ...wrong })) };
    const ledger = createMemoryLedger({ ...image, rows } as MemoryImage);
    await expect(restored(scene, configOf(), ledger, 2, bench.now)).rejects.toMatchObject({ reason: 'corrupt' });
  },
);
