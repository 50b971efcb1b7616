import { afterEach, describe, expect, test } from 'vitest';
import { type ElasticBench, leapingClock, startElasticBench } from '../fakes/elastic-bench.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function start(options: Parameters<typeof startElasticBench>[0] = {}) {
  const clock = leapingClock();
  const bench = await startElasticBench({ clock, ...options });
  cleanups.push(bench.stop);
  const messages = async (query: object) => {
    const { body } = await bench.request('POST', '/logs-*/_search', { query });
    return (body.hits as { hits: { _source: { message: string } }[] }).hits.map((hit) => hit._source.message);
  };
  return { bench, clock, messages };
}

describe('what differs between products and versions', () => {
  const engines = [
    { product: 'opensearch', version: '2.19.1', named: [] },
    { product: 'elasticsearch', version: '7.10.2', named: [] },
    { product: 'elasticsearch', version: '9.1.4', named: ['x'.repeat(257)] },
  ] as const;
  for (const { product, version, named } of engines)
    test(`given ${product} ${version}, when asked for _ignored, then it names ${named.length} of 1 value over ignore_above`, async () => {
      const { bench, messages } = await start({ product, version });
      await bench.put(['short', 'x'.repeat(257)]);
      expect(await messages({ terms: { _ignored: ['message.keyword'] } })).toEqual(named);
    });
});

describe('settings of an index', () => {
  const put = (bench: ElasticBench, settings: object) => bench.request('PUT', '/logs-1', { settings });
  test('given refresh_interval -1, when searched much later, then a document shows only after a refresh', async () => {
    const { bench, clock, messages } = await start();
    await put(bench, { index: { refresh_interval: '-1' } });
    await bench.request('POST', '/logs-1/_doc', { message: 'kept back' });
    clock.leap(60_000);
    expect(await messages({ match_all: {} })).toEqual([]);
    await bench.request('POST', '/logs-1/_refresh');
    expect(await messages({ match_all: {} })).toEqual(['kept back']);
  });
  test('given a smaller result window, when more hits are asked for, then it is refused', async () => {
    const { bench } = await start();
    await put(bench, { 'index.max_result_window': 50 });
    expect((await bench.request('POST', '/logs-1/_search', { size: 51 })).status).toBe(400);
    expect((await bench.request('POST', '/logs-1/_search', { size: 50 })).status).toBe(200);
  });
});

describe('_mapping/field', () => {
  test('given a dynamic field, when asked with defaults, then text has an analyser and its multi-field the limit of 256', async () => {
    const { bench } = await start();
    await bench.put(['some line']);
    const { body } = await bench.request('GET', '/logs-*/_mapping/field/message,message.keyword?include_defaults=true');
    expect(body).toMatchObject({
      'logs-1': {
        mappings: {
          message: { full_name: 'message', mapping: { message: { type: 'text', analyzer: 'default' } } },
          'message.keyword': { mapping: { keyword: { type: 'keyword', ignore_above: 256 } } },
        },
      },
    });
  });
  test('given a field that is not mapped, when asked, then the index is shown without it', async () => {
    const { bench } = await start();
    await bench.put(['some line']);
    expect((await bench.request('GET', '/logs-1/_mapping/field/other')).body).toEqual({ 'logs-1': { mappings: {} } });
  });
});
