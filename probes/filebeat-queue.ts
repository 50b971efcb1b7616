/** How full the queue of Filebeat is, whether anything leaves it, and what it dropped. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';
import { atAgents, logs, wayToThem } from './agents/agent-looks.ts';

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
    names: agentNames,
    open: (config: QueueConfig, context) => openAgentCheck(filebeat, config, context),
    online: (config, context, options) => tryAgentCheck(filebeat, config, context, options),
  },
  runbook: {
    reading: [
      logs('Which output fails, and why?'),
      { run: "curl -sS -m 10 '{url}/stats'", see: 'Which output fails, and why?' },
      'Events dropped are what the index refused (400: mapping conflicts); they are in no queue any more.',
      'A full queue: Filebeat waits, and files that rotate away meanwhile are lost.',
    ],
    'into-first-hop': [...atAgents, { run: "curl -sS -m 10 '{url}/stats'", see: 'Errors of its output?' }],
    unreadable: ['Is http.enabled true, and does http.host let us in? localhost is reached from its own host only.'],
    blind: wayToThem(),
  },
});
