/** How full the buffers of Fluentd are, forwarders and aggregators alike, how long their outputs have failed. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';

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
    open: (config: BufferConfig, context) => openAgentCheck(fluentd, config, context),
    online: (config, context, options) => tryAgentCheck(fluentd, config, context, options),
  },
  runbook: {
    reading:
      "See the agent's log for `failed to flush the buffer` and `Could not put record`: the latter is given up without a retry. A full buffer stops the tails (overflow_action throw_exception). Set retry_forever, or a <secondary>, so that nothing is thrown away.",
    unreadable: 'See whether monitor_agent or the prometheus plugin listens where we ask, one port for each worker.',
    blind: 'See whether we reach the port of monitor_agent (24220) or of the prometheus plugin (24231).',
  },
});
