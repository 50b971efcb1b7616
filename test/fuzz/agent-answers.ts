/** Agents, or something in between, whose pages parse but are not quite what they should be. */
import fc from 'fast-check';
import alertmanager from '../../probes/alertmanager.ts';
import filebeat from '../../probes/filebeat-queue.ts';
import fluentBit from '../../probes/fluent-bit-buffer.ts';
import fluentd from '../../probes/fluentd-buffer.ts';
import kubeState from '../../probes/kube-state-metrics.ts';
import logstash from '../../probes/logstash-queue.ts';
import prometheus from '../../probes/prometheus.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type AnyProbe, type CheckResult, ProbeError } from '../../src/probe.ts';
import { startAgentServer } from '../fakes/agent-server.ts';
import { hastyClock } from '../fakes/hasty-clock.ts';
import { fluentBitPages, oldFluentBitPages } from '../probes/agents/fluent-bit-pages.ts';
import { editJson, editText, hostileValues, textEdits } from './mutation.ts';
import { checking, type FuzzTarget, refuse } from './target.ts';

type Pages = Readonly<Record<string, string | object>>;

const queue = { acked: 14, max_events: 3200, max_bytes: 10_000, filled: { events: 5, bytes: 90, pct: 0.01 } };
const output = { type: 'elasticsearch', events: { dropped: 1, dead_letter: 2 } };
const sizes = { queue_size_in_bytes: 5, max_queue_size_in_bytes: 50 };
const wholes: readonly (readonly [AnyProbe, Pages])[] = [
  [fluentBit, fluentBitPages({ memory: 5_000_000, dropped: 3, paused: 1, capacity: 40, chunks: 2 })],
  [fluentBit, oldFluentBitPages({ dropped: 3, overlimit: true })],
  [
    filebeat,
    {
      '/stats': {
        beat: { info: { ephemeral_id: 'e', version: '9.1.0' } },
        libbeat: { output, pipeline: { events: { active: 3, dropped: 0 }, queue } },
        registrar: { writes: { fail: 1 } },
      },
    },
  ],
  [
    logstash,
    {
      '/_node/stats/pipelines': {
        ...{ version: '8.17.0', ephemeral_id: 'n' },
        pipelines: {
          main: {
            events: { in: 12, out: 10 },
            flow: { queue_backpressure: { last_1_minute: 0.1 } },
            queue: { type: 'persisted', events_count: 3, ...sizes, data: { free_space_in_bytes: 99 } },
            dead_letter_queue: { ...sizes, dropped_events: 1, expired_events: 1 },
            plugins: { outputs: [{ id: 'es', name: 'elasticsearch', documents: { dlq_routed: 4 } }] },
            ephemeral_id: 'p',
          },
        },
      },
    },
  ],
  [
    fluentd,
    {
      '/api/plugins.json': {
        plugins: [
          {
            ...{ plugin_id: 'object:1', plugin_category: 'output', type: 'forward', buffer_total_queued_size: 9 },
            ...{
              buffer_queue_length: 2,
              buffer_available_buffer_space_ratios: 50,
              buffer_oldest_timekey: 1_795_000_000,
            },
            ...{ retry_count: 3, write_count: 4, retry: { start: '2026-11-20 08:00:00 +0000', steps: 6 } },
          },
        ],
      },
    },
  ],
  [
    alertmanager,
    {
      '/api/v2/status': { cluster: { status: 'ready', peers: [{ name: 'a' }] }, versionInfo: { version: '0.25.0' } },
      '/api/v2/alerts': [
        {
          ...{ labels: { alertname: 'Watchdog' }, receivers: [{ name: 'logcanary' }] },
          ...{ updatedAt: '2026-11-20T08:00:00.1Z', endsAt: '2026-11-20T08:04:00.1Z' },
          status: { state: 'suppressed', silencedBy: ['5'], inhibitedBy: ['e'], mutedBy: ['nights'] },
        },
      ],
      '/api/v2/silence/5': { createdBy: 'alice', endsAt: '2026-11-21T00:00:00Z' },
      '/metrics':
        'alertmanager_notifications_total{integration="webhook"} 3\nalertmanager_notifications_failed_total{integration="webhook"} 3\n',
    },
  ],
  [
    prometheus,
    {
      '/api/v1/rules': {
        data: {
          groups: [
            {
              ...{ name: 'g', interval: 60, evaluationTime: 75, lastEvaluation: '2026-11-20T08:00:00.123456789Z' },
              rules: [{ name: 'r', health: 'err', lastError: 'many-to-many' }],
            },
          ],
        },
      },
      '/api/v1/alertmanagers': { data: { activeAlertmanagers: [{ url: 'http://a:9093/api/v2/alerts' }] } },
      '/api/v1/query': {
        data: { resultType: 'vector', result: [{ metric: { instance: 'a:1' }, value: [1_795_000_000, '0'] }] },
      },
      '/metrics':
        'prometheus_remote_storage_highest_timestamp_in_seconds 9\nprometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="far"} 5\n',
    },
  ],
  [kubeState, { '/metrics': 'kube_node_info{node="a"} 1\nkube_lease_renew_time{lease="a"} 1795000000\nkube_x 1\n' }],
];

const damages = fc.record({
  whole: fc.nat(wholes.length - 1),
  page: fc.nat(5),
  draw: fc.nat(),
  by: hostileValues,
  text: fc.option(textEdits, { freq: 2 }),
});
type Damage = typeof damages extends fc.Arbitrary<infer T> ? T : never;

/** As text, so that it need not be JSON any more. */
function damaged(pages: Pages, { page, draw, by, text }: Damage): Record<string, string | object> {
  const entries = Object.entries(pages);
  return Object.fromEntries(
    entries.map(([path, body], at) => {
      const hit = at === page % entries.length;
      if (!hit) return [path, body];
      if (typeof body === 'string') return [path, editText(body, text ?? [{ at: draw, length: 1, insert: '' }])];
      return [path, text === null ? (editJson(body, draw, by) as object) : editText(JSON.stringify(body), text)];
    }),
  );
}

function assertSane({ readings, drops = [], problems }: CheckResult): void {
  for (const { value, limit, subject } of readings)
    if (!(Number.isFinite(value) && value >= 0 && Number.isFinite(limit) && limit > 0))
      refuse(`${subject} has ${value} of ${limit}`);
  for (const { total, subject } of drops)
    if (!(Number.isInteger(total) && total >= 0)) refuse(`${subject} lost ${total}`);
  for (const problem of problems) if (problem.length > 100_000) refuse('a problem without an end');
}

export const agentTargets: readonly FuzzTarget[] = [
  {
    name: 'pages of agents',
    runs: 150,
    async open() {
      const agent = await startAgentServer({});
      const { signal } = new AbortController();
      const ask = async (probe: AnyProbe, pages: Pages) => {
        agent.pages = { ...pages };
        const { check: role } = probe;
        if (role === undefined) return refuse('the probe has no check');
        const clock = hastyClock();
        const check = await role.open(role.config.parse({ url: agent.url }), { clock, log: silentLog });
        return check.check({ signal }).finally(() => check.close());
      };
      // what is damaged below must first be whole
      for (const [probe, pages] of wholes) assertSane(await ask(probe, pages));
      const property = fc.asyncProperty(damages, async (damage) => {
        const [probe, pages] = wholes[damage.whole] ?? refuse('there is no such agent');
        try {
          assertSane(await ask(probe, damaged(pages, damage)));
        } catch (error) {
          if (!(error instanceof ProbeError)) throw error;
          if (error.reason === 'internal') refuse(`our own bug: ${error.message}`);
        }
      });
      return checking(property, () => agent.stop());
    },
  },
];
