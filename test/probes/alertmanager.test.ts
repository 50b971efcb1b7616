import { describe, expect, test } from 'vitest';
import probe from '../../probes/alertmanager.ts';
import { silentLog } from '../../src/lib/log.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';
import { leapingClock } from '../fakes/elastic-bench.ts';
import { startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { configMapManifest, nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';
import { pagesAt } from '../fakes/kubernetes/pod-proxy.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;
/** What the leaping clock says. */
const now = 1_795_160_000_000;
const at = (ms: number) => new Date(now + ms).toISOString();

interface Shown {
  readonly peers?: readonly string[];
  readonly cluster?: string;
  readonly alerts?: readonly object[];
  readonly metrics?: string;
}

const watchdog = (status: object = {}, receiver = 'logcanary', sent = -10_000) => ({
  labels: { alertname: 'Watchdog', severity: 'none' },
  ...{ startsAt: at(-9_999_999), updatedAt: at(sent), endsAt: at(sent + 4 * minute) },
  receivers: [{ name: receiver }],
  status: { state: 'active', silencedBy: [], inhibitedBy: [], ...status },
});

const counters = (tried: number, failed: number, more = '') =>
  [
    '# TYPE alertmanager_notifications_total counter',
    `alertmanager_notifications_total{integration="webhook"} ${tried}`,
    'alertmanager_notifications_total{integration="email"} 7',
    `alertmanager_notifications_failed_total{integration="webhook",reason="other"} ${failed}`,
    `alertmanager_notifications_failed_total{integration="webhook",reason="clientError"} 0`,
    'alertmanager_notifications_failed_total{integration="email",reason="other"} 0',
    'alertmanager_config_last_reload_successful 1',
    more,
  ].join('\n');

function pages({ peers = ['me'], cluster = 'ready', alerts = [watchdog()], metrics = counters(1, 0) }: Shown = {}) {
  return {
    '/api/v2/status': {
      cluster: { status: cluster, name: 'me', peers: peers.map((name) => ({ name, address: '127.0.0.1:9094' })) },
      ...{ config: { original: 'route: {}' }, versionInfo: { version: '0.25.0' }, uptime: at(-minute) },
    },
    '/api/v2/alerts': alerts,
    '/metrics': metrics,
  };
}

describeCheck('alertmanager', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(pages());
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('alertmanager: the alert that always fires', () => {
  test('given that it is there and on its way, when checked, then there is only its age', async () => {
    const { agent, check } = await openAgents(probe, [pages()], { watchdog_receiver: 'logcanary' });
    const { readings, problems, why } = await check();
    expect([problems, why]).toEqual([[], undefined]);
    expect(readings).toMatchObject([
      { measure: 'watchdog-age', subject: agent.name, unit: 'seconds', value: 10, limit: 240, warnAt: 180 },
    ]);
    expect(agent.asked).toContain('/api/v2/alerts?filter=alertname%3D%22Watchdog%22');
  });
  test('given several of them, when checked, then the newest has the age', async () => {
    const alerts = [watchdog({}, 'logcanary', -100_000), watchdog({}, 'logcanary', -20_000)];
    const { check } = await openAgents(probe, [pages({ alerts })]);
    expect((await check()).readings).toMatchObject([{ value: 20 }]);
  });
  test('given that it is absent, when it stays so for three minutes, then that is a problem, and until then none', async () => {
    const { agent, check, checkFor } = await openAgents(probe, [pages({ alerts: [] })]);
    expect(await check()).toMatchObject({ readings: [], problems: [] });
    expect((await checkFor(3 * minute)).problems).toEqual([
      `${agent.name} has no alert Watchdog: no Prometheus reaches it, or none has a rule that always fires`,
    ]);
    agent.pages = pages();
    expect((await check()).problems).toEqual([]);
  });

  const swallowing: [string, object, string][] = [
    ['silenced', { state: 'suppressed', silencedBy: ['6b2f-77'] }, 'is silenced by alice until 2026-11-21T00:00:00Z'],
    ['silenced by nobody known', { state: 'suppressed', silencedBy: ['gone'] }, 'is silenced'],
    // found by fuzzing
    ['silenced by what is no id', { state: 'suppressed', silencedBy: ['\ud800', '../../-/reload'] }, 'is silenced'],
    ['inhibited', { state: 'suppressed', inhibitedBy: ['abcdef'] }, 'is inhibited by another alert'],
    ['muted', { state: 'suppressed', mutedBy: ['nights'] }, 'is muted by the time interval nights'],
  ];
  for (const [given, status, problem] of swallowing) {
    test(`given that it is ${given}, when checked, then that is a problem at once`, async () => {
      const silence = { createdBy: 'alice', endsAt: '2026-11-21T00:00:00Z', comment: 'maintenance' };
      const all = { ...pages({ alerts: [watchdog(status)] }), '/api/v2/silence/6b2f-77': silence };
      const { agent, check } = await openAgents(probe, [all]);
      expect((await check()).problems).toEqual([`${agent.name}: Watchdog ${problem}`]);
    });
  }
  test('given that it is routed elsewhere, when checked, then both receivers are named', async () => {
    const { agent, check } = await openAgents(probe, [pages({ alerts: [watchdog({}, 'null')] })], {
      watchdog_receiver: 'logcanary',
    });
    expect((await check()).problems).toEqual([`${agent.name}: Watchdog is routed to null and not to logcanary`]);
  });
  test('given watchdog: false, when checked, then nobody asks for it', async () => {
    const { agent, checkFor } = await openAgents(probe, [pages({ alerts: [] })], { watchdog: false });
    expect(await checkFor(5 * minute)).toMatchObject({ readings: [], problems: [] });
    expect(agent.asked.filter((path) => path.includes('alerts'))).toEqual([]);
  });
});

describe('alertmanager: notifications', () => {
  test('given that failures were counted before we came, when checked, then nothing is told', async () => {
    const { checkFor } = await openAgents(probe, [pages({ metrics: counters(100, 100) })]);
    expect((await checkFor(5 * minute)).problems).toEqual([]);
  });
  test('given a webhook that fails from now on, when checked, then it is named with its numbers, for 10 minutes', async () => {
    const { agent, check, checkFor } = await openAgents(probe, [pages({ metrics: counters(4, 1) })]);
    await check();
    agent.pages = pages({ metrics: counters(6, 3) });
    expect((await check()).problems).toEqual([
      `${agent.name}: 2 of 2 notifications by webhook failed in the last 10 min`,
    ]);
    expect((await checkFor(11 * minute)).problems).toEqual([]);
  });
  test('given one failure among many, when checked, then nothing is told', async () => {
    const { agent, check } = await openAgents(probe, [pages({ metrics: counters(4, 1) })]);
    await check();
    agent.pages = pages({ metrics: counters(14, 2) });
    expect((await check()).problems).toEqual([]);
  });
  test('given receivers in the metrics, when one of them fails, then it is named', async () => {
    const more = (failed: number) =>
      `alertmanager_notifications_failed_total{integration="slack",receiver_name="oncall",reason="other"} ${failed}`;
    const { agent, check } = await openAgents(probe, [pages({ metrics: counters(1, 0, more(0)) })]);
    await check();
    agent.pages = pages({ metrics: counters(1, 0, more(3)) });
    expect((await check()).problems).toEqual([expect.stringContaining('3 of 3 notifications by slack oncall failed')]);
  });
  test('given no /metrics, when checked, then the rest is', async () => {
    const { '/metrics': _, ...rest } = pages({ alerts: [watchdog({ silencedBy: ['x'] })] });
    const { check } = await openAgents(probe, [rest]);
    expect((await check()).problems).toHaveLength(1);
  });
});

describe('alertmanager: the cluster', () => {
  test('given two members of which one is down, when checked, then the other is judged and why is set', async () => {
    const { agents, check, checkFor } = await openAgents(probe, [
      pages({ peers: ['a', 'b'] }),
      pages({ peers: ['a', 'b'] }),
    ]);
    for (const member of agents.slice(1)) member.broken = 503;
    const { readings, why } = await check();
    expect(readings).toHaveLength(1);
    expectProbeError(why, ['partial']);
    expect((await checkFor(2 * minute)).problems).toEqual([`alertmanager: no answer from ${agents[1]?.name}`]);
  });
  test('given members that do not see each other, when that lasts, then each is named', async () => {
    const { agents, check, checkFor } = await openAgents(probe, [pages(), pages({ peers: ['a', 'b'] })]);
    expect((await check()).problems).toEqual([]);
    expect((await checkFor(2 * minute)).problems).toEqual([`${agents[0]?.name} sees 1 of 2 members of its cluster`]);
  });
  test('given several without a cluster, when checked, then each sends everything', async () => {
    const alone = pages({ cluster: 'disabled', peers: [] });
    const { check } = await openAgents(probe, [alone, alone]);
    const { problems } = await check();
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain('is in no cluster');
  });
  test('given one without a cluster, when checked, then that is as it should be', async () => {
    const { checkFor } = await openAgents(probe, [pages({ cluster: 'disabled', peers: [] })]);
    expect((await checkFor(5 * minute)).problems).toEqual([]);
  });
  test('given a configuration that it could not load, when checked, then that is a problem', async () => {
    const metrics = counters(0, 0).replace('successful 1', 'successful 0');
    const { check } = await openAgents(probe, [pages({ metrics })]);
    expect((await check()).problems).toEqual([expect.stringContaining('older configuration')]);
  });
});

describe('alertmanager: in Kubernetes', () => {
  test('given two pods of which one is not ready, when that lasts, then it is named; the other is asked through the API server, and what was changed is told', async () => {
    const clock = leapingClock();
    const api = await startKubernetesApi({ now: () => clock.wall() });
    api.objects.apply('nodes', nodeManifest('node-a'));
    const parts = { namespace: 'logging', labels: { app: 'alertmanager' }, node: 'node-a', owner: 'StatefulSet' };
    const configMaps = ['state', 'state', 'state', 'state'] as const;
    api.objects.apply('pods', podManifest('alertmanager-0', { ...parts, configMaps }));
    api.objects.apply('pods', podManifest('alertmanager-1', { ...parts, ready: false }));
    const before = new Date(clock.wall() - minute).toISOString();
    api.objects.apply('configmaps', configMapManifest('state', before));
    api.proxy.serve('alertmanager-0', pagesAt(9093, pages({ peers: ['a', 'b'] })));
    const role = roleOf(probe.check);
    const kubernetes = { url: api.url, namespace: 'logging', selector: 'app=alertmanager' };
    const check = await role.open(role.config.parse({ kubernetes }), { clock, log: silentLog });
    await check.check(forever);
    clock.leap(2 * minute);
    const { readings, problems, changes } = await check.check(forever);
    expect(readings).toMatchObject([{ subject: 'alertmanager-0' }]);
    expect(problems).toEqual([expect.stringMatching(/^alertmanager alertmanager-1 is not ready/)]);
    expect(changes).toMatchObject([{ what: 'ConfigMap logging/state: changed by helm' }]);
    await check.close();
    await api.stop();
  });
});
