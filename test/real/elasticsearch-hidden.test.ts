/** Lines that are in the index of a real server and that no search of ours finds: such a look may never be complete. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { longestLine } from '../../src/core/line.ts';
import { shapes } from '../../src/core/pipeline.ts';
import { mintToken } from '../../src/core/token.ts';
import { context } from '../contract/bench.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { absent, closeScenes, delivered, openObserver, texts, tokens } from '../fakes/elastic-scene.ts';
import { type SearchServer, startElasticsearch7, startOpenSearch } from './servers/opensearch.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const engines = [
  { part: 'opensearch', name: 'OpenSearch 2.19.1', start: startOpenSearch },
  { part: 'elasticsearch7', name: 'Elasticsearch 7.10.2', start: startElasticsearch7 },
] as const;

/** As the engine mints it, but for its signature. */
const tokenOf = (shape: (typeof shapes)[number], seq: number) =>
  mintToken(
    { key: 1, writer: 2, stream: 3, seq, plannedAt: context.clock.now(), shape: shapes.indexOf(shape), length: 0 },
    { mac: () => 'm'.repeat(17) },
  );
const text = { properties: { message: { type: 'text' } } };

for (const { part, name, start } of engines) {
  describe.skipIf(inject('missing')[part] !== undefined)(`what ${name} holds and does not find`, () => {
    let server: SearchServer;
    let scratch: Scratch;
    beforeAll(async () => {
      scratch = await openScratch(`${part}-hidden`);
      server = await start({ dataDir: scratch.dir });
      scratch.cleanup(() => server.stop());
    });
    afterAll(() => scratch.end());
    afterEach(closeScenes);

    const request = async (method: string, path: string, body?: object | string) => {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: typeof body === 'object' ? JSON.stringify(body) : body }),
      });
      const answer = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${answer.slice(0, 500)}`);
      return JSON.parse(answer);
    };
    const create = (index: string, mappings: object, settings: object = {}) =>
      request('PUT', `/${index}`, { mappings, settings });
    const put = (index: string, source: object) => request('POST', `/${index}/_doc?refresh=true`, source);
    const open = (config: object) => openObserver(server.url, config);

    /** Puts one line there; a look must find it or not be complete. */
    const expectNoFalseAbsence = async (config: object, index: string, source: (line: CanaryLine) => object) => {
      const [line] = canaryLines(1) as [CanaryLine];
      await put(index, source(line));
      const { look } = await open(config);
      const answer = await look([line.token]);
      expect(delivered(answer)).toEqual([]);
      expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
      expect(answer.why?.message).toMatch(/ Set | Map | Let /);
    };
    const message = ({ text: line }: CanaryLine) => ({ message: line });

    test('given an index name with dots and the usual mapping, when looked for, then absences count', async () => {
      const lines = canaryLines(1);
      await put('usual-2026.11.20', { message: texts(lines)[0] });
      const { look } = await open({ index: 'usual-*' });
      const answer = await look([...tokens(lines), ...absent(1)]);
      expect(answer).toMatchObject({ coverage: 'complete' });
      expect(answer.since).toBeUndefined();
      expect(delivered(answer)).toEqual(tokens(lines));
    });
    test('given ignore_above, when asked for plain and for long lines, then only absences of those that fit count', async () => {
      await create('short-1', { properties: { message: { type: 'keyword', ignore_above: 1024 } } });
      const { look } = await open({ index: 'short-*' });
      await put('short-1', message(canaryLines(1)[0] as CanaryLine));
      expect(await look([tokenOf('plain', 1)])).toMatchObject({ coverage: 'complete', finds: [] });
      const long = tokenOf('long', 2);
      await put('short-1', { message: `logcanary ${long} a/b #2 ${'x'.repeat(longestLine(long) - 500)}` });
      expect(await look([long])).toMatchObject({ coverage: 'partial', finds: [], why: { reason: 'unsupported' } });
    });
    test('given an analyser that makes one term of the whole line, when looked for, then absences do not count', async () => {
      await create('whole-1', { properties: { message: { type: 'text', analyzer: 'keyword' } } });
      await expectNoFalseAbsence({ index: 'whole-*' }, 'whole-1', message);
    });
    test('given an analyser that keeps the first words only, when looked for, then absences do not count', async () => {
      const analysis = { analyzer: { first: { type: 'custom', tokenizer: 'standard', filter: ['limit'] } } };
      await create('first-1', { properties: { message: { type: 'text', analyzer: 'first' } } }, { analysis });
      await expectNoFalseAbsence({ index: 'first-*' }, 'first-1', message);
    });
    test('given another analyser in the older of two indices, when looked for, then absences do not count', async () => {
      await create('older-1', { properties: { message: { type: 'text', analyzer: 'keyword' } } });
      await create('older-2', text);
      await expectNoFalseAbsence({ index: 'older-*' }, 'older-1', message);
    });
    test('given an index without dynamic mapping beside a good one, when looked for, then absences do not count', async () => {
      await create('static-1', { dynamic: false });
      await create('static-2', text);
      await expectNoFalseAbsence({ index: 'static-*' }, 'static-1', message);
    });
    test('given an object that is not indexed beside a good one, when looked for, then absences do not count', async () => {
      await create('disabled-1', { properties: { log: { type: 'object', enabled: false } } });
      await create('disabled-2', { properties: { log: { properties: { line: { type: 'text' } } } } });
      await expectNoFalseAbsence({ index: 'disabled-*', fields: ['log.line'] }, 'disabled-1', (line) => ({
        log: { line: line.text },
      }));
    });
    test('given a strict index and a dynamic one beside a good one, when looked for, then absences count', async () => {
      await create('strict-1', { dynamic: 'strict' });
      await create('strict-2', {});
      await create('strict-3', text);
      const { look } = await open({ index: 'strict-*' });
      expect(await look(absent(1))).toMatchObject({ coverage: 'complete' });
    });
    test('given a field inside a nested object, when looked for, then absences do not count', async () => {
      await create('nested-1', { properties: { log: { type: 'nested', properties: { line: { type: 'text' } } } } });
      await expectNoFalseAbsence({ index: 'nested-*', fields: ['log.line'] }, 'nested-1', (line) => ({
        log: [{ line: line.text }],
      }));
    });
    test('given a type that keeps what it cannot read, when looked for, then absences do not count', async () => {
      await create('lenient-1', { properties: { message: { type: 'long', ignore_malformed: true } } });
      await create('lenient-2', text);
      await expectNoFalseAbsence({ index: 'lenient-*' }, 'lenient-1', message);
    });
    test('given a multi-field that one of two indices lacks, when looked for, then absences do not count', async () => {
      await create('half-1', text);
      await put('half-2', message(canaryLines(1)[0] as CanaryLine));
      await expectNoFalseAbsence({ index: 'half-*', fields: ['message.keyword'] }, 'half-1', message);
    });
    test('given a filtered alias, when looked for, then absences do not count; through the index they do', async () => {
      await create('tenants-1', text);
      const add = { index: 'tenants-1', alias: 'tenant-a', filter: { term: { tenant: 'a' } } };
      await request('POST', '/_aliases', { actions: [{ add }] });
      for (const index of ['tenant-a', 'tenant-*']) await expectNoFalseAbsence({ index }, 'tenants-1', message);
      for (const index of ['tenants-1', 'tenant*']) {
        const { look } = await open({ index });
        expect(await look(absent(1))).toMatchObject({ coverage: 'complete' });
      }
    });
    test('given an alias that searches one shard, when looked for, then absences do not count', async () => {
      await create('routed-1', text, { number_of_shards: 4 });
      const add = { index: 'routed-1', alias: 'one-shard', search_routing: '1' };
      await request('POST', '/_aliases', { actions: [{ add }] });
      const { look } = await open({ index: 'one-shard' });
      expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
    });
    test('given a plain alias, when looked for, then absences count', async () => {
      await create('plain-1', text);
      await request('POST', '/_aliases', { actions: [{ add: { index: 'plain-1', alias: 'by-alias' } }] });
      const { look } = await open({ index: 'by-alias' });
      expect(await look(absent(1))).toMatchObject({ coverage: 'complete' });
    });
    test('given refresh is switched off, when looked for, then absences do not count', async () => {
      await create('stale-1', text, { 'index.refresh_interval': '-1' });
      const [line] = canaryLines(1) as [CanaryLine];
      await request('POST', '/stale-1/_doc', message(line));
      const { look } = await open({ index: 'stale-*' });
      expect(await look([line.token])).toMatchObject({
        coverage: 'partial',
        finds: [],
        why: { reason: 'unsupported' },
      });
    });
    test('given an index that is closed, when looked for, then absences count only for what came after', async () => {
      const lines = canaryLines(1);
      await put('closing-1', { message: texts(lines)[0] });
      await put('closing-2', { message: 'noise' });
      const { look, clock } = await open({ index: 'closing-*' });
      expect(delivered(await look(tokens(lines)))).toEqual(tokens(lines));
      await request('POST', '/closing-1/_close');
      clock.leap(10_000);
      await look(tokens(lines));
      const closedBy = clock.now();
      const answer = await look(tokens(lines));
      expect(answer).toMatchObject({ coverage: 'complete', finds: [] });
      expect(answer.since).toBeGreaterThan(closedBy - 10_000);
      expect(answer.since).toBeLessThanOrEqual(clock.now());
    });
    test('given limits below ours, when many are looked for, then searches keep to them and the look is complete', async () => {
      await create('limits-1', text, { 'index.max_result_window': 3, 'index.max_terms_count': 5 });
      const { look } = await open({ index: 'limits-*' });
      const lines = canaryLines(8);
      for (const line of lines) await put('limits-1', message(line));
      const answer = await look([...tokens(lines), ...absent(2)]);
      expect(answer.coverage).toBe('complete');
      expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
    });
    test.runIf(part === 'opensearch')(
      'given a data stream, when looked for, then it is found and absences count',
      async () => {
        const template = { index_patterns: ['flow-*'], data_stream: {}, template: { mappings: text } };
        await request('PUT', '/_index_template/flow', template);
        const [line] = canaryLines(1) as [CanaryLine];
        await put('flow-1', { '@timestamp': context.clock.wall(), message: line.text });
        for (const index of ['flow-1', 'flow-*']) {
          const { look } = await open({ index });
          const answer = await look([line.token, ...absent(1)]);
          expect(delivered(answer)).toEqual([line.token]);
          expect(answer.coverage).toBe('complete');
        }
      },
    );
  });
}
