import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import elasticsearch from '../../probes/elasticsearch.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Look, Observer, Question } from '../../src/probe.ts';
import { forever } from '../contract/bench.ts';
import { type CanaryLine, canaryLines, canaryPrefix } from '../fakes/canary-lines.ts';
import {
  type ElasticBench,
  type LeapingClock,
  leapingClock,
  products,
  startElasticBench,
} from '../fakes/elastic-bench.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Scene {
  readonly bench: ElasticBench;
  readonly observer: Observer;
  readonly clock: LeapingClock;
  look(tokens: readonly string[], more?: Partial<Question>): Promise<Look>;
}

async function openObserver(
  url: string,
  config: object = {},
  clock = leapingClock(),
): Promise<Pick<Scene, 'observer' | 'clock' | 'look'>> {
  const role = elasticsearch.observe;
  if (role === undefined) throw new Error('no observer');
  const observer = await role.open(role.config.parse({ url, index: 'logs-*', ...config }), { clock, log: silentLog });
  cleanups.push(() => observer.close());
  const look: Scene['look'] = (tokens, more) => {
    const now = clock.now();
    return observer.observe(
      { asOf: now, since: now - 60_000, count: tokens.length, tokens: () => tokens, prefixes: [canaryPrefix], ...more },
      forever,
    );
  };
  return { observer, clock, look };
}

async function open(config: object = {}, options: Parameters<typeof startElasticBench>[0] = {}): Promise<Scene> {
  const bench = await startElasticBench(options);
  cleanups.push(bench.stop);
  return { bench, ...(await openObserver(bench.server.url, config)) };
}

const tokens = (lines: readonly CanaryLine[]) => lines.map((line) => line.token);
const texts = (lines: readonly CanaryLine[]) => lines.map((line) => line.text);
const delivered = (look: Look) => look.finds.filter((find) => find.kind === 'line').map((find) => find.token);
/** Valid tokens that are nowhere. */
const absent = (count: number) => tokens(canaryLines(count));

for (const product of products) {
  describe(`a look into ${product}`, () => {
    test('given lines behind an agent prefix and inside JSON, when looked for, then each is found and the absent one is not', async () => {
      const { bench, look } = await open({}, { product });
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
      const { bench, look } = await open({}, { product });
      await bench.put(texts(canaryLines(3)));
      bench.server.partialShards(true);
      await expect(look(absent(1))).rejects.toMatchObject({ code: 'PROBE', reason: 'server_error', retryable: true });
    });
    test('given a document not yet refreshed, when looked for, then it is not found; after the refresh it is', async () => {
      const clock = leapingClock();
      const { bench, look } = await open({}, { product, clock });
      const [line] = canaryLines(1) as [CanaryLine];
      await bench.put(['noise']);
      bench.server.slowRefresh(true);
      await bench.request(
        'POST',
        '/_bulk',
        `{"create":{"_index":"logs-1"}}\n${JSON.stringify({ message: line.text })}\n`,
      );
      expect(await look([line.token])).toMatchObject({ coverage: 'complete', finds: [] });
      clock.leap(11_000);
      expect(delivered(await look([line.token]))).toEqual([line.token]);
    });
  });
}

describe('what may not be taken for an absence', () => {
  test('given a pattern that matches no index yet, when looked for, then it is partial as not_found', async () => {
    const { look } = await open({ index: 'nothing-*' });
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', finds: [], why: { reason: 'not_found' } });
  });
  test('given a concrete index that is missing, when looked for, then it is partial as not_found and names the setting', async () => {
    const { look } = await open({ index: 'nothing' });
    const { coverage, why } = await look(absent(1));
    expect(coverage).toBe('partial');
    expect(why?.message).toMatch(/"nothing".*404.*set index/);
  });
  test('given a field that no index has, when looked for, then it is partial and says to set fields', async () => {
    const { bench, look } = await open({ fields: ['log'] });
    await bench.put(texts(canaryLines(1)));
    const { coverage, why } = await look(absent(1));
    expect([coverage, why?.reason]).toEqual(['partial', 'not_found']);
    expect(why?.message).toContain('Set fields');
  });
  test('given a field that holds no text, when looked for, then it is partial as unsupported', async () => {
    const { bench, look } = await open({ fields: ['@timestamp'] });
    await bench.put(['noise']);
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given a field that is not indexed, when looked for, then it is partial as unsupported or fails', async () => {
    const { bench, look } = await open();
    await bench.request('PUT', '/logs-1', { mappings: { properties: { message: { type: 'text', index: false } } } });
    const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', why: error }));
    expect(outcome.coverage).not.toBe('complete');
  });
  test('given a target that went away, when looked for, then it fails as refused; when it is back, it looks again', async () => {
    const { bench, look } = await open();
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
    const { bench, look } = await open();
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.put([line.text, line.text]);
    expect(delivered(await look([line.token]))).toEqual([line.token, line.token]);
  });
  test('given one line in two fields of one document, when looked for, then there is one find', async () => {
    const { bench, look } = await open({ fields: ['message', 'event.original'] });
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.request('POST', '/logs-1/_doc?refresh=true', { message: line.text, event: { original: line.text } });
    await bench.request('POST', '/logs-1/_refresh');
    expect(delivered(await look([line.token]))).toEqual([line.token]);
  });
  test('given a log that repeats our query, when looked for, then it is an echo and no delivery', async () => {
    const { bench, look } = await open();
    const [line] = canaryLines(1) as [CanaryLine];
    await bench.put([`slow query {"terms":{"message":["${line.token}"]}}`]);
    const answer = await look([line.token]);
    expect(answer.finds.map((find) => find.kind)).toEqual(['echo']);
    expect(delivered(answer)).toEqual([]);
  });
  test('given more echoes than a page holds, when looked for, then the line among them is not called absent', async () => {
    const { bench, look } = await open({ max_hits: 2 });
    const lines = canaryLines(2);
    const [line] = lines as [CanaryLine];
    await bench.put([...Array.from({ length: 6 }, () => `query ${tokens(lines).join(' ')}`), line.text]);
    expect(await look(tokens(lines))).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
  });
});

describe('bounds of a look', () => {
  test('given more lines than a page holds, when looked for, then all are found in further searches', async () => {
    const { bench, look } = await open({ max_hits: 10 });
    const lines = canaryLines(45);
    await bench.put(texts(lines));
    const answer = await look([...tokens(lines), ...absent(3)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given more pages than a look may search, when looked for, then it delivers what it saw, as partial', async () => {
    const { bench, look } = await open({ max_hits: 2 });
    const lines = canaryLines(40);
    await bench.put(texts(lines));
    const answer = await look(tokens(lines));
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
    expect(delivered(answer)).toHaveLength(16);
  });
  test('given many searches of several probes, when looked for, then a cluster gets at most two a second', async () => {
    const { bench, clock, look } = await open();
    await bench.put(['noise']);
    const other = await openObserver(bench.server.url, { index: 'logs-1' }, clock);
    for (let at = 0; at < 4; at += 1) {
      await look(absent(1));
      await other.look(absent(1));
    }
    expect(clock.slept).toBe(3000);
  });
  test('given hits too large for one answer, when looked for, then they are fetched in smaller pages', async () => {
    const { bench, look } = await open();
    const lines = canaryLines(12);
    const filler = 'x'.repeat(3 * 1024 * 1024);
    for (const line of lines) await bench.put([`${line.text} ${filler}`]);
    const answer = await look(tokens(lines), {});
    expect(delivered(answer)).toEqual(expect.arrayContaining(tokens(lines.slice(0, 1))));
    expect(answer.why?.reason ?? 'partial').toBe('partial');
  });
});

describe('when more are missing than a look may ask for', () => {
  const many = { count: 100_000, tokens: (): string[] => [] };

  test('given few documents of ours, when looked for, then one page holds them all and the look is complete', async () => {
    const { bench, look } = await open();
    const lines = canaryLines(5);
    await bench.put([...texts(lines), 'noise']);
    const answer = await look([], many);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given many documents, when looked for again with the cursor, then the sweep goes on and delivers all, as partial', async () => {
    const clock = leapingClock();
    const { bench, look } = await open({ max_hits: 10 }, { clock });
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

describe('keyword fields', () => {
  const mapped = (message: object) => ({ mappings: { properties: { message } } });

  test('given lines that begin with our opening, when looked for, then they are found and absences count', async () => {
    const { bench, look } = await open();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword' }));
    const lines = canaryLines(3);
    await bench.put(texts(lines));
    const answer = await look([...tokens(lines), ...absent(1)]);
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
  test('given lines that do not begin with it, when looked for, then absences do not count', async () => {
    const { bench, look } = await open();
    await bench.request('PUT', '/logs-1', mapped({ type: 'keyword' }));
    const lines = canaryLines(1);
    await bench.put([`stdout F ${texts(lines)}`]);
    expect(await look(tokens(lines))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given values over ignore_above, when looked for in the multi-field, then absences do not count but finds do', async () => {
    const { bench, look } = await open({ fields: ['message.keyword'] });
    const lines = canaryLines(2);
    await bench.put([...texts(lines.slice(0, 1)), `${texts(lines)[1]} ${'x'.repeat(300)}`]);
    const answer = await look(tokens(lines));
    expect(delivered(answer)).toEqual(tokens(lines.slice(0, 1)));
    expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given text in one index and keyword in another, when looked for, then both are searched', async () => {
    const { bench, look } = await open();
    await bench.request('PUT', '/logs-2', mapped({ type: 'keyword' }));
    const lines = canaryLines(2);
    await bench.put(texts(lines.slice(0, 1)), 'logs-1');
    await bench.put(texts(lines.slice(1)), 'logs-2');
    const answer = await look(tokens(lines));
    expect(answer.coverage).toBe('complete');
    expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
  });
});

// ------------------------------------------------------------------------------------------------ a cluster with few rights

/** Answers from a table by the last part of the path; what is not in it goes to the simulated index. */
async function startProxy(behind: string, answers: Record<string, { status: number; body: unknown }>): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const last = new URL(request.url ?? '/', behind).pathname.split('/').at(-1) ?? '';
    const canned = answers[last];
    const type = { 'content-type': 'application/json' };
    if (canned !== undefined) return response.writeHead(canned.status, type).end(JSON.stringify(canned.body));
    const method = request.method ?? 'GET';
    const passed = await fetch(`${behind}${request.url}`, {
      method,
      headers: type,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    response.writeHead(passed.status, type).end(await passed.text());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const forbidden = {
  status: 403,
  body: { error: { type: 'security_exception', reason: 'no permissions for [indices:x]' }, status: 403 },
};

describe('a user with few rights', () => {
  test('given _analyze is refused, when some canary is there, then that proves the field and absences count', async () => {
    const { bench } = await open();
    await bench.put(texts(canaryLines(1)));
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: forbidden }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'complete', finds: [] });
  });
  test('given _analyze is refused, when no canary was ever there, then absences do not count', async () => {
    const { bench } = await open();
    await bench.put(['noise']);
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: forbidden }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
  });
  test('given an analyser that splits the token, when looked for, then absences do not count', async () => {
    const { bench } = await open();
    await bench.put(['noise']);
    const split = { status: 200, body: { tokens: [{ token: 'lcn1' }, { token: 'abc' }] } };
    const { look } = await openObserver(await startProxy(bench.server.url, { _analyze: split }));
    const { coverage, why } = await look(absent(1));
    expect(coverage).toBe('partial');
    expect(why?.message).toContain('analyser');
  });
  test('given a search that is forbidden, when looked for, then it fails as auth and says what to grant', async () => {
    const { bench } = await open();
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
      const { bench } = await open();
      await bench.put(['noise']);
      const { look } = await openObserver(await startProxy(bench.server.url, { _search: { status: 200, body } }));
      const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', why: error }));
      expect(outcome.coverage).not.toBe('complete');
      expect(outcome.why).toMatchObject({ code: 'PROBE' });
    });
  }
  test('given hits whose source was left out, when looked for, then the look is partial', async () => {
    const { bench } = await open();
    await bench.put(['noise']);
    const body = { ...honest, hits: { hits: [{ _index: 'logs-1', _id: '1' }] } };
    const { look } = await openObserver(await startProxy(bench.server.url, { _search: { status: 200, body } }));
    expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'partial' } });
  });
});
