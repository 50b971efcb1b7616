/** Where one page, look or moment ends and the next begins: nothing is skipped, and no bound is claimed too narrow. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import file from '../../probes/file.ts';
import kinesis from '../../probes/kinesis.ts';
import s3 from '../../probes/s3.ts';
import type { Look } from '../../src/probe.ts';
import { context, directly, forever, roleOf } from '../contract/bench.ts';
import { startAwsJsonService } from '../fakes/aws-json-service.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { closeScenes, delivered, openObserver, openScene, tokens } from '../fakes/elastic-scene.ts';
import { startMisbehavingServer } from '../fakes/misbehaving-server.ts';

const hour = 3_600_000;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await closeScenes();
});
const aws = { region: 'us-east-1', access_key_id: 'test', secret_access_key: 'test' };

interface Archived {
  /** It is listed, but not there any more. */
  readonly gone?: boolean;
  readonly key: string;
  readonly line: CanaryLine;
  readonly modified: number;
}

/** As much of S3 as the probe asks: lists `perPage` keys at a time, and gives objects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
async function startArchive(objects: readonly Archived[], perPage: number): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://archive');
    const found = objects.find(({ key }) => pathname === `/logs/${key}`);
    if (found?.gone) return void response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    if (found) return void response.end(found.line.text);
    const after = objects.filter(({ key }) => key > (searchParams.get('start-after') ?? ''));
    const contents = after
      .slice(0, perPage)
      .map(
        ({ key, line, modified }) =>
          `<Contents><Key>${key}</Key><ETag>"${key}"</ETag><Size>${line.text.length}</Size>` +
          `<LastModified>${new Date(modified).toISOString()}</LastModified></Contents>`,
      );
    const isTruncated = after.length > perPage;
    response.setHeader('content-type', 'application/xml');
    response.end(
      `<?xml version="1.0"?><ListBucketResult><Name>logs</Name><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}</ListBucketResult>`,
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openArchive(objects: readonly Archived[], perPage: number, more: object = {}) {
  const endpoint = await startArchive(objects, perPage);
  const role = roleOf(s3.observe);
  const config = role.config.parse({ ...aws, bucket: 'logs', endpoint, layout: 'flat', ...more });
  const observer = await role.open(config, context);
  cleanups.push(() => observer.close());
  return (asOf: number, cursor?: string): Promise<Look> => {
    const question = { asOf, since: context.clock.now() - hour, count: 0, tokens: () => [], prefixes: [] };
    return observer.observe(cursor === undefined ? question : { ...question, cursor }, forever);
  };
}

const archived = (count: number): Archived[] =>
  canaryLines(count).map((line, at) => ({
    key: `${at}.log`,
    line,
    modified: context.clock.wall() - 30_000 + at * 1_000,
  }));

test('given an archive that is listed in pages, when looked at, then the objects of all pages are read', async () => {
  const objects = archived(5);
  const look = await openArchive(objects, 2);
  const { coverage, finds } = await look(context.clock.now());
  expect(coverage).toBe('complete');
  expect(finds.map(({ token }) => token).sort()).toEqual(objects.map(({ line }) => line.token).sort());
});

test('given objects that one look could not read, when the next comes hours later, then it goes on with them', async () => {
  const objects = archived(3);
  const [first] = objects;
  const budget = Math.max(1_024, (first?.line.text.length ?? 0) + 10);
  const padded = objects.map((each) => ({
    ...each,
    line: { ...each.line, text: each.line.text.padEnd(budget - 5, ' x') },
  }));
  const look = await openArchive(padded, 10, { max_read_bytes: budget, lookback: '10m' });
  const now = context.clock.now();
  const found: string[] = [];
  let cursor: string | undefined;
  for (let round = 0; round < 3; round++) {
    const answer = await look(now + 2 * hour + round, cursor);
    expect(answer.coverage).toBe(round < 2 ? 'partial' : 'complete');
    found.push(...answer.finds.map(({ token }) => token));
    cursor = answer.cursor;
  }
  expect(found).toEqual(objects.map(({ line }) => line.token));
});

test('given an object that is gone when it is to be read, when looked at, then nobody knows what was in it', async () => {
  const objects = archived(2).map((each, at) => ({ ...each, gone: at === 0 }));
  const look = await openArchive(objects, 10);
  const now = context.clock.now();
  const answer = await look(now);
  expect(answer).toMatchObject({ coverage: 'partial', since: now, why: { reason: 'not_found' } });
  expect(answer.finds).toHaveLength(1);
  expect(await look(now + 1_000, answer.cursor)).toMatchObject({ coverage: 'complete', since: now, finds: [] });
});

test('given many documents of the same moment, when they are swept page by page, then none is stepped over', async () => {
  const { bench, look, clock } = await openScene({ max_hits: 10 });
  const lines = canaryLines(60);
  const body = lines.map(
    (line, at) =>
      `{"index":{"_index":"logs-1"}}\n${JSON.stringify({ '@timestamp': clock.wall() - 10_000 + Math.floor(at / 4), message: line.text })}\n`,
  );
  await bench.request('POST', '/_bulk?refresh=true', body.join(''));
  const found = new Set<string>();
  let cursor: string | undefined;
  for (let round = 0; round < 6; round++) {
    const answer = await look([], { count: 100_000, tokens: () => [], ...(cursor === undefined ? {} : { cursor }) });
    for (const token of delivered(answer)) found.add(token);
    cursor = answer.cursor;
    if (cursor === undefined) break;
  }
  expect([...found].sort()).toEqual(tokens(lines).sort());
});

test('given a cluster that says how long to wait, when it is searched, then that is passed on in ms', async () => {
  const cluster = await startMisbehavingServer(() => ({ status: 200, contentType: 'application/json', body: '{}' }));
  cleanups.push(() => cluster.close());
  cluster.script({ as: 'answer', status: 429, headers: { 'retry-after': '7' }, body: '{}' });
  const { look } = await openObserver(cluster.origin);
  const [line] = canaryLines(1);
  await expect(look([line?.token ?? ''])).rejects.toMatchObject({ reason: 'rate_limited', retryAfterMs: 7_000 });
});

test('given a stream that takes its time, when lines are put into it, then they went out between the asking and the answer', async () => {
  const asked: number[] = [];
  const service = await startAwsJsonService({
    async PutRecords(input) {
      asked.push(context.clock.now());
      await context.clock.sleep(50);
      const records = input.Records as unknown[];
      return { Records: records.map((_, at) => ({ SequenceNumber: `49${at}`, ShardId: 'shardId-000000000000' })) };
    },
  });
  cleanups.push(() => service.stop());
  const role = roleOf(kinesis.inject);
  const injector = await role.open(role.config.parse({ ...aws, stream: 'logs', endpoint: service.endpoint }), context);
  cleanups.push(() => injector.close());
  const [stream] = await injector.streams(forever);
  const lines = canaryLines(2).map(({ text }, seq) => ({ stream: stream?.key ?? '', seq, text }));
  for (const emission of await directly(injector).inject(lines, forever)) {
    if (emission.state !== 'emitted') throw new Error(emission.state);
    expect(emission.nb).toBeLessThanOrEqual(asked[0] ?? 0);
    expect(emission.na).toBeGreaterThanOrEqual((asked[0] ?? 0) + 49);
  }
});

test('given more shards than one look can get round, when it looks again and again, then each has its turn', async () => {
  const shards = Array.from({ length: 20 }, (_, at) => `shardId-${String(at).padStart(12, '0')}`);
  const read = new Set<string>();
  const record = { Data: Buffer.alloc(2_048, 'x').toString('base64'), PartitionKey: 'k', SequenceNumber: '491' };
  const service = await startAwsJsonService({
    ListShards: ({ NextToken }) => {
      const listed = shards.map((ShardId) => ({ ShardId }));
      return NextToken === undefined
        ? { Shards: listed.slice(0, 12), NextToken: 'more' }
        : { Shards: listed.slice(12) };
    },
    GetShardIterator: ({ ShardId }) => ({ ShardIterator: ShardId }),
    GetRecords({ ShardIterator }) {
      read.add(String(ShardIterator));
      return { Records: [record], MillisBehindLatest: 1_000, NextShardIterator: ShardIterator };
    },
  });
  cleanups.push(() => service.stop());
  const role = roleOf(kinesis.observe);
  const config = { ...aws, stream: 'logs', endpoint: service.endpoint, read: 'follow', max_read_bytes: 1_024 };
  const observer = await role.open(role.config.parse(config), context);
  cleanups.push(() => observer.close());
  let cursor: string | undefined;
  for (let round = 0; round < 3; round++) {
    const now = context.clock.now();
    const question = { asOf: now, since: now - hour, count: 0, tokens: () => [], prefixes: [] };
    const answer = await observer.observe(cursor === undefined ? question : { ...question, cursor }, forever);
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
    cursor = answer.cursor;
  }
  expect([...read].sort()).toEqual(shards);
});

test('given lines of more bytes than characters, when a pipe takes only a part, then only those that are out are called so', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'logcanary-pipe-'));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  const pipe = path.join(dir, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  const reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  cleanups.push(() => reader.close());
  const role = roleOf(file.inject);
  const injector = await role.open(role.config.parse({ path: pipe }), context);
  const lines = [0, 1, 2].map((seq) => ({ stream: pipe, seq, text: '鳥'.repeat(10_000) }));
  const emissions = await directly(injector).inject(lines, forever);
  expect(emissions.map(({ state }) => state)).toEqual(['emitted', 'emitted', 'unconfirmed']);
});
