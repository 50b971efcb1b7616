import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import elasticsearchDisk from '../../probes/elasticsearch-disk.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { IndexServerOptions } from '../../src/sandbox/index-server.ts';
import { forever } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { leapingClock, products, startElasticBench } from '../fakes/elastic-bench.ts';

const auth = { api_key: 'ZHVtbXktaWQ6ZHVtbXkta2V5' };

for (const product of products) {
  describeCheck(`elasticsearch-disk against ${product}`, {
    probe: elasticsearchDisk,
    secrets: [auth.api_key],
    async bench() {
      const bench = await startElasticBench({ product });
      return { config: { url: bench.server.url, auth }, stop: bench.stop };
    },
    ...(product === 'opensearch' ? { hostile: (url: string) => ({ url, auth }) } : {}),
  });
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(options: Partial<IndexServerOptions> = {}) {
  const clock = leapingClock();
  const bench = await startElasticBench({ clock, ...options });
  const role = elasticsearchDisk.check;
  if (role === undefined) throw new Error('no check');
  const check = await role.open(role.config.parse({ url: bench.server.url }), { clock, log: silentLog });
  cleanups.push(bench.stop, () => check.close());
  const set = (settings: object) => bench.request('PUT', '/_cluster/settings', settings);
  return { bench, clock, set, check: () => check.check(forever) };
}

const TB = 1e12;
const GIB = 1024 ** 3;
const mark = 'cluster.routing.allocation.disk.watermark';

describe('elasticsearch-disk: what it reads', () => {
  test('given three calm nodes, when checked, then each is read against the flood stage', async () => {
    const { check } = await open();
    const { readings, problems, why } = await check();
    expect([problems, why]).toEqual([[], undefined]);
    expect(readings.map((reading) => reading.subject)).toEqual(['index-1', 'index-2', 'index-3']);
    expect(readings[0]).toEqual({
      ...{ measure: 'disk', subject: 'index-1', unit: 'bytes', value: 60e9, limit: 95e9, limitName: 'flood stage 95%' },
      ...{ warnAt: 90e9, capacity: 100e9 },
    });
  });
  test('given a disk that fills, when checked again, then its node grows towards the flood stage but not past it', async () => {
    const { bench, clock, check } = await open();
    bench.server.diskFilling(true);
    const values: number[] = [];
    for (let at = 0; at < 5; at += 1) {
      values.push((await check()).readings[0]?.value ?? 0);
      clock.leap(5000);
    }
    expect(values).toEqual([60e9, 70e9, 80e9, 90e9, 94e9]);
    bench.server.diskFilling(false);
    expect((await check()).readings[0]?.value).toBe(60e9);
  });
  test('given flooded indices, when checked, then it names them', async () => {
    const { bench, check } = await open();
    await bench.put(['line'], 'logs-1');
    bench.server.readOnly(true);
    expect((await check()).problems).toEqual(['index logs-1 refuses writes (read_only_allow_delete)']);
  });
  test('given a create-index block, when checked, then it says that the next index fails', async () => {
    const { set, check } = await open();
    await set({ persistent: { 'cluster.blocks.create_index': true } });
    expect((await check()).problems).toEqual([expect.stringContaining('refuses new indices')]);
  });
});

describe('elasticsearch-disk: where the flood stage lies', () => {
  const cases: {
    given: string;
    options?: Partial<IndexServerOptions>;
    settings?: object;
    limit: number;
    name: string;
  }[] = [
    { given: 'OpenSearch on 10 TB', options: { diskBytes: 10 * TB }, limit: 9.5 * TB, name: 'flood stage 95%' },
    {
      given: 'Elasticsearch 7.17 on 10 TB',
      options: { diskBytes: 10 * TB, product: 'elasticsearch', version: '7.17.9' },
      limit: 9.5 * TB,
      name: 'flood stage 95%',
    },
    {
      given: 'Elasticsearch 9 on 10 TB, where 100 GB free suffice',
      options: { diskBytes: 10 * TB, product: 'elasticsearch' },
      limit: 10 * TB - 100 * GIB,
      name: 'flood stage 95% or 100gb free',
    },
    {
      given: 'Elasticsearch 9 with the watermark set, which lifts the headroom',
      options: { diskBytes: 10 * TB, product: 'elasticsearch' },
      settings: { persistent: { [`${mark}.flood_stage`]: '95%' } },
      limit: 9.5 * TB,
      name: 'flood stage 95%',
    },
    {
      given: 'Elasticsearch 9 with watermark and headroom set',
      options: { diskBytes: 10 * TB, product: 'elasticsearch' },
      settings: { persistent: { [`${mark}.flood_stage`]: '90%', [`${mark}.flood_stage.max_headroom`]: '50gb' } },
      limit: 10 * TB - 50 * GIB,
      name: 'flood stage 90% or 50gb free',
    },
    {
      given: 'a plain ratio',
      settings: { persistent: { [`${mark}.flood_stage`]: '0.97' } },
      limit: 97e9,
      name: 'flood stage 0.97',
    },
    {
      given: 'free bytes',
      settings: { persistent: { [`${mark}.flood_stage`]: '10gb' } },
      limit: 100e9 - 10 * GIB,
      name: 'flood stage 10gb free',
    },
    {
      given: 'transient against persistent',
      settings: { persistent: { [`${mark}.flood_stage`]: '91%' }, transient: { [`${mark}.flood_stage`]: '93%' } },
      limit: 93e9,
      name: 'flood stage 93%',
    },
    {
      given: 'watermarks switched off',
      settings: { persistent: { 'cluster.routing.allocation.disk.threshold_enabled': false } },
      limit: 100e9,
      name: 'disk full (the watermarks are off)',
    },
  ];
  for (const { given, options, settings, limit, name } of cases) {
    test(`given ${given}, when checked, then the limit is ${name}`, async () => {
      const { set, check } = await open(options);
      if (settings !== undefined) await set(settings);
      const [reading] = (await check()).readings;
      expect(reading).toMatchObject({ limit, limitName: name });
    });
  }
  test('given a watermark that cannot be read, when checked, then it rejects as bad_answer', async () => {
    const { set, check } = await open();
    await set({ persistent: { [`${mark}.flood_stage`]: 'soon' } });
    await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason: 'bad_answer' });
  });
});

describe('elasticsearch-disk: nodes', () => {
  const disk = (total: number, available: number) => ({ total_in_bytes: total, available_in_bytes: available });
  const checkNodes = async (_nodes: object, nodes: object) => {
    const url = await startTable({
      '/_nodes/stats/fs': { _nodes, nodes },
      '/_cluster/settings': { transient: {}, persistent: {}, defaults: {} },
      '/_all/_settings/index.blocks.*': {},
    });
    const role = elasticsearchDisk.check;
    if (role === undefined) throw new Error('no check');
    const check = await role.open(role.config.parse({ url }), { clock: leapingClock(), log: silentLog });
    cleanups.push(() => check.close());
    return check.check(forever);
  };

  test('given several data paths, when checked, then the fullest one decides, by available and not by free', async () => {
    const data = [disk(100, 80), { ...disk(100, 7), free_in_bytes: 50 }, disk(100, 30)];
    const { readings } = await checkNodes(
      { total: 1, failed: 0 },
      { a: { name: 'n1', roles: ['data_hot'], fs: { data } } },
    );
    expect(readings).toMatchObject([{ subject: 'n1', value: 93, limit: 95, capacity: 100 }]);
  });
  test('given masters, frozen and search nodes, when checked, then only data nodes are read', async () => {
    const fs = { data: [disk(100, 1)] };
    const roles = [['master'], ['data_frozen'], ['search'], ['data'], ['data_content', 'ingest'], []];
    const nodes = Object.fromEntries(roles.map((of, at) => [`id${at}`, { name: `n${at}`, roles: of, fs }]));
    const { readings } = await checkNodes({ total: 6, failed: 0 }, nodes);
    expect(readings.map((reading) => reading.subject)).toEqual(['n3', 'n4', 'n5']);
  });
  test('given a node that does not answer, when checked, then the others are read and why is set', async () => {
    const { readings, problems, why } = await checkNodes(
      { total: 2, failed: 1 },
      { a: { name: 'n1', roles: ['data'], fs: { data: [disk(100, 50)] } } },
    );
    expect(readings).toHaveLength(1);
    expect(why).toMatchObject({ code: 'PROBE', reason: 'partial' });
    expect(problems).toEqual(['1 of 2 nodes did not answer how full they are']);
  });
  test('given no data node at all, when checked, then nothing is claimed', async () => {
    expect(await checkNodes({ total: 0, failed: 0 }, {})).toMatchObject({
      readings: [],
      problems: [],
      why: { reason: 'unsupported' },
    });
  });
});

/** A server that answers each path with its JSON. */
async function startTable(table: Record<string, object>): Promise<string> {
  const server = createServer((request, response) => {
    const body = table[new URL(request.url ?? '/', 'http://127.0.0.1').pathname];
    response
      .writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(body ?? {}));
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
