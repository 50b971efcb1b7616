import { describe, expect, test } from 'vitest';
import probe from '../../probes/kube-state-metrics.ts';
import { silentLog } from '../../src/lib/log.ts';
import { forever, roleOf } from '../contract/bench.ts';
import { describeCheck } from '../contract/probe.ts';
import { expectProbeError } from '../contract/probe-error.ts';
import { closeAgentBenches, openAgents } from '../fakes/agent-check.ts';
import { startAgentServer } from '../fakes/agent-server.ts';
import { leapingClock } from '../fakes/elastic-bench.ts';
import { startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';

const auth = { username: 'reader', password: 'not-a-real-password' };
const minute = 60_000;
/** What the leaping clock says, s. */
const nowS = 1_795_160_000;

function page(nodes: readonly string[], renewedS: number | undefined = nowS, pods = 3): string {
  const info = nodes.map((node) => `kube_node_info{node="${node}",kernel_version="6.1",pod_cidr=""} 1`);
  const lease = (node: string) =>
    `kube_lease_renew_time{lease="${node}",owner_kind="Node",owner_name="${node}",namespace="kube-node-lease"} ${renewedS}`;
  const other = `kube_lease_renew_time{lease="leader",owner_kind="",owner_name="",namespace="kube-system"} ${nowS + 999}`;
  const noise = Array.from(
    { length: pods },
    (_, at) => `kube_pod_info{namespace="a",pod="p-${at}",host_ip="10.0.0.1"} 1`,
  );
  const leases = renewedS === undefined ? [] : [...nodes.map(lease), other];
  return [
    '# HELP kube_node_info [STABLE] Information.',
    '# TYPE kube_node_info gauge',
    ...noise,
    ...info,
    ...leases,
    '',
  ].join('\n');
}

const pages = (...text: Parameters<typeof page>) => ({ '/metrics': page(...text) });

describeCheck('kube-state-metrics', {
  probe,
  secrets: [auth.password],
  hostile: (url) => ({ url, auth }),
  async bench() {
    const agent = await startAgentServer(pages(['node-a'], 1_700_000_000));
    return { config: { url: agent.url, auth }, stop: agent.stop };
  },
});

closeAgentBenches();

describe('kube-state-metrics: whether it is of now', () => {
  test('given leases that were renewed 50 s ago, when checked, then that is its lag; other leases do not count', async () => {
    const { agent, check } = await openAgents(probe, [pages(['node-a', 'node-b'], nowS - 50)]);
    const { readings, problems } = await check();
    expect(readings).toMatchObject([{ measure: 'lag', subject: agent.name, unit: 'seconds', value: 50, limit: 120 }]);
    expect(problems).toEqual([]);
  });
  test('given leases switched off, when checked, then there is no lag: no data is not zero', async () => {
    const text = page(['node-a'], nowS).replaceAll(/^kube_lease.*\n/gm, '');
    const { check } = await openAgents(probe, [{ '/metrics': text }]);
    expect((await check()).readings).toEqual([]);
  });
  test('given no node at all, when checked, then that is a problem', async () => {
    const { check } = await openAgents(probe, [pages([])]);
    expect((await check()).problems).toEqual([expect.stringContaining('shows no node')]);
  });
  test('given a page of 30 MB, when checked, then only the lines of nodes are kept and it is read', async () => {
    const { check } = await openAgents(probe, [pages(['node-a'], nowS, 500_000)]);
    expect((await check()).problems).toEqual([]);
  });
  test('given two shards of which one is silent, when checked, then nothing is called missing', async () => {
    const { agents, check } = await openAgents(probe, [pages(['node-a']), pages(['node-b'])]);
    for (const shard of agents.slice(1)) shard.broken = 503;
    const { readings, problems, why } = await check();
    expect(readings).toHaveLength(1);
    expect(problems).toEqual([]);
    expectProbeError(why, ['partial']);
  });
});

describe('kube-state-metrics: whether it shows every node', () => {
  async function inCluster(shown: () => readonly string[]) {
    const clock = leapingClock();
    const api = await startKubernetesApi({ now: () => clock.wall() });
    api.objects.apply('nodes', ...['node-a', 'node-b', 'node-c'].map((name) => nodeManifest(name)));
    const parts = { namespace: 'kube-system', labels: { app: 'ksm' }, node: 'node-a', owner: 'ReplicaSet' };
    api.objects.apply('pods', podManifest('ksm-1', parts));
    api.proxy.serve('ksm-1', () => ({ status: 200, body: page(shown(), clock.wall() / 1000) }));
    const role = roleOf(probe.check);
    const kubernetes = { url: api.url, namespace: 'kube-system', selector: 'app=ksm' };
    const check = await role.open(role.config.parse({ kubernetes }), { clock, log: silentLog });
    const checkFor = async (ms: number) => {
      for (let at = 0; at < ms; at += 30_000) {
        await check.check(forever);
        clock.leap(30_000);
      }
      return check.check(forever);
    };
    const addBrokenShard = () => {
      api.objects.apply('pods', podManifest('ksm-2', parts));
      api.proxy.serve('ksm-2', () => ({ status: 500, body: '' }));
    };
    const stop = async () => {
      await check.close();
      await api.stop();
    };
    return { checkFor, addBrokenShard, stop };
  }

  test('given a Ready node that it does not show, when three minutes pass, then that is a problem until it does', async () => {
    let shown = ['node-a', 'node-c'];
    const { checkFor, stop } = await inCluster(() => shown);
    expect((await checkFor(2 * minute)).problems).toEqual([]);
    expect((await checkFor(2 * minute)).problems).toEqual([
      'kube-state-metrics does not show node-b, Ready for more than 3 min',
    ]);
    shown = ['node-a', 'node-b', 'node-c'];
    expect((await checkFor(0)).problems).toEqual([]);
    await stop();
  });

  test('given a shard that does not answer, when a node is not shown, then the shard may have it and nothing is told', async () => {
    const { checkFor, addBrokenShard, stop } = await inCluster(() => ['node-a', 'node-c']);
    addBrokenShard();
    const { problems, why } = await checkFor(5 * minute);
    expect(problems).toEqual([]);
    expectProbeError(why, ['partial']);
    await stop();
  });
});
