import { describe, expect, test } from 'vitest';
import probe from '../../probes/fluent-bit-buffer.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';
import { fluentBitPages, newMetrics, oldFluentBitPages, oldMetrics, storagePage } from './agents/fluent-bit-pages.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };

describeCheck('fluent-bit-buffer', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(fluentBitPages({ memory: 1_000_000 }));
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();
const minute = 60_000;
const limit = Math.round(4.8 * 1024 ** 2);

describe('fluent-bit-buffer: how full it is', () => {
  test('given a tail with Mem_Buf_Limit, when checked, then its exact bytes are read against the limit', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({ memory: 4_500_000 })]);
    const { readings, problems, why } = await check();
    expect(readings).toMatchObject([
      {
        ...{ measure: 'buffer', subject: `${agent.name} tail_pods`, unit: 'bytes', value: 4_500_000, limit },
        ...{ limitName: 'Mem_Buf_Limit', warnAt: 0.8 * limit, lastingMs: minute },
        agent: { kind: 'fluent-bit', node: agent.name, name: agent.name },
      },
    ]);
    expect([problems, why]).toEqual([[], undefined]);
  });
  test('given 1.x, which has no v2 page, when checked, then its old pages are read, and v2 is not asked for again', async () => {
    const { agent, check } = await openAgents(probe, [oldFluentBitPages({ memory: 3 * 1024 ** 2, dropped: 4 })]);
    const { readings, drops } = await check();
    expect(readings).toMatchObject([{ subject: `${agent.name} tail_pods`, value: 3 * 1024 ** 2 }]);
    expect(drops).toMatchObject([{ measure: 'records dropped', total: 4, incarnation: '1795162265.0' }]);
    agent.asked.length = 0;
    await check();
    expect(agent.asked).toEqual(['/api/v1/metrics/prometheus', '/api/v1/storage']);
  });
  test('given 1.x that becomes 2.x, when it fails once in between, then v2 is asked for again', async () => {
    const { agent, check } = await openAgents(probe, [oldFluentBitPages({})]);
    await check();
    agent.broken = 503;
    await check().catch(() => undefined);
    agent.broken = undefined;
    agent.pages = fluentBitPages({ paused: 1 });
    await check();
    expect(agent.asked).toContain('/api/v2/metrics/prometheus');
    expect(agent.asked.at(-2)).toBe('/api/v2/metrics/prometheus');
  });
  test('given storage.metrics Off, when checked, then there is no buffer figure: no data is not zero', async () => {
    const { check } = await openAgents(probe, [{ '/api/v2/metrics/prometheus': newMetrics({}) }]);
    const { readings, drops } = await check();
    expect(readings).toEqual([]);
    expect(drops?.length).toBeGreaterThan(0);
  });
  test('given a file buffer that is 90 % full, when checked, then its share is read; without a limit there is none', async () => {
    const { agent, check } = await openAgents(probe, [{ '/api/v2/metrics/prometheus': newMetrics({ capacity: 10 }) }]);
    expect((await check()).readings).toMatchObject([{ measure: 'storage', unit: 'ratio', value: 0.9, limit: 1 }]);
    agent.pages = { '/api/v2/metrics/prometheus': newMetrics({ capacity: 100 }) };
    expect((await check()).readings).toEqual([]);
  });
});

describe('fluent-bit-buffer: limits, which change with a start only', () => {
  const storageAsked = (asked: readonly string[]) => asked.filter((page) => page === '/api/v1/storage').length;

  test('given checks one after the other, when its limits are known, then they are not asked for each time', async () => {
    const { agent, checkFor } = await openAgents(probe, [fluentBitPages({ memory: 5 })]);
    const { readings } = await checkFor(5 * minute);
    expect(storageAsked(agent.asked)).toBe(1);
    expect(readings).toMatchObject([{ value: 5, limit }]);
  });
  test('given a start with another limit, when checked, then the new one counts', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({ memory: 5 })]);
    await check();
    agent.pages = {
      ...fluentBitPages({ memory: 6, start: 1_795_169_999 }),
      '/api/v1/storage': storagePage({}, '9.0M'),
    };
    expect((await check()).readings).toMatchObject([{ value: 6, limit: 9 * 1024 ** 2 }]);
  });
  test('given the first seconds after a start, when the storage page is not there yet, then it is asked for again', async () => {
    const { agent, check, checkFor } = await openAgents(probe, [{ '/api/v2/metrics/prometheus': newMetrics({}) }]);
    expect((await check()).readings).toEqual([]);
    agent.pages = fluentBitPages({ memory: 7 });
    expect((await checkFor(2 * minute)).readings).toMatchObject([{ value: 7 }]);
  });
});

describe('fluent-bit-buffer: what it gave up', () => {
  test('given records dropped while its health page says ok, when checked, then the counters tell', async () => {
    const pages = { ...fluentBitPages({ dropped: 39, retriesFailed: 3, skipped: 2 }), '/api/v1/health': 'ok\n' };
    const { agent, check } = await openAgents(probe, [pages]);
    const { drops = [] } = await check();
    expect(drops.filter(({ total }) => total > 0)).toEqual([
      expect.objectContaining({ measure: 'records dropped', subject: 'output es_out', total: 39, counts: 'records' }),
      expect.objectContaining({ measure: 'batches given up after their last retry', total: 3, counts: 'other' }),
      expect.objectContaining({ measure: 'lines skipped as too long', subject: 'input tail_pods', total: 2 }),
    ]);
    expect(drops[0]?.agent.name).toBe(agent.name);
  });
  test('given a restart or a hot reload, when checked, then it is another incarnation', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({})]);
    const incarnations = [];
    for (const state of [{}, {}, { start: 1_795_169_999 }, { start: 1_795_169_999, reloads: 1 }]) {
      agent.pages = fluentBitPages(state);
      incarnations.push((await check()).drops?.[0]?.incarnation);
    }
    expect(new Set(incarnations).size).toBe(3);
    expect(incarnations[0]).toBe(incarnations[1]);
  });
});

describe('fluent-bit-buffer: inputs and outputs that stand still', () => {
  test('given a paused input, when it lasts for a minute, then that is a problem; for a moment it is none', async () => {
    const { agent, clock, check } = await openAgents(probe, [fluentBitPages({ paused: 1 })]);
    expect((await check()).problems).toEqual([]);
    clock.leap(30_000);
    expect((await check()).problems).toEqual([]);
    clock.leap(30_000);
    expect((await check()).problems).toEqual([
      `fluent-bit on ${agent.name}: input tail_pods is paused: its buffer is full`,
    ]);
    agent.pages = fluentBitPages({ paused: 0 });
    expect((await check()).problems).toEqual([]);
  });
  test('given 1.x with an input over its limit, when it lasts, then that is a problem', async () => {
    const { checkFor } = await openAgents(probe, [oldFluentBitPages({ overlimit: true })]);
    expect((await checkFor(2 * minute)).problems).toEqual([expect.stringContaining('input tail_pods is paused')]);
  });
  test('given chunks and an output that takes none, when five minutes pass, then that is a problem', async () => {
    const { agent, checkFor } = await openAgents(probe, [fluentBitPages({ chunks: 3 })]);
    expect((await checkFor(4 * minute)).problems).toEqual([]);
    expect((await checkFor(minute)).problems).toEqual([
      `fluent-bit on ${agent.name}: nothing has left the buffer for 5 min although something waits`,
    ]);
    agent.pages = fluentBitPages({ chunks: 3, proc: 14 });
    expect((await checkFor(minute)).problems).toEqual([]);
  });
  test('given chunks and records that flow, when hours pass, then nothing is wrong', async () => {
    const { agent, check, clock } = await openAgents(probe, [fluentBitPages({ chunks: 3 })]);
    for (let at = 0; at < 60; at += 1) {
      clock.leap(30_000);
      agent.pages = fluentBitPages({ chunks: 3, proc: 13 + at });
      expect((await check()).problems).toEqual([]);
    }
  });
});

describe('fluent-bit-buffer: several agents', () => {
  test('given one that is broken, when checked, then the other is read, and why says what is missing', async () => {
    const { agents, check } = await openAgents(probe, [fluentBitPages({ memory: 1 }), fluentBitPages({ memory: 2 })]);
    const [one, two] = agents;
    if (two !== undefined) two.broken = 500;
    const { readings, why, problems } = await check();
    expect(readings.map(({ agent }) => agent?.name)).toEqual([one?.name]);
    expectProbeError(why, ['partial']);
    expect(why.message).toContain('1 of 2');
    expect(problems).toEqual([]);
  });
  test('given one that is silent for three minutes, when checked, then that is a problem', async () => {
    const { agents, checkFor } = await openAgents(probe, [fluentBitPages({}), fluentBitPages({})]);
    const [, two] = agents;
    if (two !== undefined) two.broken = 500;
    expect((await checkFor(3 * minute)).problems).toEqual([
      `fluent-bit on ${two?.name} has not told its figures for more than 3 min (server_error)`,
    ]);
  });
  test('given all broken, when checked, then it rejects with what came back', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({})]);
    agent.broken = 503;
    await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason: 'server_error' });
  });
  test('given user name and password, when checked, then the agent gets them', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({})], { auth });
    await check();
    expect(agent.headers.authorization).toBe(`Basic ${Buffer.from('reader:not-a-real-password').toString('base64')}`);
  });
  test('given a token, when checked, then the agent gets it as bearer', async () => {
    const { agent, check } = await openAgents(probe, [fluentBitPages({})], { auth: { token: 'not-a-real-token' } });
    await check();
    expect(agent.headers.authorization).toBe('Bearer not-a-real-token');
  });
});

describe('fluent-bit-buffer: answers that are not quite right', () => {
  const cases: [string, Record<string, string | object>][] = [
    ['metrics of another program', { '/api/v2/metrics/prometheus': 'go_goroutines 7\nup 1\n' }],
    ['a line cut in the middle', { '/api/v2/metrics/prometheus': newMetrics({}).slice(0, 460) }],
    ['sizes that are no sizes', { ...fluentBitPages({}), '/api/v1/storage': storagePage({}, 'lots') }],
    ['storage of something else', { ...fluentBitPages({}), '/api/v1/storage': { storage_layer: 1 } }],
    ['an empty old page', { '/api/v1/metrics/prometheus': '' }],
    ['only remarks', { '/api/v1/metrics/prometheus': '# HELP a b\n' }],
  ];
  for (const [given, pages] of cases) {
    test(`given ${given}, when checked, then it rejects as bad_answer and claims nothing`, async () => {
      const { check } = await openAgents(probe, [pages]);
      await expect(check()).rejects.toMatchObject({ code: 'PROBE', reason: 'bad_answer' });
    });
  }
  test('given neither page, when checked, then it says what to switch on', async () => {
    const { check } = await openAgents(probe, [{ '/': 'fluent-bit' }]);
    await expect(check()).rejects.toThrow('HTTP_Server On');
  });
  test('given values that are no numbers, when checked, then those are not figures', async () => {
    const text = oldMetrics({}).replace(
      'fluentbit_output_dropped_records_total{name="es_out"} 0',
      'fluentbit_output_dropped_records_total{name="es_out"} NaN',
    );
    const { check } = await openAgents(probe, [{ '/api/v1/metrics/prometheus': text }]);
    expect((await check()).drops).toEqual([]);
  });
});

test('given a config with both or neither of url and urls, when parsed, then it is refused', () => {
  const { config } = probe.check ?? {};
  expect(config?.safeParse({}).success).toBe(false);
  expect(config?.safeParse({ url: 'http://a:1', urls: ['http://b:1'] }).success).toBe(false);
  expect(config?.safeParse({ urls: [] }).success).toBe(false);
  const refused = config?.safeParse({ url: 'http://reader:hunter2@a:1' });
  expect(refused?.success).toBe(false);
  expect(JSON.stringify(refused?.error?.issues)).not.toContain('hunter2');
});
