/** What ElastAlert writes, in one index as its first versions did, in several with its mappings, and in several without: read alike. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import elastalert from '../../probes/elastalert-rules.ts';
import { context, forever, roleOf } from '../contract/bench.ts';
import { type SearchServer, startElasticsearch7, startOpenSearch } from './servers/opensearch.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const engines = [
  { part: 'opensearch', name: 'OpenSearch 2.19.1', start: startOpenSearch },
  { part: 'elasticsearch7', name: 'Elasticsearch 7.10.2', start: startElasticsearch7 },
] as const;

const ago = (seconds: number) => new Date(context.clock.wall() - seconds * 1000).toISOString();

interface Written {
  /** What the name of its index ends with, where they are several. */
  readonly suffix: string;
  readonly document: object;
}

const run = (rule: string, age: number, hits = 2): Written => ({
  suffix: '_status',
  document: {
    ...{ rule_name: rule, '@timestamp': ago(age), endtime: ago(age + 1), starttime: ago(age + 900) },
    ...{ matches: hits, hits, time_taken: 0.31 },
  },
});
const runs = (rule: string, newest: number, count: number, hits?: number) =>
  Array.from({ length: count }, (_, at) => run(rule, newest + 60 * at, hits));
const failure = (rule: string, age: number, message: string): Written => ({
  suffix: '_error',
  document: { '@timestamp': ago(age), message, traceback: ['Traceback'], data: { rule, query: { match_all: {} } } },
});
const silence = (name: string, forS: number): Written => ({
  suffix: '_silence',
  document: { rule_name: name, '@timestamp': ago(5), until: ago(-forS), exponent: 0 },
});
const alert = (rule: string, age: number, sent: boolean): Written => ({
  suffix: '',
  document: {
    ...{ rule_name: rule, '@timestamp': ago(age), alert_time: ago(age), match_time: ago(age), alert_sent: sent },
    match_body: { message: 'x', endtime: 'not one of ours' },
  },
});

const written: readonly Written[] = [
  ...runs('fine', 20, 30),
  ...runs('logcanary', 30, 30, 0),
  ...runs('off', 1_000, 30),
  ...runs('dead', 400, 30),
  failure('dead', 350, "Uncaught exception running rule dead: '_type'"),
  failure('never', 30, "Error running query: RequestError(400, 'parsing_exception')"),
  failure('never', 90, "Error running query: RequestError(400, 'parsing_exception')"),
  failure('fine', 1_500, 'Error running query: over'),
  silence('logcanary._silence', 600),
  silence('logcanary2._silence', 600),
  silence('fine', 60),
  alert('fine', 900, true),
  alert('fine', 900, false),
  alert('fine', 60, false),
];
const told = [
  'elastalert rules disabled by ElastAlert (Uncaught exception running rule): dead',
  'elastalert rules not getting through a run any more (Error running query: RequestError, parsing_exception): never',
  'elastalert rules not running any more while others do (disabled, removed, or stuck): off',
  'elastalert rules silenced, so that no canary comes back: logcanary',
  'elastalert: 1 alerts could not be sent for more than 5 min',
];

const keyword = { type: 'keyword' };
const mappings = {
  properties: {
    rule_name: keyword,
    '@timestamp': { type: 'date' },
    until: { type: 'date' },
    alert_time: { type: 'date' },
  },
};
/** Those of ElastAlert say that what matched and what failed is not looked into. */
const shut = {
  properties: {
    ...mappings.properties,
    match_body: { type: 'object', enabled: false },
    data: { type: 'object', enabled: false },
  },
};

for (const { part, name, start } of engines) {
  describe.skipIf(inject('missing')[part] !== undefined)(`elastalert-rules on ${name}`, () => {
    let server: SearchServer;
    let scratch: Scratch;
    beforeAll(async () => {
      scratch = await openScratch(`elastalert-writeback-${part}`);
      server = await start({ dataDir: scratch.dir });
      scratch.cleanup(() => server.stop());
    });
    afterAll(() => scratch?.end());

    const send = async (method: string, path: string, body: string) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(server.url + path, { method, headers, body });
      const text = await answer.text();
      if (!answer.ok || text.includes('"errors":true')) throw new Error(`${method} ${path}: ${text.slice(0, 500)}`);
    };
    const write = async (indexOf: (each: Written) => string) => {
      const lines = written.map(
        (each) => `{"index":{"_index":"${indexOf(each)}"}}\n${JSON.stringify(each.document)}\n`,
      );
      await send('POST', '/_bulk?refresh=true', lines.join(''));
    };
    const checked = async (index: string) => {
      const role = roleOf(elastalert.check);
      const config = role.config.parse({ url: server.url, index, canary_rules: ['logcanary'] });
      const check = await role.open(config, context);
      return check.check(forever).finally(() => check.close());
    };
    const expectTold = async (index: string) => {
      const { readings, problems, why } = await checked(index);
      expect([problems.toSorted(), why]).toEqual([told.toSorted(), undefined]);
      expect(readings).toMatchObject([{ measure: 'run-age', warnAt: 300, limit: 1800 }]);
      expect(readings[0]?.value).toBeGreaterThanOrEqual(20);
    };

    test('given one index for everything, when checked, then all is told', async () => {
      await send('PUT', '/one', JSON.stringify({ mappings: shut }));
      await write(() => 'one');
      await expectTold('one');
    });
    test('given an index for each kind with its mapping, when checked, then the same is told', async () => {
      for (const suffix of ['', '_status', '_error', '_silence', '_past'])
        await send('PUT', `/many${suffix}`, JSON.stringify({ mappings: shut }));
      await write(({ suffix }) => `many${suffix}`);
      await expectTold('many*');
    });
    test('given indices that came about by writing to them, when checked, then the same is told', async () => {
      await write(({ suffix }) => `bare${suffix}`);
      await expectTold('bare*');
    });
    test('given a status index that came about so and others that did not, when checked, then the same is told', async () => {
      for (const suffix of ['', '_error', '_silence'])
        await send('PUT', `/mixed${suffix}`, JSON.stringify({ mappings: shut }));
      await write(({ suffix }) => `mixed${suffix}`);
      await expectTold('mixed*');
    });
    test('given indices that nothing was written to yet, when checked, then only the rules that must run are missed', async () => {
      await send('PUT', '/empty_status', JSON.stringify({ mappings }));
      await send('PUT', '/empty_error', '{}');
      const { readings, problems, why } = await checked('empty*');
      expect([readings, problems, why?.reason]).toEqual([[], [expect.stringContaining('not run lately')], undefined]);
    });
    test('given no such index, when checked, then it says so', async () => {
      await expect(checked('nothing*')).rejects.toMatchObject({ reason: 'not_found' });
    });
  });
}
