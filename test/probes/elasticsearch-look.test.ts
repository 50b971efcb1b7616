import { afterEach, describe, expect, test } from 'vitest';
import { SLOW_REFRESH_MS } from '../../src/sandbox/index-store.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { leapingClock, products } from '../fakes/elastic-bench.ts';
import { absent, closeScenes, delivered, openObserver, openScene, texts, tokens } from '../fakes/elastic-scene.ts';

afterEach(closeScenes);

for (const product of products) {
  describe(`a look into ${product}`, () => {
    test('given lines behind an agent prefix and inside JSON, when looked for, then each is found and the absent one is not', async () => {
      const { bench, look } = await openScene({}, { product });
      const [plain, inJson, gone] = canaryLines(3) as [CanaryLine, CanaryLine, CanaryLine];
      await bench.put([
        `2026-11-20T08:00:00Z stdout F ${plain.text}`,
        JSON.stringify({ msg: inJson.text, n: 1 }),
        'noise',
      ]);
      const answer = await look(tokens([plain, inJson, gone]));
      expect(answer.coverage).toBe('complete');
      expect(delivered(answer).toSorted()).toEqual(tokens([plain, inJson]).toSorted());
    });
    test('given failing shards, when looked for, then it fails as server_error and accuses nobody', async () => {
      const { bench, look } = await openScene({}, { product });
      await bench.put(texts(canaryLines(3)));
      bench.server.partialShards(true);
      await expect(look(absent(1))).rejects.toMatchObject({ code: 'PROBE', reason: 'server_error', retryable: true });
    });
    test('given a document not yet refreshed, when looked for, then it is not found; after the refresh it is', async () => {
      const clock = leapingClock();
      const { bench, look } = await openScene({}, { product, clock });
      const [line] = canaryLines(1) as [CanaryLine];
      await bench.put(['noise']);
      bench.server.slowRefresh(true);
      await bench.request(
        'POST',
        '/_bulk',
        `{"create":{"_index":"logs-1"}}\n${JSON.stringify({ message: line.text })}\n`,
      );
      expect(await look([line.token])).toMatchObject({ coverage: 'complete', finds: [] });
      clock.leap(SLOW_REFRESH_MS);
      expect(delivered(await look([line.token]))).toEqual([line.token]);
    });
  });
}

describe('what may not be taken for an absence', () => {
  test('given a pattern that matches no index yet, when looked for, then it is partial as not_found', async () => {
    const { look } = await openScene({ index: 'nothing-*' });
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', finds: [], why: { reason: 'not_found' } });
  });
  test('given a concrete index that is missing, when looked for, then it is partial as not_found and names the setting', async () => {
    const { look } = await openScene({ index: 'nothing' });
    const { coverage, why } = await look(absent(1));
    expect(coverage).toBe('partial');
    expect(why?.message).toMatch(/"nothing".*404.*set index/);
  });
  test('given a field that no index has, when looked for, then it is partial and says to set fields', async () => {
    const { bench, look } = await openScene({ fields: ['log'] });
    await bench.put(texts(canaryLines(1)));
    const { coverage, why } = await look(absent(1));
    expect([coverage, why?.reason]).toEqual(['partial', 'not_found']);
    expect(why?.message).toContain('Set fields');
  });
  test('given a field that holds no text, when looked for, then it is partial as unsupported', async () => {
    const { bench, look } = await openScene({ fields: ['@timestamp'] });
    await bench.put(['noise']);
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given a field that is not indexed, when looked for, then it is partial as unsupported or fails', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', { mappings: { properties: { message: { type: 'text', index: false } } } });
    const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', why: error }));
    expect(outcome.coverage).not.toBe('complete');
  });
  test('given a target that went away, when looked for, then it fails as refused; when it is back, it looks again', async () => {
    const { bench, look } = await openScene();
    await bench.put(['noise']);
    expect((await look(absent(1))).coverage).toBe('complete');
    await bench.server.down(true);
    await expect(look(absent(1))).rejects.toMatchObject({ reason: 'refused', retryable: true });
    await bench.server.down(false);
    expect((await look(absent(1))).coverage).toBe('complete');
  });
});

describe('duplicates and echoes', () => {
  test('given one line in two documents, when looked for, then there are two finds of one token', async () => {
    const { bench, look } = await openScene();
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.put([line.text, line.text]);
    expect(delivered(await look([line.token]))).toEqual([line.token, line.token]);
  });
  test('given one line in two fields of one document, when looked for, then there is one find', async () => {
    const { bench, look } = await openScene({ fields: ['message', 'event.original'] });
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.request('POST', '/logs-1/_doc?refresh=true', { message: line.text, event: { original: line.text } });
    await bench.request('POST', '/logs-1/_refresh');
    expect(delivered(await look([line.token]))).toEqual([line.token]);
  });
  test('given a log that repeats our query, when looked for, then it is an echo and no delivery', async () => {
    const { bench, look } = await openScene();
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.put([`slow query {"terms":{"message":["${line.token}"]}}`]);
    const answer = await look([line.token]);
    expect(answer.finds.map((find) => find.kind)).toEqual(['echo']);
    expect(delivered(answer)).toEqual([]);
  });
  test('given logged searches that repeat thousands of tokens, when looked for, then few of the echoes are reported', async () => {
    const { bench, look } = await openScene();
    const lines = canaryLines(2000);
    const [line] = lines as [CanaryLine];
    await bench.put([`query ${tokens(lines).join(' ')}`, line.text]);
    const answer = await look(tokens(lines));
    expect(delivered(answer)).toEqual([line.token]);
    expect(answer.finds).toHaveLength(1001);
  });
  test('given more echoes than a page holds, when looked for, then the line among them is not called absent', async () => {
    const { bench, look } = await openScene({ max_hits: 2 });
    const lines = canaryLines(2);
    const [line] = lines as [CanaryLine];
    await bench.put([...Array.from({ length: 6 }, () => `query ${tokens(lines).join(' ')}`), line.text]);
    expect(await look(tokens(lines))).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
  });
});

describe('bounds of a look', () => {
  test('given more lines than a page holds, when looked for, then all are found in further searches', async () => {
    const { bench, look } = await openScene({ max_hits: 10 });
    const lines = canaryLines(45);
    await bench.put(texts(lines));
    const answer = await look([...tokens(lines), ...absent(3)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given an index with a small result window, when looked for, then pages fit it and the look is complete', async () => {
    const { bench, look } = await openScene();
    await bench.request('PUT', '/logs-1', { settings: { 'index.max_result_window': 10 } });
    const lines = canaryLines(25);
    await bench.put(texts(lines));
    const answer = await look([...tokens(lines), ...absent(3)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given more pages than a look may search, when looked for, then it delivers what it saw, as partial', async () => {
    const { bench, look } = await openScene({ max_hits: 2 });
    const lines = canaryLines(40);
    await bench.put(texts(lines));
    const answer = await look(tokens(lines));
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
    expect(delivered(answer)).toHaveLength(16);
  });
  test('given many searches of several probes, when looked for, then a cluster gets at most two a second', async () => {
    const { bench, clock, look } = await openScene();
    await bench.put(['noise']);
    const other = await openObserver(bench.server.url, { index: 'logs-1' }, clock);
    for (let at = 0; at < 4; at += 1) {
      await look(absent(1));
      await other.look(absent(1));
    }
    expect(clock.slept).toBe(3000);
  });
  test('given hits too large for one answer, when looked for, then they are fetched in smaller pages', async () => {
    const { bench, look } = await openScene();
    const lines = canaryLines(12);
    const filler = 'x'.repeat(3 * 1024 * 1024);
    for (const line of lines) await bench.put([`${line.text} ${filler}`]);
    const answer = await look(tokens(lines));
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
});

describe('when more are missing than a look may ask for', () => {
  const many = { count: 100_000, tokens: (): string[] => [] };

  test('given few documents of ours, when looked for, then one page holds them all and the look is complete', async () => {
    const { bench, look } = await openScene();
    const lines = canaryLines(5);
    await bench.put([...texts(lines), 'noise']);
    const answer = await look([], many);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given many documents, when looked for again with the cursor, then the sweep goes on and delivers all, as partial', async () => {
    const clock = leapingClock();
    const { bench, look } = await openScene({ max_hits: 10 }, { clock });
    const lines = canaryLines(150);
    const body = lines.map(
      (line, at) =>
        `{"index":{"_index":"logs-1"}}\n${JSON.stringify({ '@timestamp': clock.wall() - 10_000 + at, message: line.text })}\n`,
    );
    await bench.request('POST', '/_bulk?refresh=true', body.join(''));
    const found = new Set<string>();
    let cursor: string | undefined;
    for (let at = 0; at < 5; at += 1) {
      const answer = await look([], { ...many, ...(cursor === undefined ? {} : { cursor }) });
      expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
      for (const token of delivered(answer)) found.add(token);
      ({ cursor } = answer);
      if (cursor === undefined) break;
    }
    expect(cursor).toBeUndefined();
    expect(found).toEqual(new Set(tokens(lines)));
  });
});
