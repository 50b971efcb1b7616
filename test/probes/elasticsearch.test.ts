import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import elasticsearch from '../../probes/elasticsearch.ts';
import { describeObserver } from '../contract/probe.ts';
import { products, startElasticBench } from '../fakes/elastic-bench.ts';

const auth = { username: 'canary', password: 'dummy-password-1' };

for (const product of products) {
  describeObserver(`elasticsearch against ${product}`, {
    probe: elasticsearch,
    rechecks: true,
    secrets: [auth.password, Buffer.from(`${auth.username}:${auth.password}`).toString('base64')],
    async bench() {
      const bench = await startElasticBench({ product });
      await bench.put(['some other line']);
      return {
        config: { url: bench.server.url, index: 'logs-*', auth },
        put: bench.put,
        remove: bench.remove,
        stop: bench.stop,
      };
    },
    ...(product === 'opensearch' ? { hostile: (url: string) => ({ url, index: 'logs-*', auth }) } : {}),
  });
}

describe('elasticsearch: config', () => {
  const refused = (config: object) => {
    const parsed = elasticsearch.observe?.config.safeParse({ index: 'logs-*', ...config });
    return parsed?.error?.issues.map((issue) => issue.message).join(' ') ?? '';
  };
  test('given credentials inside the url, when parsed, then it is refused without repeating them', () => {
    const message = refused({ url: 'https://canary:dummy-password-1@es:9200' });
    expect(message).toContain('auth');
    expect(message).not.toContain('dummy-password-1');
  });
  test('given something else than an address, when parsed, then it is refused', () => {
    for (const url of ['es:9200', 'ftp://es:9200', 'https://es:9200?x=1', '']) expect(refused({ url })).not.toBe('');
  });
  test('given an address without a port, when asked for the target, then the port of its scheme is named', () => {
    const target = (url: string) =>
      elasticsearch.observe?.target(elasticsearch.observe.config.parse({ url, index: 'x' }));
    expect(target('https://es.example')).toBe('es.example:443');
    expect(target('http://es.example:9200/proxied')).toBe('es.example:9200');
  });
});

describe('elasticsearch: online', () => {
  let bench: Awaited<ReturnType<typeof startElasticBench>>;
  beforeAll(async () => {
    bench = await startElasticBench();
    await bench.put(['some line']);
  });
  afterAll(() => bench.stop());

  test('given a readable index, when checked online, then it says what it may do', async () => {
    const { context, forever } = await import('../contract/bench.ts');
    const config = elasticsearch.observe?.config.parse({ url: bench.server.url, index: 'logs-*' });
    if (config === undefined) throw new Error('no config');
    expect(await elasticsearch.observe?.online?.(config, context, forever)).toContain('may search "logs-*"');
  });
});
