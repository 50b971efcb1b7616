/** How old the newest metrics of every Ready node are, as Metricbeat has written them to Elasticsearch or OpenSearch. */
import { z } from 'zod';
import { type CallOptions, type Check, defineProbe, type ProbeContext, parseDuration } from '../src/probe.ts';
import { clusterConfig, elasticNames, targetOf } from './elasticsearch/elastic-config.ts';

const maxAge = z.string().transform((text, context) => {
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.message, input: text });
  return z.NEVER;
});

const Config = z.strictObject({
  ...clusterConfig,
  index: z
    .string()
    .regex(/^[a-z0-9][^\s"\\/?#<>|A-Z]{0,254}$/, 'not a name or pattern of indices')
    .default('metricbeat-*')
    .describe('Where Metricbeat writes. Default metricbeat-*.'),
  modules: z
    .array(z.enum(['system', 'kubernetes']))
    .min(1)
    .default(['system', 'kubernetes'])
    .describe(
      'What every node should have. Default [system, kubernetes]. Without kubernetes there is no list of nodes: hosts count that wrote within 15 min.',
    ),
  host_field: z
    .string()
    .regex(/^[\w.@-]{1,200}$/)
    .default('host.name')
    .describe(
      "Field of system metrics with the node's name. Default host.name; also found when it is the first part of that.",
    ),
  max_age: maxAge.optional().describe('Older than this is a finding. Default: three periods, at least 60s.'),
});
type FreshnessConfig = z.output<typeof Config>;

async function open(config: FreshnessConfig, { clock }: ProbeContext): Promise<Check> {
  const [{ openElastic }, { checkFreshness }, { createLasting }] = await Promise.all([
    import('./elasticsearch/elastic-client.ts'),
    import('./agents/metricbeat.ts'),
    import('./agents/lasting.ts'),
  ]);
  const elastic = await openElastic(config);
  const { index, host_field: hostField, modules, max_age: maxAgeMs } = config;
  const options = { elastic, index, hostField, modules, maxAgeMs, clock, lasting: createLasting() };
  return { check: ({ signal }) => checkFreshness(options, signal), close: () => elastic.close() };
}

async function online(config: FreshnessConfig, context: ProbeContext, options: CallOptions): Promise<string> {
  const check = await open(config, context);
  try {
    const { readings, why } = await check.check(options);
    if (why !== undefined) throw why;
    return `may search "${config.index}"; it has metrics of ${new Set(readings.map(({ agent }) => agent?.name)).size} nodes`;
  } finally {
    await check.close();
  }
}

export default defineProbe({
  kind: 'metricbeat-freshness',
  measures:
    "Age of every Ready node's newest system and kubernetes metrics in the index, against three of their periods.",
  check: {
    config: Config,
    target: targetOf,
    names: (config: FreshnessConfig) => ({ ...elasticNames(config), index: config.index }),
    open,
    online,
  },
  runbook: {
    reading: [
      {
        run: "{curl} '{url}/{index}/_search?sort=@timestamp:desc&size=1&filter_path=hits.hits._source.@timestamp'",
        see: 'Old? Then all nodes are late: see the index. Otherwise see the Metricbeat pod on the node named.',
      },
      'Metricbeat drops metrics after three tries and never sends them again.',
      'state_node is asked by one leader only: see its lease, and kube-state-metrics.',
    ],
    unreadable: [
      {
        run: "{curl} '{url}/_cat/indices/{index}?v'",
        see: 'Is it where Metricbeat writes, and may the canary user read it?',
      },
    ],
  },
});
