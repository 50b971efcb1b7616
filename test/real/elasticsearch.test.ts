/** The suites that the simulated index passes, against what it simulates. */
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import elasticsearch from '../../probes/elasticsearch.ts';
import elasticsearchDisk from '../../probes/elasticsearch-disk.ts';
import type { Look } from '../../src/probe.ts';
import { context, forever } from '../contract/bench.ts';
import { describeCheck, describeObserver } from '../contract/probe.ts';
import { type CanaryLine, canaryLines } from '../fakes/canary-lines.ts';
import { absent, closeScenes, delivered, openObserver, texts, tokens } from '../fakes/elastic-scene.ts';
import { type SearchServer, startElasticsearch7, startOpenSearch } from './servers/opensearch.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const engines = [
  { part: 'opensearch', name: 'OpenSearch 2.19.1', start: startOpenSearch },
  { part: 'elasticsearch7', name: 'Elasticsearch 7.10.2', start: startElasticsearch7 },
] as const;
/**
 * How often a node looks at its disk (default 30 s; this is the least it takes), and how soon after a change it acts on
 * what it saw (default 60 s): OpenSearch lifts its create-index block no sooner.
 */
const settings = {
  'cluster.info.update.interval': '10s',
  'cluster.routing.allocation.disk.reroute_interval': '1s',
};
const watermarks = 'cluster.routing.allocation.disk.watermark';

for (const { part, name, start } of engines) {
  describe.skipIf(inject('missing')[part] !== undefined)(name, () => {
    let server: SearchServer;
    let scratch: Scratch;
    beforeAll(async () => {
      scratch = await openScratch(part);
      const options = { dataDir: scratch.dir, settings };
      server = await start(options);
      scratch.cleanup(() => server.stop());
    });
    afterAll(() => scratch.end());
    afterEach(closeScenes);

    const request = async (method: string, path: string, body?: object | string) => {
      const text = typeof body === 'object' ? JSON.stringify(body) : body;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers,
        ...(text !== undefined && { body: text }),
      });
      return { status: response.status, body: await response.text() };
    };
    const ok = async (...args: Parameters<typeof request>) => {
      const { status, body } = await request(...args);
      if (status >= 300) throw new Error(`${args[0]} ${args[1]} was answered ${status}: ${body.slice(0, 500)}`);
      return JSON.parse(body);
    };
    /** Indexes one document per text; with `refresh=true` they can be found at once. */
    const put = async (index: string, lines: readonly string[], refresh = true) => {
      const items = lines.map((message) => {
        const document = { '@timestamp': context.clock.wall(), message };
        return `{"index":{"_index":"${index}"}}\n${JSON.stringify(document)}\n`;
      });
      const answer = await ok('POST', `/_bulk?refresh=${refresh}`, items.join(''));
      if (answer.errors) throw new Error(`the index refused: ${JSON.stringify(answer).slice(0, 500)}`);
    };
    const open = (config: object = {}) => openObserver(server.url, config);

    describeObserver('elasticsearch', {
      probe: elasticsearch,
      rechecks: true,
      async bench() {
        await put('contract-1', ['some other line']);
        const config = { url: server.url, index: 'contract-*' };
        const remove = () => ok('DELETE', '/contract-1');
        return { config, put: (lines) => put('contract-1', lines), remove, stop: async () => {} };
      },
    });
    describeCheck('elasticsearch-disk', {
      probe: elasticsearchDisk,
      bench: async () => ({ config: { url: server.url }, stop: async () => {} }),
    });

    describe('what is found', () => {
      test('given lines behind an agent prefix and inside JSON, when looked for, then each is found and the absent one is not', async () => {
        const { look } = await open({ index: 'found-*' });
        const [plain, inJson, gone] = canaryLines(3) as [CanaryLine, CanaryLine, CanaryLine];
        await put('found-1', [
          `2026-11-20T08:00:00Z stdout F ${plain.text}`,
          JSON.stringify({ msg: inJson.text }),
          'noise',
        ]);
        const answer = await look(tokens([plain, inJson, gone]));
        expect(answer.coverage).toBe('complete');
        expect(delivered(answer).toSorted()).toEqual(tokens([plain, inJson]).toSorted());
      });
      test('given a keyword field, when looked for, then lines that begin with our opening are found and absences count', async () => {
        await ok('PUT', '/keyword-1', { mappings: { properties: { message: { type: 'keyword' } } } });
        const { look } = await open({ index: 'keyword-*' });
        const lines = canaryLines(3);
        await put('keyword-1', texts(lines));
        const answer = await look([...tokens(lines), ...absent(1)]);
        expect(answer.coverage).toBe('complete');
        expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
      });
      test('given values over ignore_above, when looked for in the multi-field, then finds count and absences do not', async () => {
        const { look } = await open({ index: 'ignored-*', fields: ['message.keyword'] });
        const lines = canaryLines(2);
        await put('ignored-1', [...texts(lines.slice(0, 1)), `${texts(lines)[1]} ${'x'.repeat(300)}`]);
        const answer = await look(tokens(lines));
        expect(delivered(answer)).toEqual(tokens(lines.slice(0, 1)));
        expect(answer).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
      });
      test('given text in one index and keyword in another, when looked for, then both are searched', async () => {
        await ok('PUT', '/mixed-2', { mappings: { properties: { message: { type: 'keyword' } } } });
        const { look } = await open({ index: 'mixed-*' });
        const lines = canaryLines(2);
        await put('mixed-1', texts(lines.slice(0, 1)));
        await put('mixed-2', texts(lines.slice(1)));
        const answer = await look(tokens(lines));
        expect(answer.coverage).toBe('complete');
        expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
      });
      test('given 2000 tokens, when looked for in one terms search, then it is complete and finds the one that is there', async () => {
        const { look } = await open({ index: 'terms-*' });
        const [line] = canaryLines(1) as [CanaryLine];
        await put('terms-1', [line.text]);
        const answer = await look([...absent(2000), line.token]);
        expect(answer.coverage).toBe('complete');
        expect(delivered(answer)).toEqual([line.token]);
      });
      test('given more lines than a page holds, when looked for, then all are found in further searches', async () => {
        const { look } = await open({ index: 'paged-*', max_hits: 10 });
        const lines = canaryLines(45);
        await put('paged-1', texts(lines));
        const answer = await look([...tokens(lines), ...absent(3)]);
        expect(answer.coverage).toBe('complete');
        expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
      });
    });

    describe('what may not be taken for an absence', () => {
      test('given a document that was not refreshed, when looked for, then it is not found; after the refresh it is', async () => {
        await ok('PUT', '/refresh-1', { settings: { 'index.refresh_interval': '5m' } });
        await put('refresh-1', ['noise']);
        const { look } = await open({ index: 'refresh-*' });
        const [line] = canaryLines(1) as [CanaryLine];
        await put('refresh-1', [line.text], false);
        expect(await look([line.token])).toMatchObject({ coverage: 'complete', finds: [] });
        await ok('POST', '/refresh-1/_refresh');
        expect(delivered(await look([line.token]))).toEqual([line.token]);
      });
      test('given no index, when looked for by name and by pattern, then it is partial as not_found', async () => {
        for (const index of ['nothing', 'nothing-*']) {
          const { look } = await open({ index });
          expect(await look(absent(1))).toMatchObject({ coverage: 'partial', finds: [], why: { reason: 'not_found' } });
        }
      });
      test('given a field that no index has, when looked for, then it is partial and says to set fields', async () => {
        await put('fieldless-1', ['noise']);
        const { look } = await open({ index: 'fieldless-*', fields: ['log'] });
        const { coverage, why } = await look(absent(1));
        expect([coverage, why?.reason]).toEqual(['partial', 'not_found']);
        expect(why?.message).toContain('Set fields');
      });
      test('given a field that is not indexed, when looked for, then it is not complete', async () => {
        await ok('PUT', '/unindexed-1', { mappings: { properties: { message: { type: 'text', index: false } } } });
        const { look } = await open({ index: 'unindexed-*' });
        const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', error }));
        expect(outcome.coverage).not.toBe('complete');
      });
      test('given an analyser that splits the token, when looked for, then absences do not count', async () => {
        const analyzer = { type: 'pattern', pattern: '[0-9]' };
        await ok('PUT', '/split-1', {
          settings: { analysis: { analyzer: { split: analyzer } } },
          mappings: { properties: { message: { type: 'text', analyzer: 'split' } } },
        });
        const { look } = await open({ index: 'split-*' });
        expect(await look(absent(1))).toMatchObject({ coverage: 'partial', why: { reason: 'unsupported' } });
      });
      test('given a primary that cannot be allocated, when looked for, then it fails and accuses nobody', async () => {
        await ok('PUT', '/homeless-1?wait_for_active_shards=0', {
          settings: { 'index.routing.allocation.require._name': 'no-such-node' },
          mappings: { properties: { message: { type: 'text' } } },
        });
        await put('homeless-2', ['noise']);
        const { look } = await open({ index: 'homeless-*' });
        const outcome = await look(absent(1)).catch((error: unknown) => ({ coverage: 'failed', why: error }));
        expect(outcome.coverage).not.toBe('complete');
        expect(outcome.why).toMatchObject({ code: 'PROBE', retryable: true });
        await ok('DELETE', '/homeless-1');
      });
    });

    describe('disks', () => {
      const check = async () => {
        const role = elasticsearchDisk.check;
        if (role === undefined) throw new Error('no check');
        const opened = await role.open(role.config.parse({ url: server.url }), context);
        return opened.check(forever).finally(() => opened.close());
      };
      const setWatermarks = (marks: Readonly<Record<'low' | 'high' | 'flood_stage', string | null>>) => {
        const transient = Object.entries(marks).map(([level, mark]) => [`${watermarks}.${level}`, mark]);
        return ok('PUT', '/_cluster/settings', { transient: Object.fromEntries(transient) });
      };
      const calm = { low: null, high: null, flood_stage: null };

      test('given default watermarks, when checked, then the limit is 95 % of the disk, and the figures are those of the node', async () => {
        const { readings } = await check();
        const [row] = await ok('GET', '/_cat/allocation?format=json&bytes=b');
        expect(readings).toHaveLength(1);
        expect(readings[0]).toMatchObject({ measure: 'disk', subject: 'node-1', limitName: 'flood stage 95%' });
        expect(readings[0]?.capacity).toBe(Number(row['disk.total']));
        expect((readings[0]?.limit ?? 0) / (readings[0]?.capacity ?? 1)).toBeCloseTo(0.95, 6);
      });
      test('given watermarks in bytes above what is free, when the node notices, then writes are refused and the check names the index', async () => {
        await put('flood-1', ['noise']);
        const { readings } = await check();
        const free = (readings[0]?.capacity ?? 0) - (readings[0]?.value ?? 0);
        const mark = (gigabytes: number) => `${Math.ceil(free / 1024 ** 3) + gigabytes}gb`;
        await setWatermarks({ low: mark(4), high: mark(3), flood_stage: mark(2) });
        const flooded = await vi.waitFor(
          async () => {
            const result = await check();
            expect(result.problems.join()).toContain('flood-1');
            return result;
          },
          { timeout: 45_000, interval: 1_000 },
        );
        expect(flooded.readings[0]?.limitName).toBe(`flood stage ${mark(2)} free`);
        expect(flooded.readings[0]?.value).toBeGreaterThan(flooded.readings[0]?.limit ?? 0);
        const refused = await request('POST', '/flood-1/_doc', { message: 'more' });
        expect(refused).toMatchObject({ status: 429, body: expect.stringContaining('flood-stage watermark') });
        const { look } = await open({ index: 'flood-*' });
        expect((await look(absent(1))).coverage).toBe('complete');
        await setWatermarks(calm);
        await vi.waitFor(() => put('flood-1', ['again']), { timeout: 45_000, interval: 1_000 });
        await vi.waitFor(async () => expect((await check()).problems).toEqual([]), {
          timeout: 45_000,
          interval: 1_000,
        });
      });
    });

    describe('when it goes away', () => {
      /** A node answers before it knows its indices again: until then looks fail or are partial, never complete and empty. */
      const untilComplete = (look: () => Promise<Look>) =>
        vi.waitFor(
          async () => {
            const answer = await look();
            expect(answer.coverage).toBe('complete');
            return answer;
          },
          { timeout: 30_000, interval: 200 },
        );

      test('given it is stopped and started, when looked for, then refused, and then what was there before is found', async () => {
        const lines = canaryLines(2);
        await put('restart-1', texts(lines));
        const { look } = await open({ index: 'restart-*' });
        await server.stop();
        await expect(look(tokens(lines))).rejects.toMatchObject({ reason: 'refused', retryable: true });
        server = await start({ dataDir: scratch.dir, port: server.port, settings });
        const answer = await untilComplete(() => look(tokens(lines)));
        expect(delivered(answer).toSorted()).toEqual(tokens(lines).toSorted());
      });
      test('given it is killed, when started again, then an acknowledged document is still there', async () => {
        const [line] = canaryLines(1) as [CanaryLine];
        await put('kill-1', [line.text], false);
        await server.kill();
        server = await start({ dataDir: scratch.dir, port: server.port, settings });
        const { look } = await open({ index: 'kill-*' });
        const answer = await untilComplete(() => look([line.token]));
        expect(delivered(answer)).toEqual([line.token]);
      });
    });
  });
}
