/** How full the buffers of Fluent Bit are, and what it gave up. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';
import { atAgents, logs, wayToThem } from './agents/agent-looks.ts';

const Config = z.strictObject(agentFields(2020)).refine(...oneWayToAgents);
type BufferConfig = z.output<typeof Config>;

const fluentBit: AgentKind = {
  setup: { kind: 'fluent-bit', needs: 'HTTP_Server On (and storage.metrics On) in its [SERVICE]' },
  reader: async () => (await import('./agents/fluent-bit.ts')).fluentBitReader(),
};

export default defineProbe({
  kind: 'fluent-bit-buffer',
  measures:
    "Fluent Bit's buffers against their limits, inputs that are paused, records dropped and batches given up, on each node.",
  check: {
    config: Config,
    target: agentsTarget,
    through: agentsThrough,
    names: agentNames,
    open: (config: BufferConfig, context) => openAgentCheck(fluentBit, config, context),
    online: (config, context, options) => tryAgentCheck(fluentBit, config, context, options),
  },
  runbook: {
    reading: [
      logs('Which output fails, and why?'),
      {
        run: "curl -sS -m 10 '{url}/api/v1/metrics/prometheus' | grep -E 'errors|retries|dropped'",
        see: 'Which output fails, and why?',
      },
      'Records dropped: raise Retry_Limit (its default is 1) and set storage.type filesystem.',
      'A paused input: raise Mem_Buf_Limit, or help the output; files that rotate away meanwhile are lost.',
    ],
    'into-first-hop': [
      ...atAgents,
      {
        run: "curl -sS -m 10 '{url}/api/v1/metrics/prometheus' | grep -E 'errors|retries|dropped'",
        see: 'Errors of its output?',
      },
    ],
    unreadable: ['Is HTTP_Server On, and storage.metrics for the limits of the inputs?'],
    blind: wayToThem(),
  },
});
