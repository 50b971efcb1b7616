/** How full the queue of Filebeat is, whether anything leaves it, and what it dropped. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';

const Config = z.strictObject(agentFields(5066)).refine(...oneWayToAgents);
type QueueConfig = z.output<typeof Config>;

const filebeat: AgentKind = {
  setup: { kind: 'filebeat', needs: 'http.enabled: true (and http.host, which is localhost unless set)' },
  reader: async () => (await import('./agents/filebeat.ts')).readFilebeat,
};

export default defineProbe({
  kind: 'filebeat-queue',
  measures: "Filebeat's queue against its size, whether anything leaves it, and events dropped, on each node.",
  check: {
    config: Config,
    target: agentsTarget,
    through: agentsThrough,
    open: (config: QueueConfig, context) => openAgentCheck(filebeat, config, context),
    online: (config, context, options) => tryAgentCheck(filebeat, config, context, options),
  },
  runbook: {
    reading:
      "See the agent's log for its output. Events dropped are what the index refused (400: mapping conflicts); they are in no queue any more. A full queue: Filebeat waits, and files that rotate away meanwhile are lost.",
    unreadable:
      'See whether http.enabled is true, and http.host lets us in: localhost is reached from its own host only.',
    blind: 'See whether we reach the HTTP port of the agents (5066).',
  },
});
