/** How full the persisted queues of Logstash are, whether its pipelines are blocked, and what they dropped. */
import { z } from 'zod';
import { defineProbe } from '../src/probe.ts';
import { type AgentKind, openAgentCheck, tryAgentCheck } from './agents/agent-check.ts';
import { agentFields, agentNames, agentsTarget, agentsThrough, oneWayToAgents } from './agents/agent-config.ts';
import { atAgents, logs, wayToThem } from './agents/agent-looks.ts';

const Config = z
  .strictObject({
    ...agentFields(9600),
    conflicts: z
      .enum(['count', 'ignore'])
      .default('count')
      .describe(
        'Whether documents that Elasticsearch refuses with 409 count as dropped. Default count; ignore where document_id is set and repeats are refused on purpose.',
      ),
  })
  .refine(...oneWayToAgents);
type QueueConfig = z.output<typeof Config>;

function logstash({ conflicts }: QueueConfig): AgentKind {
  return {
    setup: {
      kind: 'logstash',
      needs: 'api.enabled and api.http.host (http.host before 7.11), which is loopback unless set',
    },
    reader: async () =>
      (await import('./agents/logstash.ts')).logstashReader({ countsConflicts: conflicts === 'count' }),
  };
}

/** It stands before a stream or behind it. */
const atLogstash = [
  ...atAgents,
  {
    run: "curl -sS -m 10 '{url}/_node/stats/pipelines?pretty'",
    see: 'events.out that stands still is a dead output.',
  },
] as const;

export default defineProbe({
  kind: 'logstash-queue',
  measures:
    "Logstash's persisted queues and dead letter queues against their sizes, pipelines that are blocked, events dropped.",
  check: {
    config: Config,
    target: agentsTarget,
    through: agentsThrough,
    names: agentNames,
    open: (config: QueueConfig, context) => openAgentCheck(logstash(config), config, context),
    online: (config: QueueConfig, context, options) => tryAgentCheck(logstash(config), config, context, options),
  },
  runbook: {
    reading: [
      logs('Which output fails, and why?'),
      {
        run: "curl -sS -m 10 '{url}/_node/stats/pipelines?pretty'",
        see: 'events.out that stands still is a dead output.',
      },
      'Events refused are 400 or 404 of Elasticsearch: switch the dead letter queue on to keep them.',
      'A full queue stops the inputs; the shippers before it fill next.',
    ],
    'into-first-hop': atLogstash,
    'out-of-first-hop': atLogstash,
    unreadable: ['Does the API listen where we ask (9600 to 9700), and does it ask for a password?'],
    blind: wayToThem(),
  },
});
