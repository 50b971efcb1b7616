import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firehoseLayout, guessLayout, prefixesFor } from '../../probes/s3/key-layout.ts';
import { maxMarks, readCursor, writeCursor } from '../../probes/s3/s3-cursor.ts';
import s3 from '../../probes/s3.ts';
import type { Look, Observer } from '../../src/probe.ts';
import { type S3Emulator, startS3Emulator } from '../../src/sandbox/s3-emulator.ts';
import { context, forever } from '../contract/bench.ts';
import { deliveredBy, expectSoundLook, tokensOf } from '../contract/look.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { openTestBucket, type TestBucket } from '../fakes/s3-bucket.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('s3 against the emulator', () => {
  let dir: string;
  let emulator: S3Emulator;
  let bucket: TestBucket;
  let tests = 0;
  let prefix = '';
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'logcanary-s3-'));
    emulator = await startS3Emulator({ dir, bucket: 'logs' });
    bucket = openTestBucket(emulator.endpoint, 'logs');
  });
  afterAll(async () => {
    bucket.close();
    await emulator.stop();
    await rm(dir, { recursive: true });
  });

  /** Under a prefix of its own for each test. */
  async function open(more: object = {}, clock = context.clock): Promise<Observer> {
    tests += 1;
    prefix = `test-${tests}/`;
    const config = { bucket: 'logs', region: 'us-east-1', endpoint: emulator.endpoint, prefix, ...more };
    const role = s3.observe;
    if (role === undefined) throw new Error('the probe does not observe');
    return role.open(role.config.parse(config), { ...context, clock });
  }
  const put = (key: string, lines: readonly CanaryLine[], pack = (text: string) => Buffer.from(text)) =>
    bucket.put(prefix + key, pack(lines.map(({ text }) => text).join('')));
  async function look(observer: Observer, cursor?: string, since = context.clock.now() - minute): Promise<Look> {
    const question = { asOf: context.clock.now(), since, count: 0, tokens: () => [], prefixes: [] };
    const found = await observer.observe(cursor === undefined ? question : { ...question, cursor }, forever);
    expectSoundLook(found);
    return found;
  }

  test('given records back to back in gzip, when observed, then each canary is found', async () => {
    const observer = await open();
    const lines = canaryLines(4);
    await put('a.gz', lines, gzipSync);
    expect(deliveredBy(await look(observer))).toEqual(tokensOf(lines));
  });
  test('given a canary under the previous hour, when observed, then it is found: the hour is that of the oldest record', async () => {
    const observer = await open({ layout: firehoseLayout });
    const lines = canaryLines(1);
    const [key = ''] = prefixesFor('', firehoseLayout, context.clock.now() - hour, context.clock.now() - hour);
    await put(`${key}logs-1`, lines);
    expect(deliveredBy(await look(observer, undefined, context.clock.now() - hour))).toEqual(tokensOf(lines));
  });
  test('given a byte budget, when it is spent, then the look is partial, and the next goes on with what is left', async () => {
    const observer = await open({ max_read_bytes: 1024 });
    const lines = canaryLines(3).map(({ token, text }) => ({ token, text: text + ' x'.repeat(250) }));
    for (const [index, line] of lines.entries()) await put(`${index}.log`, [line]);
    const looks: Look[] = [];
    do looks.push(await look(observer, looks.at(-1)?.cursor));
    while (looks.length < 9 && looks.at(-1)?.coverage === 'partial');
    expect(looks.map(({ coverage }) => coverage)).toEqual(['partial', 'partial', 'complete']);
    expectProbeError(looks[0]?.why, ['partial']);
    expect(looks.flatMap(deliveredBy).sort()).toEqual(tokensOf(lines));
  });
  test('given an object larger than the budget, when observed, then it is named once, and no look holds for what it may contain', async () => {
    const observer = await open({ max_read_bytes: 1024 });
    await put('small.log', canaryLines(1));
    await bucket.put(`${prefix}huge.log`, Buffer.alloc(5000, 'x'));
    const first = await look(observer);
    expectProbeError(first.why, ['too_large']);
    const second = await look(observer, first.cursor);
    expect(second.coverage).toBe('complete');
    expect(second.since).toBeGreaterThan(context.clock.now() - minute);
  });
  test('given an object that does not inflate, when observed, then the look is partial', async () => {
    const observer = await open();
    await bucket.put(`${prefix}cut.gz`, gzipSync(Buffer.alloc(1000, 'ab')).subarray(0, 20));
    const { coverage, why } = await look(observer);
    expect(coverage).toBe('partial');
    expectProbeError(why, ['unsupported']);
  });
  test('given an object that is overwritten, when observed again, then its new content is read', async () => {
    const observer = await open();
    const [old, young] = [canaryLines(1), canaryLines(1)];
    await put('same.log', old);
    const first = await look(observer);
    await put('same.log', young);
    const second = await look(observer, first.cursor);
    expect([deliveredBy(first), deliveredBy(second)]).toEqual([tokensOf(old), tokensOf(young)]);
  });
  test('given keys that do not sort by time, when a lower one comes later, then it is found', async () => {
    const observer = await open();
    const [first, second] = [canaryLines(1), canaryLines(1)];
    await put('z.log', first);
    const { cursor } = await look(observer);
    await put('a.log', second);
    expect(deliveredBy(await look(observer, cursor))).toEqual(tokensOf(second));
  });
  test('given objects from before anything that is asked about, when first observed, then they are not read', async () => {
    const observer = await open({ lookback: '0s' });
    await put('old.log', canaryLines(1));
    const { bytes, coverage } = await look(observer, undefined, context.clock.now() + hour);
    expect([bytes, coverage]).toEqual([0, 'complete']);
  });
  test.each([
    ['ahead of', 2 * hour, 'auto'],
    ['ahead of', 2 * hour, firehoseLayout],
    ['behind', -2 * hour, firehoseLayout],
  ])(
    'given a ledger time %s the bucket (by %i ms, layout %s), when looked twice, then each canary is found once',
    async (_, apart, layout) => {
      const clock = { ...context.clock, now: () => context.clock.now() + apart };
      const observer = await open({ layout }, clock);
      const [folder = ''] = layout === 'auto' ? [] : prefixesFor('', layout, context.clock.now(), context.clock.now());
      const found: string[][] = [];
      let cursor: string | undefined;
      for (const name of ['a.log', 'b.log']) {
        const lines = canaryLines(1);
        await put(folder + name, lines);
        const asOf = clock.now();
        const since = asOf - minute;
        const question = { asOf, since, count: 0, tokens: () => [], prefixes: [], ...(cursor && { cursor }) };
        const look = await observer.observe(question, forever);
        expect(look.coverage).toBe('complete');
        expect(look.since).toBeLessThanOrEqual(since);
        found.push(deliveredBy(look));
        expect(found.at(-1)).toEqual(tokensOf(lines));
        cursor = look.cursor;
      }
    },
  );
});

describe('s3 layouts', () => {
  const at = (text: string) => Date.parse(`${text}Z`);

  test('given a span over midnight, when listed by the hour, then each hour in UTC is a prefix', () => {
    expect(prefixesFor('p/', firehoseLayout, at('2026-12-31T22:59:59'), at('2027-01-01T00:00:00'))).toEqual([
      'p/2026/12/31/22/',
      'p/2026/12/31/23/',
      'p/2027/01/01/00/',
    ]);
  });
  test('given a layout by the day, when listed, then each day is listed once', () => {
    const layout = 'year=YYYY/month=MM/day=DD/';
    expect(prefixesFor('', layout, at('2026-02-28T03:00:00'), at('2026-03-01T04:00:00'))).toEqual([
      'year=2026/month=02/day=28/',
      'year=2026/month=03/day=01/',
    ]);
  });
  test('given no layout, or a span of more than a week, when listed, then the whole prefix is', () => {
    expect(prefixesFor('p/', 'flat', at('2026-01-01T00:00:00'), at('2026-01-01T05:00:00'))).toEqual(['p/']);
    expect(prefixesFor('p/', firehoseLayout, at('2026-01-01T00:00:00'), at('2026-02-01T00:00:00'))).toEqual(['p/']);
  });
  test.each([
    [['p/2025/', 'p/2026/'], 0, firehoseLayout],
    [['p/2026/', 'p/errors/'], 0, 'flat'],
    [['p/2026/'], 3, 'flat'],
    [[], 0, 'flat'],
  ])('given %j and %i objects under the prefix, when guessed, then the layout is %s', (folders, objects, layout) => {
    expect(guessLayout('p/', folders, objects)).toBe(layout);
  });
  test.each(['', 'MM/DD', 'hourly', '!{timestamp:YYYY}/'])(
    'given the layout %j, when parsed, then it is refused',
    (layout) => {
      expect(s3.observe?.config.safeParse({ bucket: 'logs', region: 'us-east-1', layout }).success).toBe(false);
    },
  );
});

describe('s3 cursor', () => {
  test('given as many marks as are kept, when written, then it fits into 64 KiB and reads back', () => {
    const seen = new Set(Array.from({ length: maxMarks }, (_, n) => String(n).padStart(12, '-')));
    const cursor = { start: 1_800_000_000_000, floor: 1_800_000_000_000, seen };
    const text = writeCursor(cursor, 'logs/prod/');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(64 * 1024);
    expect(readCursor(text, 'logs/prod/')).toEqual(cursor);
    expect(readCursor(text, 'logs/other/')).toBeUndefined();
  });
});
