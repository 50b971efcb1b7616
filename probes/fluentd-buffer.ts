/** How full the buffers of Fluentd are, forwarders and aggregators alike, how long their outputs have failed. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';
import { atAgents, wayToThem } from './agents/agent-looks.ts';

const Config = z.strictObject(agentFields(24220)).refine(...oneWayToAgents);
type BufferConfig = z.output<typeof Config>;

const fluentd: AgentKind = {
  setup: { kind: 'fluentd', needs: 'that it has a source of @type monitor_agent (24220) or prometheus (24231)' },
  reader: async (context) => (await import('./agents/fluentd.ts')).fluentdReader(context),
};

export default defineProbe({
  kind: 'fluentd-buffer',
  measures:
    "Fluentd's output buffers against total_limit_size, the age of what waits in them, and writes that fail, on each node.",
  check: {
    config: Config,
    target: agentsTarget,
    through: agentsThrough,
    names: agentNames,
    open: (config: BufferConfig, context) => openAgentCheck(fluentd, config, context),
    online: (config, context, options) => tryAgentCheck(fluentd, config, context, options),
  },
  runbook: {
    reading: [
      {
        run: "{kubectl} logs -l '{selector}' --since=15m --prefix | grep -E 'failed to flush|Could not put record'",
        see: 'Which output fails? What could not be put is given up without a retry.',
      },
      { run: "curl -sS -m 10 '{url}/api/plugins.json'", see: 'Which output fails, and why?' },
      'A full buffer stops the tails (overflow_action throw_exception). Set retry_forever, or a <secondary>, so that nothing is thrown away.',
    ],
    'into-first-hop': [...atAgents, { run: "curl -sS -m 10 '{url}/api/plugins.json'", see: 'Errors of its output?' }],
    unreadable: ['Does monitor_agent or the prometheus plugin listen where we ask, one port for each worker?'],
    blind: wayToThem(),
  },
});
