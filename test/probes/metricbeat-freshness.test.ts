import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import probe from '../../probes/metricbeat-freshness.ts';
import { silentLog } from '../../src/lib/log.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { leapingClock } from '../fakes/elastic-bench.ts';

const auth = { api_key: 'ZHVtbXktaWQ6ZHVtbXkta2V5' };
const minute = 60_000;
/** What the leaping clock says. */
const now = 1_795_160_000_000;

interface Bucket {
  readonly key: string;
  /** s */
  readonly age: number;
  readonly period?: number | null;
  readonly ready?: boolean;
}

interface Index {
  system?: readonly Bucket[];
  kubernetes?: readonly Bucket[];
  state?: readonly Bucket[];
  shards?: object;
  others?: number;
}

/** The answer of a search as all versions give it. */
function answerOf({ shards = { total: 3, failed: 0 }, others = 0, ...parts }: Index, at: number): object {
  const buckets = (list: readonly Bucket[] = []) => ({
    doc_count: 9,
    nodes: {
      sum_other_doc_count: others,
      buckets: list.map(({ key, age, period = 10_000, ready }) => ({
        ...{ key, doc_count: 3, newest: { value: at - age * 1000 }, period: { value: period } },
        ...(ready === undefined ? {} : { ready: { newest: { value: ready ? at - age * 1000 : null } } }),
      })),
    },
  });
  const aggregations = {
    system: buckets(parts.system),
    kubernetes: buckets(parts.kubernetes),
    state: buckets(parts.state),
  };
  return { took: 3, timed_out: false, _shards: shards, hits: { hits: [] }, aggregations };
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startIndex(index: Index, at = () => now) {
  const asked: { path: string; body: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    asked.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString() || '{}') });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answerOf(index, at())));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop };
}

const three = ['node-a', 'node-b', 'node-c'];
const all = (age: number, more: Partial<Bucket> = {}) => three.map((key) => ({ key, age, ...more }));
const fine = (): Index => ({ system: all(5), kubernetes: all(4), state: all(3, { ready: true }) });

async function open(index: Index, options: object = {}) {
  const clock = leapingClock();
  const { url, asked, stop } = await startIndex(index, () => clock.wall());
  const role = roleOf(probe.check);
  const check = await role.open(role.config.parse({ url, ...options }), { clock, log: silentLog });
  cleanups.push(stop, () => check.close());
  const once = () => check.check(forever);
  const checkFor = async (ms: number) => {
    for (let at = 0; at < ms; at += 30_000) {
      await once();
      clock.leap(30_000);
    }
    return once();
  };
  return { asked, check: once, checkFor };
}

describeCheck('metricbeat-freshness', {
  probe,
  secrets: [auth.api_key],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const { url, stop } = await startIndex({ system: all(5), kubernetes: all(5), state: all(5, { ready: true }) });
    return { config: { url, auth }, stop };
  },
});

describe('metricbeat-freshness: how old the newest metrics are', () => {
  test('given three Ready nodes, when checked, then one search tells the age of both kinds on each', async () => {
    const { asked, check } = await open(fine());
    const { readings, problems, why } = await check();
    expect(asked).toHaveLength(1);
    expect(asked[0]?.path).toMatch(/^\/metricbeat-\*\/_search/);
    expect(asked[0]?.body).toMatchObject({ size: 0, query: { bool: { filter: [{ range: { '@timestamp': {} } }] } } });
    expect(readings.map(({ subject, value, limit }) => [subject, value, limit])).toEqual([
      ...three.map((node) => [`${node} kubernetes`, 4, 60]),
      ...three.map((node) => [`${node} system`, 5, 60]),
    ]);
    expect(readings[0]?.agent).toEqual({ kind: 'metricbeat', node: 'node-a', name: 'node-a' });
    expect([problems, why]).toEqual([[], undefined]);
  });
  test('given a period of a minute, when checked, then three of them are the limit, unless max_age is set', async () => {
    const slow = { ...fine(), system: all(5, { period: 60_000 }) };
    const limits = async (options: object) =>
      (await (await open(slow, options)).check()).readings.filter(({ measure }) => measure === 'system-age')[0]?.limit;
    expect(await limits({})).toBe(180);
    expect(await limits({ max_age: '5m' })).toBe(300);
  });
  test('given hosts with the first part of the name only, when checked, then they are found', async () => {
    const long = three.map((key) => ({ key: `${key}.ec2.internal`, age: 3, ready: true }));
    const { check } = await open({ ...fine(), state: long, kubernetes: long });
    const { readings, problems } = await check();
    expect(readings.filter(({ measure }) => measure === 'system-age')).toHaveLength(3);
    expect(problems).toEqual([]);
  });
  test('given hosts that are called otherwise, when checked, then it says so and does not call them missing', async () => {
    const { check } = await open({ ...fine(), system: [{ key: 'vm-17', age: 5 }] });
    const { why, problems } = await check();
    expectProbeError(why, ['config']);
    expect(why.message).toContain('host_field');
    expect(problems).toEqual([]);
  });
});

describe('metricbeat-freshness: nodes that should be there', () => {
  test('given a Ready node without metrics, when three minutes pass, then that is a problem', async () => {
    const { check, checkFor } = await open({ ...fine(), kubernetes: all(4).slice(1), system: all(5).slice(1) });
    expect((await check()).problems).toEqual([]);
    expect((await checkFor(4 * minute)).problems).toEqual([
      'metricbeat: no kubernetes metrics of node-a, Ready, for 15m',
      'metricbeat: no system metrics of node-a, Ready, for 15m',
    ]);
  });
  test('given a node that is gone or not Ready, when its metrics grow old, then nothing is told', async () => {
    const gone = { key: 'node-gone', age: 400, ready: true };
    const unready = { key: 'node-unready', age: 3, ready: false };
    const { checkFor } = await open({
      system: [...all(5), { ...gone, age: 390 }],
      kubernetes: [...all(4), { ...gone, age: 395 }],
      state: [...all(3, { ready: true }), gone, unready],
    });
    const { readings, problems } = await checkFor(5 * minute);
    expect(new Set(readings.map(({ agent }) => agent?.node))).toEqual(new Set(three));
    expect(problems).toEqual([]);
  });
  test('given a leader that stopped asking, when checked, then that is a problem, and the nodes are judged all the same', async () => {
    const { check } = await open({ ...fine(), state: all(200, { ready: true }) });
    const { readings, problems } = await check();
    expect(problems).toEqual([expect.stringContaining('state_node is 200 s old')]);
    expect(readings).toHaveLength(6);
  });
  test('given no state_node at all, when checked, then nothing is claimed', async () => {
    const { check } = await open({ ...fine(), state: [] });
    const { readings, problems, why } = await check();
    expect([readings, problems]).toEqual([[], []]);
    expectProbeError(why, ['partial']);
  });
  test('given modules: [system], when checked, then every host that wrote lately counts', async () => {
    const { check } = await open({ system: [{ key: 'vm-17', age: 70 }] }, { modules: ['system'] });
    expect((await check()).readings).toMatchObject([{ subject: 'vm-17 system', value: 70, limit: 60 }]);
  });
  test('given modules: [system] and nothing, when checked, then there is a reason and no reading', async () => {
    const { check } = await open({}, { modules: ['system'] });
    const { readings, why } = await check();
    expect(readings).toEqual([]);
    expectProbeError(why, ['partial']);
  });
});

describe('metricbeat-freshness: answers that are not whole', () => {
  const cases: [string, Index, string][] = [
    ['failed shards', { ...fine(), shards: { total: 3, failed: 1 } }, 'partial'],
    ['no index', { ...fine(), shards: { total: 0, failed: 0 } }, 'not_found'],
    ['more nodes than were asked for', { ...fine(), others: 1 }, 'partial'],
  ];
  for (const [given, index, reason] of cases) {
    test(`given ${given}, when checked, then it rejects as ${reason}`, async () => {
      const { check } = await open(index);
      await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason });
    });
  }
});
