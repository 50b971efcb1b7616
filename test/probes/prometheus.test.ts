import { describe, expect, test } from 'vitest';
import probe from '../../probes/prometheus.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;
/** What the leaping clock says. */
const now = 1_795_160_000_000;

interface Shown {
  readonly groups?: readonly object[];
  readonly alertmanagers?: readonly string[] | null;
  readonly up?: Readonly<Record<string, '0' | '1'>>;
  readonly metrics?: string;
}

const rule = (name: string, lastError?: string) => ({
  ...{ name, query: 'vector(1)', type: 'alerting', health: lastError === undefined ? 'ok' : 'err' },
  ...(lastError === undefined ? {} : { lastError }),
});
const group = (name: string, ageS: number, more: object = {}) => ({
  ...{ name, file: 'r.yml', interval: 60, evaluationTime: 0.2, rules: [rule('Watchdog')] },
  // nanoseconds, as Go writes them
  lastEvaluation: new Date(now - ageS * 1000).toISOString().replace('Z', '123456Z'),
  ...more,
});

function pages({
  groups = [group('logcanary', 10)],
  alertmanagers = ['http://am-0:9093/api/v2/alerts'],
  up = { 'logcanary:9780': '1' },
  metrics = 'prometheus_config_last_reload_successful 1',
}: Shown = {}) {
  const result = Object.entries(up).map(([instance, value]) => ({
    ...{ metric: { __name__: 'up', instance, job: 'logcanary' }, value: [now / 1000, value] },
  }));
  return {
    '/api/v1/rules': { status: 'success', data: { groups } },
    '/api/v1/alertmanagers': {
      status: 'success',
      data: { activeAlertmanagers: alertmanagers?.map((url) => ({ url })) ?? null, droppedAlertmanagers: [] },
    },
    '/api/v1/query': { status: 'success', data: { resultType: 'vector', result } },
    '/metrics': metrics,
  };
}

describeCheck('prometheus', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(pages());
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('prometheus: rules', () => {
  test('given groups that were evaluated just now, when checked, then the one furthest behind is the reading', async () => {
    const { agent, check } = await openAgents(probe, [
      pages({ groups: [group('a', 10), group('b', 50), group('c', 5)] }),
    ]);
    const { readings, problems, why } = await check();
    expect([problems, why]).toEqual([[], undefined]);
    expect(readings).toMatchObject([
      { measure: 'rule-lag', subject: agent.name, unit: 'seconds', value: 50, limit: 600, warnAt: 180 },
    ]);
  });
  test('given a group of seconds, when it is late, then a minute passes before that is worth a warning', async () => {
    const { check } = await openAgents(probe, [pages({ groups: [group('fast', 30, { interval: 5 })] })]);
    expect((await check()).readings).toMatchObject([{ value: 30, warnAt: 60, limit: 300 }]);
  });
  test('given a group that was never evaluated, when checked, then it has no lag', async () => {
    const { check } = await openAgents(probe, [
      pages({ groups: [group('new', 0, { lastEvaluation: '0001-01-01T00:00:00Z' })] }),
    ]);
    expect(await check()).toMatchObject({ readings: [], problems: [] });
  });
  test('given a rule that cannot be evaluated, when that lasts three intervals, then it is named with its error', async () => {
    const rules = [rule('Fine'), rule('Broken', `found duplicate\nseries for lcn1${'a'.repeat(47)}0 `)];
    const { agent, check, checkFor } = await openAgents(probe, [pages({ groups: [group('g', 10, { rules })] })]);
    expect((await check()).problems).toEqual([]);
    expect((await checkFor(3 * minute)).problems).toEqual([
      `${agent.name}: rule Broken cannot be evaluated: found duplicate series for lcn1…`,
    ]);
    agent.pages = pages();
    expect((await check()).problems).toEqual([]);
  });
  test('given many rules that fail, when told, then three are explained and the others are named', async () => {
    const rules = Array.from({ length: 20 }, (_, each) => rule(`R${each + 10}`, 'query timed out'));
    const { checkFor } = await openAgents(probe, [pages({ groups: [group('g', 10, { rules })] })]);
    const { problems } = await checkFor(3 * minute);
    expect(problems).toHaveLength(4);
    expect(problems[3]).toMatch(/: 17 more rules fail: R13, R14, .* and 7 more$/);
  });
  test('given a group that takes longer than its interval, when that lasts, then it is named', async () => {
    const { checkFor } = await openAgents(probe, [pages({ groups: [group('heavy', 10, { evaluationTime: 75 })] })]);
    expect((await checkFor(3 * minute)).problems).toEqual([
      expect.stringContaining('rule group heavy takes 75 s of its 60 s'),
    ]);
  });
  test('given a configuration that it could not load, when checked, then that is a problem', async () => {
    const { check } = await openAgents(probe, [pages({ metrics: 'prometheus_config_last_reload_successful 0' })]);
    expect((await check()).problems).toEqual([expect.stringContaining('older configuration')]);
  });
});

describe('prometheus: whom it knows', () => {
  test('given no Alertmanager, when that lasts, then nobody is told anything, which is a problem', async () => {
    for (const alertmanagers of [[], null]) {
      const { agent, check, checkFor } = await openAgents(probe, [pages({ alertmanagers })]);
      expect((await check()).problems).toEqual([]);
      expect((await checkFor(2 * minute)).problems).toEqual([`${agent.name} has no Alertmanager to send alerts to`]);
    }
  });
  test('given fewer than there should be, when that lasts, then both numbers are told', async () => {
    const { checkFor } = await openAgents(probe, [pages()], { alertmanagers: 3 });
    expect((await checkFor(2 * minute)).problems).toEqual([expect.stringContaining('has 1 of 3 Alertmanagers')]);
  });
  test('given an Alertmanager that does not take alerts, when errors grow, then it is named without its path', async () => {
    const errors = (total: number) =>
      `prometheus_notifications_errors_total{alertmanager="https://am-0:9093/secret-path/api/v2/alerts"} ${total}`;
    const { agent, check, checkFor } = await openAgents(probe, [pages({ metrics: errors(5) })]);
    await check();
    agent.pages = pages({ metrics: errors(7) });
    expect((await check()).problems).toEqual([]);
    agent.pages = pages({ metrics: errors(8) });
    expect((await check()).problems).toEqual([
      `${agent.name} could not send alerts to am-0:9093: 3 errors in the last 10 min`,
    ]);
    expect((await checkFor(2 * minute)).problems).toEqual([]);
  });
  test('given no target of ours, when that lasts, then it says so', async () => {
    const { agent, checkFor } = await openAgents(probe, [pages({ up: {} })]);
    expect((await checkFor(2 * minute)).problems).toEqual([
      `${agent.name} does not scrape logcanary: it has no target of job logcanary`,
    ]);
    expect(agent.asked).toContain('/api/v1/query?query=up%7Bjob%3D%22logcanary%22%7D');
  });
  test('given two targets of which one is down, when that lasts, then it is named', async () => {
    const { checkFor } = await openAgents(probe, [pages({ up: { 'a:1': '1', 'b:1': '0' } })]);
    expect((await checkFor(2 * minute)).problems).toEqual([expect.stringMatching(/cannot scrape logcanary at b:1$/)]);
  });
  test('given job: false and alertmanagers: 0, when there are none, then that is as it should be', async () => {
    const { agent, checkFor } = await openAgents(probe, [pages({ up: {}, alertmanagers: [] })], {
      job: false,
      alertmanagers: 0,
    });
    expect((await checkFor(5 * minute)).problems).toEqual([]);
    expect(agent.asked.filter((path) => path.includes('query'))).toEqual([]);
  });
  test('given two that are alike, when one does not answer, then the other is judged and why is set', async () => {
    const { agents, check, checkFor } = await openAgents(probe, [pages(), pages()]);
    for (const each of agents.slice(1)) each.broken = 503;
    const { readings, why } = await check();
    expect(readings).toHaveLength(1);
    expectProbeError(why, ['partial']);
    expect((await checkFor(2 * minute)).problems).toEqual([`prometheus: no answer from ${agents[1]?.name}`]);
  });
});

describe('prometheus: remote write', () => {
  const remote = (failed: number, retried: number, sent?: number) =>
    [
      'prometheus_remote_storage_highest_timestamp_in_seconds 1.795160e+09',
      `prometheus_remote_storage_samples_failed_total{remote_name="far",url="http://u:xxxxx@far/w"} ${failed}`,
      `prometheus_remote_storage_samples_retried_total{remote_name="far",url="http://u:xxxxx@far/w"} ${retried}`,
      ...(sent === undefined
        ? []
        : [`prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="far",url="x"} ${sent}`]),
    ].join('\n');

  test('given one that is behind, when checked, then that is a reading against the two hours that are kept', async () => {
    const { agent, check } = await openAgents(probe, [pages({ metrics: remote(0, 0, 1_795_159_700) })]);
    expect((await check()).readings[1]).toMatchObject({
      ...{ measure: 'remote-write-lag', subject: `${agent.name} far`, value: 300, limit: 7200, warnAt: 120 },
    });
  });
  test('given one that has never got anything through, when it tries again and again, then that is a problem', async () => {
    const { agent, check } = await openAgents(probe, [pages({ metrics: remote(0, 10) })]);
    expect((await check()).problems).toEqual([]);
    agent.pages = pages({ metrics: remote(0, 20) });
    const { problems, readings } = await check();
    expect(problems).toEqual([`${agent.name}: remote write far has not got a sample through`]);
    expect(readings).toHaveLength(1);
  });
  test('given samples that are refused for good, when checked, then they are counted', async () => {
    const { agent, check } = await openAgents(probe, [pages({ metrics: remote(1, 0, 1_795_160_000) })]);
    await check();
    agent.pages = pages({ metrics: remote(501, 3, 1_795_160_000) });
    expect((await check()).problems).toEqual([
      `${agent.name}: remote write far refused 500 samples for good in the last 10 min`,
    ]);
  });
});
