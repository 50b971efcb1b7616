/** The search for the newest metrics of each node, against real engines and the mapping that Metricbeat installs. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import metricbeat from '../../probes/metricbeat-freshness.ts';
import { context, forever, roleOf } from '../contract/bench.ts';
import { type SearchServer, startElasticsearch7, startOpenSearch } from './servers/opensearch.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const engines = [
  { part: 'opensearch', name: 'OpenSearch 2.19.1', start: startOpenSearch },
  { part: 'elasticsearch7', name: 'Elasticsearch 7.10.2', start: startElasticsearch7 },
] as const;

const keyword = { type: 'keyword' };
const object = (properties: object) => ({ properties });
const mappings = object({
  '@timestamp': { type: 'date' },
  event: object({ module: keyword, dataset: keyword }),
  metricset: object({ name: keyword, period: { type: 'long' } }),
  host: object({ name: keyword }),
  kubernetes: object({ node: object({ name: keyword, status: object({ ready: keyword }) }) }),
});

const nodes = ['node-a', 'node-b', 'node-c'];

/** What one round of Metricbeat writes, `age` s ago. The leader is on node-a, and signs what it says of all nodes. */
function round(
  age: number,
  has: { system?: readonly string[]; kubernetes?: readonly string[]; state?: object },
): object[] {
  const document = (module: string, metricset: string, host: string, more: object = {}) => ({
    '@timestamp': new Date(context.clock.wall() - age * 1000).toISOString(),
    event: { module, dataset: `${module}.${metricset}` },
    metricset: { name: metricset, period: 10_000 },
    host: { name: host },
    ...more,
  });
  const { system = nodes, kubernetes = nodes, state = Object.fromEntries(nodes.map((node) => [node, 'true'])) } = has;
  return [
    ...system.map((node) => document('system', 'cpu', node)),
    ...kubernetes.map((name) => document('kubernetes', 'node', name, { kubernetes: { node: { name } } })),
    ...Object.entries(state).map(([name, ready]) =>
      document('kubernetes', 'state_node', 'node-a', { kubernetes: { node: { name, status: { ready } } } }),
    ),
  ];
}

for (const { part, name, start } of engines) {
  describe.skipIf(inject('missing')[part] !== undefined)(`metricbeat-freshness on ${name}`, () => {
    let server: SearchServer;
    let scratch: Scratch;
    beforeAll(async () => {
      scratch = await openScratch(`metricbeat-${part}`);
      server = await start({ dataDir: scratch.dir });
      scratch.cleanup(() => server.stop());
    });
    afterAll(() => scratch.end());

    const send = async (method: string, path: string, body: string) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(server.url + path, { method, headers, body });
      if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}`);
    };
    const checkOn = async (index: string, documents: readonly object[]) => {
      await send('PUT', `/${index}`, JSON.stringify({ mappings }));
      const lines = documents.map((document) => `{"index":{"_index":"${index}"}}\n${JSON.stringify(document)}\n`);
      await send('POST', '/_bulk?refresh=true', lines.join(''));
      const role = roleOf(metricbeat.check);
      const check = await role.open(role.config.parse({ url: server.url, index }), context);
      return check.check(forever).finally(() => check.close());
    };

    test('given three nodes, when one stopped writing and one is gone, then the ages are those of the Ready ones', async () => {
      const { readings, problems, why } = await checkOn('metricbeat-one', [
        ...round(400, { state: { ...Object.fromEntries(nodes.map((node) => [node, 'true'])), 'node-gone': 'true' } }),
        ...round(100, {}),
        ...round(5, { system: ['node-a', 'node-b'], kubernetes: ['node-a', 'node-b'] }),
      ]);
      expect([problems, why]).toEqual([[], undefined]);
      const old = readings.filter(({ value, limit }) => value >= limit).map(({ subject }) => subject);
      expect(readings).toHaveLength(6);
      expect(old).toEqual(['node-c kubernetes', 'node-c system']);
    });
    test('given a node that is not Ready any more, when checked, then it is not judged', async () => {
      const { readings } = await checkOn('metricbeat-two', [
        ...round(60, {}),
        ...round(5, { state: { 'node-a': 'true', 'node-b': 'false', 'node-c': 'unknown' } }),
      ]);
      expect(new Set(readings.map(({ agent }) => agent?.node))).toEqual(new Set(['node-a']));
    });
    test('given an index without any of it, when checked, then nothing is claimed', async () => {
      const { readings, problems, why } = await checkOn('metricbeat-three', [
        { '@timestamp': new Date(0).toISOString() },
      ]);
      expect([readings, problems, why?.reason]).toEqual([[], [], 'partial']);
    });
    test('given no index of that name, when checked, then it says so', async () => {
      const role = roleOf(metricbeat.check);
      const check = await role.open(role.config.parse({ url: server.url, index: 'nothing-*' }), context);
      await expect(check.check(forever)).rejects.toMatchObject({ reason: 'not_found' });
      await check.close();
    });
  });
}
