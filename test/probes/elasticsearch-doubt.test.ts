import { afterEach, describe, expect, test } from 'vitest';
import { canaryLines } from '../fakes/canary-lines.ts';
import {
  absent,
  closeScenes,
  delivered,
  openObserver,
  openScene,
  startProxy,
  texts,
  tokens,
} from '../fakes/elastic-scene.ts';

afterEach(closeScenes);

const forbidden = {
  status: 403,
  body: { error: { type: 'security_exception', reason: 'no permissions for [indices:x]' }, status: 403 },
};

describe('a user with few rights', () => {
  test('given _analyze is refused, when some canary is there, then that proves the field and absences count', async () => {
    const { bench } = await openScene();
    await bench.put(texts(canaryLines(1)));
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: forbidden }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'complete', finds: [] });
  });
  test('given _analyze is refused, when no canary was ever there, then absences do not count', async () => {
    const { bench } = await openScene();
    await bench.put(['noise']);
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: forbidden }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given an analyser that splits the token, when looked for, then absences do not count', async () => {
    const { bench } = await openScene();
    await bench.put(['noise']);
    const split = { status: 200, body: { tokens: [{ token: 'lcn1' }, { token: 'abc' }] } };
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: split }));
    const { coverage, why } = await look(absent(1));
    expect(coverage).toBe('partial');
    expect(why?.message).toContain('analyser');
  });
  test('given the metadata is refused, when some canary is there, then that proves a text field and absences count', async () => {
    const { bench } = await openScene();
    await bench.put(texts(canaryLines(1)));
    const { look } = await openObserver(await startProxy(bench.server.url, { 'logs-*': forbidden }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'complete', finds: [] });
  });
  test('given the metadata is refused, when no canary was ever there, then absences do not count', async () => {
    const { bench } = await openScene();
    await bench.put(['noise']);
    const { look } = await openObserver(await startProxy(bench.server.url, { 'logs-*': forbidden }));
    const { coverage, why } = await look(absent(1));
    expect([coverage, why?.reason]).toEqual(['partial', 'unsupported']);
    expect(why?.message).toContain('view_index_metadata');
  });
  test('given the mapping of a keyword field is refused, when looked for, then absences do not count though a canary is there', async () => {
    const { bench } = await openScene();
    await bench.request('PUT', '/logs-1', { mappings: { properties: { message: { type: 'keyword' } } } });
    const lines = canaryLines(1);
    await bench.put(texts(lines));
    const { look } = await openObserver(await startProxy(bench.server.url, { message: forbidden }));
    const answer = await look([...tokens(lines), ...absent(1)]);
    expect(delivered(answer)).toEqual(tokens(lines));
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
    expect(answer.why?.message).toContain('view_index_metadata');
  });
  test('given a search that is forbidden, when looked for, then it fails as auth and says what to grant', async () => {
    const { bench } = await openScene();
    await bench.put(['noise']);
    const { look } = await openObserver(await startProxy(bench.server.url, { _search: forbidden }));
    await expect(look(absent(1))).rejects.toMatchObject({ reason: 'auth', retryable: false });
    await expect(look(absent(1))).rejects.toThrow(
      /^Cannot search "logs-\*": 403 \(security_exception\) from http.*Grant read on the index/,
    );
  });
});

/** What `GET <index>` answers of an index whose `message` is text. */
const shown = (more: object = {}) => ({
  status: 200,
  body: { 'logs-1': { aliases: {}, settings: { index: {} }, mappings: {}, ...more } },
});

describe('lines that are there and not found', () => {
  const lookThrough = async (answer: { status: number; body: object }) => {
    const { bench } = await openScene();
    await bench.put(texts(canaryLines(1)));
    return openObserver(await startProxy(bench.server.url, { 'logs-*': answer }));
  };
  const refresh = (interval: string, blocks: object = {}) =>
    shown({ settings: { index: { refresh_interval: interval, blocks } } });

  for (const interval of ['-1', '1h', '301s'])
    test(`given refresh_interval ${interval}, when looked for, then absences do not count`, async () => {
      const { look } = await lookThrough(refresh(interval));
      const { coverage, why } = await look(absent(1));
      expect([coverage, why?.reason]).toEqual(['partial', 'unsupported']);
      expect(why?.message).toMatch(/"logs-1".*Set index\.refresh_interval/);
    });
  for (const interval of ['1s', '500ms', '0', '60s', '5m'])
    test(`given refresh_interval ${interval}, when looked for, then absences count as of the asking`, async () => {
      const { look, clock } = await lookThrough(refresh(interval));
      const asOf = clock.now();
      const answer = await look(absent(1), { asOf });
      expect(answer.coverage).toBe('complete');
      expect(answer.asOf ?? asOf).toBe(asOf);
    });
  test('given an index that takes no writes, when it is never refreshed, then absences count', async () => {
    const { look } = await lookThrough(refresh('-1', { write: 'true' }));
    expect((await look(absent(1))).coverage).toBe('complete');
  });
});

describe('rollover', () => {
  test('given an index that came after the fields were learnt, when looked for, then one look is partial and the next is not', async () => {
    const { bench, look } = await openScene();
    await bench.put(['noise']);
    expect((await look(absent(1))).coverage).toBe('complete');
    await bench.put(['noise'], 'logs-2');
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'partial', retryable: true } });
    expect((await look(absent(1))).coverage).toBe('complete');
  });
  test('given a new index in which the field is of no use, when looked for, then absences do not count any more', async () => {
    const { bench, look } = await openScene();
    await bench.put(['noise']);
    expect((await look(absent(1))).coverage).toBe('complete');
    await bench.request('PUT', '/logs-2', { mappings: { properties: { message: { type: 'flattened' } } } });
    await look(absent(1));
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
});

const honest = {
  took: 1,
  timed_out: false,
  _shards: { total: 3, successful: 3, skipped: 0, failed: 0 },
  hits: { hits: [] },
};
const deceptive = {
  'a failed shard with 200': { ...honest, _shards: { total: 3, successful: 2, skipped: 0, failed: 1 } },
  'a search that timed out': { ...honest, timed_out: true },
  'a search that was cut short': { ...honest, terminated_early: true },
  'a skipped remote cluster': { ...honest, _clusters: { total: 2, successful: 1, skipped: 1 } },
  'no shard at all': { ...honest, _shards: { total: 0, successful: 0, skipped: 0, failed: 0 } },
};

describe('successes that are none', () => {
  for (const [name, body] of Object.entries(deceptive)) {
    test(`given ${name}, when looked for, then the look is not complete`, async () => {
      const { bench } = await openScene();
      await bench.put(['noise']);
      const { look } = await openObserver(await startProxy(bench.server.url, { _search: { status: 200, body } }));
      const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', why: error }));
      expect(outcome.coverage).not.toBe('complete');
      expect(outcome.why).toMatchObject({ code: 'PROBE' });
    });
  }
  test('given hits whose source was left out, when looked for, then the look is partial', async () => {
    const { bench } = await openScene();
    await bench.put(['noise']);
    const body = { ...honest, hits: { hits: [{ _index: 'logs-1', _id: '1' }] } };
    const { look } = await openObserver(await startProxy(bench.server.url, { _search: { status: 200, body } }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
  });
});
