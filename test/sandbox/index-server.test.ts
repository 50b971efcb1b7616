import { afterEach, describe, expect, test } from 'vitest';
import { SLOW_REFRESH_MS } from '../../src/sandbox/index-store.ts';
import { type ElasticBench, leapingClock, products, startElasticBench } from '../fakes/elastic-bench.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(options: Parameters<typeof startElasticBench>[0] = {}) {
  const clock = leapingClock();
  const bench = await startElasticBench({ clock, ...options });
  cleanups.push(bench.stop);
  const messages = async (query: object, more: object = {}) => {
    const { body } = await bench.request('POST', '/logs-*/_search', { query, size: 100, ...more });
    return hitsOf(body).map((hit) => (hit._source as { message?: string }).message);
  };
  return { bench, clock, messages };
}

interface WireHit {
  readonly _id: string;
  readonly _source: unknown;
  readonly sort?: unknown[];
}

function hitsOf(body: Record<string, unknown>): WireHit[] {
  return (body.hits as { hits: WireHit[] }).hits;
}

const bulkLine = (index: string, source: object, id?: string) =>
  `{"create":{"_index":"${index}"${id === undefined ? '' : `,"_id":"${id}"`}}}\n${JSON.stringify(source)}\n`;
const items = (body: Record<string, unknown>) =>
  (body.items as Record<string, { status: number; error?: { type: string } }>[]).flatMap((item) => Object.values(item));

describe('identity', () => {
  for (const product of products) {
    test(`given ${product}, when greeted, then it answers as ${product} does, to vendored media types too`, async () => {
      const { bench } = await start({ product });
      const vendored = 'application/vnd.elasticsearch+json; compatible-with=9';
      const plain = await fetch(bench.server.url);
      const vendor = await fetch(bench.server.url, { headers: { accept: vendored } });
      const { version } = (await plain.json()) as { version: { distribution?: string } };
      expect(version.distribution).toBe(product === 'opensearch' ? 'opensearch' : undefined);
      expect(plain.headers.get('x-elastic-product')).toBe(product === 'opensearch' ? null : 'Elasticsearch');
      expect(vendor.status).toBe(product === 'opensearch' ? 406 : 200);
    });
  }
});

describe('_bulk', () => {
  test('given good and bad items, when sent, then each has its own status and the good ones are kept', async () => {
    const { bench } = await start();
    const body = [
      bulkLine('logs-1', { n: 1 }, 'a'),
      bulkLine('logs-1', { n: 2 }, 'a'),
      bulkLine('logs-1', { n: 'no number' }),
      '{"index":{"_index":"UPPER"}}\n{}\n',
    ];
    const answer = await bench.request('POST', '/_bulk', body.join(''));
    expect(answer.status).toBe(200);
    expect(items(answer.body).map((item) => item.status)).toEqual([201, 409, 400, 400]);
    expect(bench.server.documents()).toBe(1);
  });
  test('given a body without a last line feed, when sent, then it is refused as a whole', async () => {
    const { bench } = await start();
    expect((await bench.request('POST', '/_bulk', bulkLine('logs-1', {}).trimEnd())).status).toBe(400);
  });
  test('given the same id indexed twice, when searched, then only the newer version is there', async () => {
    const { bench, messages } = await start();
    await bench.request('PUT', '/logs-1/_doc/a?refresh=true', { message: 'old' });
    await bench.request('PUT', '/logs-1/_doc/a', { message: 'new' });
    await bench.request('POST', '/logs-1/_refresh');
    expect(await messages({ match_all: {} })).toEqual(['new']);
  });
});

describe('refresh', () => {
  test('given a fresh document, when searched, then it shows within a second, and by its id at once', async () => {
    const { bench, clock, messages } = await start();
    await bench.request('PUT', '/logs-1/_doc/a', { message: 'fresh' });
    expect(await messages({ match_all: {} })).toEqual([]);
    expect((await bench.request('GET', '/logs-1/_doc/a')).status).toBe(200);
    clock.leap(1000);
    expect(await messages({ match_all: {} })).toEqual(['fresh']);
  });
  test('given a slow refresh, when it is over, then what waited shows at the next ordinary refresh', async () => {
    const { bench, clock, messages } = await start();
    bench.server.slowRefresh(true);
    await bench.request('PUT', '/logs-1/_doc/a', { message: 'late' });
    clock.leap(SLOW_REFRESH_MS - 1);
    expect(await messages({ match_all: {} })).toEqual([]);
    clock.leap(1);
    expect(await messages({ match_all: {} })).toEqual(['late']);
    await bench.request('PUT', '/logs-1/_doc/b', { message: 'later' });
    bench.server.slowRefresh(false);
    clock.leap(1000);
    expect(await messages({ match_all: {} })).toEqual(['late', 'later']);
  });
});

describe('queries', () => {
  const documents = [
    {
      message: 'Error: disk full on node-1',
      level: 'error',
      n: 1,
      '@timestamp': '2026-11-20T08:00:00.000Z',
      host: { name: 'n1' },
    },
    { message: 'all is well', level: 'info', n: 2, '@timestamp': '2026-11-20T09:00:00.000Z' },
    { message: 'disk is fine', level: 'info', n: 3, '@timestamp': '2026-11-20T10:00:00.000Z' },
  ];
  const cases: [string, object, number[]][] = [
    ['term on text is one analysed word', { term: { message: 'disk' } }, [1, 3]],
    ['term on text does not analyse', { term: { message: 'Error' } }, []],
    ['terms on a keyword is the whole value', { terms: { 'message.keyword': ['all is well'] } }, [2]],
    ['match takes any word', { match: { message: 'FULL well' } }, [1, 2]],
    ['match with and takes all', { match: { message: { query: 'disk fine', operator: 'and' } } }, [3]],
    ['match_phrase minds the order', { match_phrase: { message: 'disk full' } }, [1]],
    ['prefix', { prefix: { message: 'wel' } }, [2]],
    ['wildcard', { wildcard: { 'level.keyword': { value: 'e*r' } } }, [1]],
    [
      'range on dates',
      { range: { '@timestamp': { gt: '2026-11-20T08:00:00Z', lte: '2026-11-20T10:00:00+00:00' } } },
      [2, 3],
    ],
    ['range on numbers', { range: { n: { gte: 3 } } }, [3]],
    ['exists', { exists: { field: 'host' } }, [1]],
    ['ids', { ids: { values: ['1', '3'] } }, [1, 3]],
    [
      'bool with filter and must_not',
      { bool: { filter: [{ term: { message: 'disk' } }], must_not: { term: { level: 'error' } } } },
      [3],
    ],
    ['bool with should', { bool: { should: [{ term: { n: 1 } }, { term: { n: 2 } }] } }, [1, 2]],
    [
      'bool with two of should',
      { bool: { should: [{ term: { n: 1 } }, { term: { level: 'error' } }], minimum_should_match: 2 } },
      [1],
    ],
    ['a field that is not mapped', { term: { nothing: 'x' } }, []],
  ];
  const filled = async () => {
    const { bench } = await start();
    await bench.request(
      'POST',
      '/_bulk?refresh=true',
      documents.map((source) => bulkLine('logs-1', source, String(source.n))).join(''),
    );
    return bench;
  };
  test('given three documents, when queried in every way, then each finds its own', async () => {
    const bench = await filled();
    for (const [name, query, expected] of cases) {
      const { body } = await bench.request('POST', '/logs-1/_search', { query, sort: ['n'] });
      expect([name, ...hitsOf(body).map((hit) => Number(hit._id))]).toEqual([name, ...expected]);
    }
  });
  test('given a page size, when paged by search_after, then every document comes once and in order', async () => {
    const bench = await filled();
    const seen: string[] = [];
    let after: unknown[] | undefined;
    for (;;) {
      const { body } = await bench.request('POST', '/logs-1/_search', {
        size: 2,
        sort: [{ '@timestamp': 'desc' }],
        _source: ['level'],
        ...(after === undefined ? {} : { search_after: after }),
      });
      const hits = hitsOf(body);
      seen.push(...hits.map((hit) => hit._id));
      after = hits.at(-1)?.sort;
      if (hits.length < 2) break;
      expect(hits[0]?._source).toEqual({ level: 'info' });
    }
    expect(seen).toEqual(['3', '2', '1']);
  });
  test('given several searches at once, when one is wrong, then only that one fails', async () => {
    const bench = await filled();
    const lines = [
      '{"index":"logs-*"}',
      '{"query":{"term":{"n":1}}}',
      '{"index":"nothing"}',
      '{}',
      '{}',
      '{"query":{"nonsense":{"a":1}}}',
    ];
    const { body } = await bench.request('POST', '/_msearch', `${lines.join('\n')}\n`);
    expect((body.responses as { status: number }[]).map((response) => response.status)).toEqual([200, 404, 400]);
  });
  test('given totals and counts, when asked, then they are exact, capped or left out', async () => {
    const bench = await filled();
    const total = async (body: object) =>
      ((await bench.request('POST', '/logs-1/_search', body)).body.hits as { total?: unknown }).total;
    expect(await total({})).toEqual({ value: 3, relation: 'eq' });
    expect(await total({ track_total_hits: 2 })).toEqual({ value: 2, relation: 'gte' });
    expect(await total({ track_total_hits: false })).toBeUndefined();
    expect((await bench.request('GET', '/logs-*/_count')).body.count).toBe(3);
  });
  test('given a missing index, when searched by name and by pattern, then it is 404 and an empty 200 without shards', async () => {
    const bench = await filled();
    expect((await bench.request('GET', '/nothing/_search')).status).toBe(404);
    const { status, body } = await bench.request('GET', '/nothing-*/_search');
    expect([status, (body._shards as { total: number }).total]).toEqual([200, 0]);
  });
});

describe('faults', () => {
  const write = (bench: ElasticBench) => bench.request('POST', '/_bulk', bulkLine('logs-1', { message: 'x' }));

  test('given rejects, when written, then requests and items get 429 and reads go on', async () => {
    const { bench } = await start();
    bench.server.rejects(true);
    const [items1, whole] = [await write(bench), await write(bench)];
    expect([items1.status, items(items1.body)[0]?.status, whole.status]).toEqual([200, 429, 429]);
    expect((await bench.request('GET', '/_search')).status).toBe(200);
    bench.server.rejects(false);
    expect(items((await write(bench)).body)[0]?.status).toBe(201);
  });
  test('given readOnly, when written, then items get the flood block and the settings show it', async () => {
    const { bench } = await start();
    await write(bench);
    bench.server.readOnly(true);
    expect(items((await write(bench)).body)[0]).toMatchObject({
      status: 429,
      error: { type: 'cluster_block_exception' },
    });
    const { body } = await bench.request('GET', '/_all/_settings/index.blocks.*?flat_settings=true');
    expect(body).toEqual({ 'logs-1': { settings: { 'index.blocks.read_only_allow_delete': 'true' } } });
  });
  test('given partialShards, when searched, then it is 200 with failed shards, or 503 when that is not allowed', async () => {
    const { bench } = await start();
    await write(bench);
    bench.server.partialShards(true);
    const lenient = await bench.request('GET', '/logs-1/_search');
    expect([lenient.status, (lenient.body._shards as { failed: number }).failed]).toEqual([200, 1]);
    const strict = await bench.request('GET', '/logs-1/_search?allow_partial_search_results=false');
    expect([strict.status, (strict.body.error as { type: string }).type]).toEqual([
      503,
      'search_phase_execution_exception',
    ]);
  });
  test('given down, when called, then the connection is refused; when it is up again, then the documents are still there', async () => {
    const { bench } = await start();
    await write(bench);
    await bench.server.down(true);
    await expect(fetch(bench.server.url)).rejects.toThrow();
    await expect(fetch(bench.server.url)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await bench.server.down(false);
    expect((await fetch(bench.server.url)).status).toBe(200);
    expect(bench.server.documents()).toBe(1);
  });
  test('given down and up in quick turns, when settled, then the last one holds and stop still stops', async () => {
    const { bench } = await start();
    await Promise.all([
      bench.server.down(true),
      bench.server.down(false),
      bench.server.down(true),
      bench.server.down(false),
    ]);
    expect((await fetch(bench.server.url)).status).toBe(200);
    await bench.server.stop();
    await bench.server.stop();
  });
});

describe('memory', () => {
  test('given more documents than are kept, when written, then the oldest go', async () => {
    const { bench, clock, messages } = await start({ limits: { maxDocuments: 3 } });
    for (const n of [1, 2, 3, 4, 5]) await bench.request('POST', '/logs-1/_doc', { message: `m${n}` });
    clock.leap(1000);
    expect(await messages({ match_all: {} })).toEqual(['m3', 'm4', 'm5']);
    expect(bench.server.documents()).toBe(3);
  });
  test('given documents of 15 minutes ago, when searched, then they are gone', async () => {
    const { bench, clock, messages } = await start();
    await bench.request('POST', '/logs-1/_doc', { message: 'old' });
    clock.leap(15 * 60_000 + 1);
    expect(await messages({ match_all: {} })).toEqual([]);
    expect(bench.server.documents()).toBe(0);
  });
});
