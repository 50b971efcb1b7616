import { afterEach, describe, expect, test } from 'vitest';
import { canaryLines } from '../fakes/canary-lines.ts';
import { absent, closeScenes, openObserver, openScene, startProxy, texts } from '../fakes/elastic-scene.ts';

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
