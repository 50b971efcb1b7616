import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { maxShards, readCursor, writeCursor } from '../../probes/kinesis/kinesis-cursor.ts';
import kinesis from '../../probes/kinesis.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Look, Observer } from '../../src/probe.ts';
import { emulatorRegion, type KinesisEmulator, startKinesisEmulator } from '../../src/sandbox/kinesis-emulator.ts';
import { forever } from '../contract/bench.ts';
import { deliveredBy, expectSoundLook, tokensOf } from '../contract/look.ts';
import { expectProbeError, rejectionOf } from '../contract/probe-error.ts';
import { AwsFault, never, type Operation, startAwsJsonService } from '../fakes/aws-json-service.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { type HastyClock, hastyClock } from '../fakes/hasty-clock.ts';
import { putRecords, splitShard } from '../fakes/kinesis-stream.ts';

const hour = 3_600_000;
const base = { stream: 'logs', region: emulatorRegion, access_key_id: 'test', secret_access_key: 'test' };

async function openObserver(endpoint: string, clock: HastyClock, more: object = {}): Promise<Observer> {
  const role = kinesis.observe;
  if (role === undefined) throw new Error('the probe does not observe');
  return role.open(role.config.parse({ ...base, endpoint, read: 'follow', ...more }), { clock, log: silentLog });
}

async function look(
  observer: Observer,
  clock: HastyClock,
  more: { since?: number; cursor?: string | undefined } = {},
  signal = forever.signal,
) {
  const { cursor, ...rest } = more;
  const question = { asOf: clock.now(), since: clock.now() - 1000, count: 0, tokens: () => [], prefixes: [] };
  const found = await observer.observe({ ...question, ...rest, ...(cursor !== undefined && { cursor }) }, { signal });
  expectSoundLook(found);
  return found;
}

describe('kinesis against the emulator', () => {
  let emulator: KinesisEmulator;
  beforeAll(async () => {
    const streams = ['small', 'split', 'packed', 'demand'].map((name) => ({ name, shards: 1 }));
    emulator = await startKinesisEmulator({ streams, log: silentLog });
  });
  afterAll(() => emulator.stop());
  const put = (stream: string, lines: readonly CanaryLine[]) =>
    putRecords(
      emulator.endpoint,
      stream,
      lines.map(({ text }) => Buffer.from(text)),
    );

  test('given a byte budget, when it is spent, then the look is partial, and the next ones go on until all is found once', async () => {
    const clock = hastyClock();
    const observer = await openObserver(emulator.endpoint, clock, { stream: 'small', limit: 1, max_read_bytes: 1024 });
    const lines = canaryLines(3).map(({ token, text }) => ({ token, text: text + ' x'.repeat(400) }));
    await put('small', lines);
    const looks: Look[] = [];
    do looks.push(await look(observer, clock, { cursor: looks.at(-1)?.cursor }));
    while (looks.length < 9 && looks.at(-1)?.coverage === 'partial');
    expect(looks.map(({ coverage }) => coverage)).toEqual(['partial', 'complete']);
    expectProbeError(looks[0]?.why, ['partial']);
    expect(looks.flatMap(deliveredBy).sort()).toEqual(tokensOf(lines));
    await observer.close();
  });
  test('given a shard that is split, when canaries lie before and after, then each is found once', async () => {
    const clock = hastyClock();
    const observer = await openObserver(emulator.endpoint, clock, { stream: 'split' });
    const [before, closing, after] = [canaryLines(2), canaryLines(2), canaryLines(6)];
    await put('split', before);
    const first = await look(observer, clock);
    await put('split', closing);
    await splitShard(emulator.endpoint, 'split');
    await put('split', after);
    const second = await look(observer, clock, { cursor: first.cursor });
    const third = await look(observer, clock, { cursor: second.cursor });
    expect([first, second, third].map(({ coverage }) => coverage)).toEqual(['complete', 'complete', 'complete']);
    expect(deliveredBy(first)).toEqual(tokensOf(before));
    expect(deliveredBy(second)).toEqual(tokensOf([...closing, ...after]));
    expect(deliveredBy(third)).toEqual([]);
    await observer.close();
  });
  test('given many lines in one compressed record, when observed, then all are found', async () => {
    const clock = hastyClock();
    const observer = await openObserver(emulator.endpoint, clock, { stream: 'packed' });
    const lines = canaryLines(5);
    await putRecords(emulator.endpoint, 'packed', [gzipSync(lines.map(({ text }) => `${text}\n`).join(''))]);
    expect(deliveredBy(await look(observer, clock))).toEqual(tokensOf(lines));
    await observer.close();
  });
  test('given read: on-demand, when asked twice, then the second look goes on from the first', async () => {
    const clock = hastyClock();
    const observer = await openObserver(emulator.endpoint, clock, { stream: 'demand', read: 'on-demand' });
    expect(observer.mode).toBe('on-demand');
    const [early, late] = [canaryLines(1), canaryLines(1)];
    await put('demand', early);
    const first = await look(observer, clock);
    await put('demand', late);
    const second = await look(observer, clock, { cursor: first.cursor });
    expect([deliveredBy(first), deliveredBy(second)]).toEqual([tokensOf(early), tokensOf(late)]);
    await observer.close();
  });
});

/** A stream whose shards answer by script; `records` and `tip` are the usual answer. */
function scripted(shards: readonly string[], getRecords: Operation, more: Record<string, Operation> = {}) {
  return startAwsJsonService({
    ListShards: () => ({ Shards: shards.map((ShardId) => ({ ShardId })) }),
    GetShardIterator: (input) => ({ ShardIterator: `${input.ShardId}/${input.ShardIteratorType}` }),
    GetRecords: getRecords,
    ...more,
  });
}

const records = (lines: readonly CanaryLine[], behind = 0) => ({
  Records: lines.map(({ text }, index) => ({
    Data: Buffer.from(text).toString('base64'),
    SequenceNumber: `49${index}`,
    PartitionKey: 'k',
  })),
  NextShardIterator: 'next',
  MillisBehindLatest: behind,
});

describe('kinesis against a scripted stream', () => {
  test('given one throttled shard, when observed, then it is called once, the other is read, and the look is partial as rate_limited', async () => {
    const lines = canaryLines(1);
    const service = await scripted(['shardId-000000000000', 'shardId-000000000001'], ({ ShardIterator }) => {
      if (String(ShardIterator).includes('0001')) throw new AwsFault('ProvisionedThroughputExceededException');
      return records(lines);
    });
    const clock = hastyClock();
    const observer = await openObserver(service.endpoint, clock);
    const { coverage, why, ...rest } = await look(observer, clock);
    expect(coverage).toBe('partial');
    expectProbeError(why, ['rate_limited']);
    expect(deliveredBy({ coverage, ...rest })).toEqual(tokensOf(lines));
    expect(service.calls.filter(({ operation }) => operation === 'GetRecords')).toHaveLength(2);
    await observer.close();
    await service.stop();
  });
  test('given every shard throttled, when observed, then it rejects', async () => {
    const service = await scripted(['shardId-000000000000'], () => {
      throw new AwsFault('ProvisionedThroughputExceededException');
    });
    const clock = hastyClock();
    const observer = await openObserver(service.endpoint, clock);
    expectProbeError(await rejectionOf(look(observer, clock)), ['rate_limited']);
    await service.stop();
  });
  test('given empty answers behind the tip, when observed, then it reads on, once a second, always with a limit', async () => {
    let behind = 3000;
    const service = await scripted(['shardId-000000000000'], () => {
      behind -= 1000;
      return records([], behind);
    });
    const clock = hastyClock();
    const observer = await openObserver(service.endpoint, clock, { limit: 77 });
    expect((await look(observer, clock)).coverage).toBe('complete');
    const reads = service.calls.filter(({ operation }) => operation === 'GetRecords');
    expect(reads.map(({ input }) => input.Limit)).toEqual([77, 77, 77]);
    expect(clock.slept).toEqual([1000, 1000]);
    await service.stop();
  });
  test('given a reader that cannot catch up, when observed, then the look ends, partial', async () => {
    const service = await scripted(['shardId-000000000000'], () => records([], 60_000));
    const clock = hastyClock();
    const observer = await openObserver(service.endpoint, clock);
    await rejectionOf(look(observer, clock)).then((error) => expectProbeError(error, ['partial']));
    expect(service.calls.length).toBeLessThan(100);
    await service.stop();
  });
  test('given an iterator that expired between two looks, when observed, then it goes on after the last record', async () => {
    const lines = canaryLines(1);
    const service = await scripted(['shardId-000000000000'], ({ ShardIterator }) => {
      if (ShardIterator === 'next') throw new AwsFault('ExpiredIteratorException');
      return String(ShardIterator).endsWith('AT_TIMESTAMP') ? records(lines) : records([]);
    });
    const clock = hastyClock();
    const observer = await openObserver(service.endpoint, clock);
    const first = await look(observer, clock);
    const second = await look(observer, clock, { cursor: first.cursor });
    expect([second.coverage, second.finds]).toEqual(['complete', []]);
    const starts = service.calls.filter(({ operation }) => operation === 'GetShardIterator');
    expect(starts.map(({ input }) => input.StartingSequenceNumber)).toEqual([undefined, '490']);
    await service.stop();
  });
  test('given a stream made anew under its name, when the old position is refused, then it is read from just before what is asked', async () => {
    const lines = canaryLines(1);
    const service = await scripted(['shardId-000000000000'], () => records(lines), {
      GetShardIterator(input) {
        if (input.ShardIteratorType === 'AFTER_SEQUENCE_NUMBER') throw new AwsFault('InvalidArgumentException');
        return { ShardIterator: 'anew' };
      },
    });
    const clock = hastyClock();
    const { cursor } = await look(await openObserver(service.endpoint, clock), clock);
    expect(deliveredBy(await look(await openObserver(service.endpoint, clock), clock, { cursor }))).toEqual(
      tokensOf(lines),
    );
    await service.stop();
  });
  test('given a shard that never answers, when the deadline passes, then what another shard gave is kept, partial as timeout', async () => {
    const lines = canaryLines(1);
    const deadline = new AbortController();
    const service = await scripted(['shardId-000000000000', 'shardId-000000000001'], ({ ShardIterator }) => {
      if (!String(ShardIterator).includes('0001')) return records(lines);
      setImmediate(() => deadline.abort(new DOMException('no answer within 1 ms', 'TimeoutError')));
      return never;
    });
    const clock = hastyClock();
    const found = await look(await openObserver(service.endpoint, clock), clock, {}, deadline.signal);
    expect(found.coverage).toBe('partial');
    expectProbeError(found.why, ['timeout']);
    expect(deliveredBy(found)).toEqual(tokensOf(lines));
    await service.stop();
  });
  test('given a record that does not inflate, when observed, then the look is partial: it may hold anything', async () => {
    const cut = gzipSync(Buffer.alloc(1000, 'ab')).subarray(0, 20).toString('base64');
    const service = await scripted(['shardId-000000000000'], () => ({
      ...records([]),
      Records: [{ Data: cut, SequenceNumber: '491', PartitionKey: 'k' }],
    }));
    const clock = hastyClock();
    const { coverage, why } = await look(await openObserver(service.endpoint, clock), clock);
    expect(coverage).toBe('partial');
    expectProbeError(why, ['unsupported']);
    await service.stop();
  });
  test('given a first look, when complete, then it holds for what was asked about, and not for what lies before', async () => {
    const service = await scripted(['shardId-000000000000'], () => records([]));
    const clock = hastyClock();
    const since = clock.now() - 2 * hour;
    const first = await look(await openObserver(service.endpoint, clock), clock, { since });
    expect(first.since).toBe(since);
    const older = await look(await openObserver(service.endpoint, clock), clock, {
      since: since - hour,
      cursor: first.cursor,
    });
    expect(older.since).toBe(since);
    expect(older.asOf).toBeLessThan(clock.now());
    await service.stop();
  });
  test('given canaries older than the shortest retention, when asked about, then the look does not hold for them', async () => {
    const service = await scripted(['shardId-000000000000'], () => records([]));
    const clock = hastyClock();
    const { since } = await look(await openObserver(service.endpoint, clock), clock, {
      since: clock.now() - 72 * hour,
    });
    expect(since).toBeGreaterThan(clock.now() - 24 * hour);
    await service.stop();
  });
  test('given a cursor from before the shortest retention, when observed, then reading starts anew', async () => {
    const service = await scripted(['shardId-000000000000'], () => records([]));
    const clock = hastyClock();
    const { cursor } = await look(await openObserver(service.endpoint, clock), clock);
    clock.advance(25 * hour);
    const { since } = await look(await openObserver(service.endpoint, clock), clock, { cursor });
    expect(since).toBe(clock.now() - 1000);
    await service.stop();
  });
});

describe('kinesis cursor', () => {
  test('given as many shards as are followed, when written, then it fits into 64 KiB and reads back', () => {
    const sequence = '4'.repeat(56);
    const shards = Array.from(
      { length: maxShards },
      (_, n) => [`shardId-${String(999_999_000_000 + n)}`, { after: `${sequence.slice(0, -4)}${1000 + n}` }] as const,
    );
    const cursor = { start: 1_800_000_000_000, at: 1_800_000_100_000, shards: new Map(shards) };
    const text = writeCursor(cursor, 'ap-northeast-1/logs');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024);
    expect(readCursor(text, 'ap-northeast-1/logs')).toEqual(cursor);
    expect(readCursor(text, 'ap-northeast-1/other')).toBeUndefined();
  });
});
