/** An Elasticsearch or OpenSearch index as a hop: is each canary searchable yet? */
import { z } from 'zod';
import { defineProbe, type Look, type Observer, type ProbeContext, ProbeError } from '../src/probe.ts';
import { clusterConfig, elasticNames, targetOf } from './elasticsearch/elastic-config.ts';

/** `index.max_result_window`. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
const MAX_RESULT_WINDOW = 10_000;

/** Six small searches an hour and age, beside two a second at most. */
const RECHECK_EVERY_MS = 10 * 60_000;

const Config = z.strictObject({
  ...clusterConfig,
  index: z
    .string()
    .regex(/^[^\s/]+$/, 'an index, data stream or pattern, such as filebeat-*')
    .describe('Where the lines go: an index, a data stream, a pattern, or several with commas.'),
  fields: z.array(z.string().min(1)).min(1).max(16).default(['message']).describe('Fields that may hold the log line.'),
  time_field: z
    .string()
    .min(1)
    .default('@timestamp')
    .describe("The documents' time; only used to sweep when very many canaries are missing."),
  max_hits: z.int().min(1).max(MAX_RESULT_WINDOW).default(5000).describe('Hits fetched by one search.'),
});

type ElasticsearchConfig = z.output<typeof Config>;

/** Loads the client only now: 43 MB that nobody pays who watches no index. */
async function connect(config: ElasticsearchConfig, { clock }: ProbeContext) {
  const [{ openElastic }, { createSearcher }, { createPlanner }] = await Promise.all([
    import('./elasticsearch/elastic-client.ts'),
    import('./elasticsearch/search.ts'),
    import('./elasticsearch/field-plan.ts'),
  ]);
  const elastic = await openElastic(config);
  const searcher = createSearcher({ elastic, index: config.index, target: targetOf(config), clock });
  return { elastic, searcher, planner: createPlanner({ elastic, searcher, fields: config.fields, clock }) };
}

async function open(config: ElasticsearchConfig, context: ProbeContext): Promise<Observer> {
  const { elastic, searcher, planner } = await connect(config, context);
  const { look } = await import('./elasticsearch/look.ts');
  const ask: Observer['observe'] = async (question, { signal }) => {
    try {
      const plan = await planner.plan(signal);
      if (question.count === 0) return { coverage: 'complete', finds: [] };
      const options = { searcher, plan, timeField: config.time_field, maxHits: config.max_hits };
      const seen = await look(options, question, signal);
      return planner.fits() || seen.coverage === 'partial' ? seen : rolledOver(config.index, seen);
    } catch (error) {
      planner.forget();
      if (error instanceof ProbeError && ['not_found', 'unsupported'].includes(error.reason))
        return { coverage: 'partial', finds: [], why: error };
      throw error;
    }
  };
  return {
    mode: 'poll',
    // The same document answers every look that asks for its token: a second find is no duplicate.
    finds: 'repeats',
    observe: ask,
    // A term costs the same to look up however old it is, in all indices that `index` means. A few tokens: one search.
    recheck: { everyMs: RECHECK_EVERY_MS, spanMs: RECHECK_EVERY_MS, look: ask },
    close: () => elastic.close(),
  };
}

/** The plan was made for other indices: the new ones may map the fields so that lines in them are not found. */
function rolledOver(index: string, { since: _, ...seen }: Look): Look {
  const message = `Indices of "${index}" came or went since their mappings were read, as at each rollover. The next look reads them anew.`;
  return { ...seen, coverage: 'partial', why: new ProbeError(message, { reason: 'partial', retryable: true }) };
}

async function online(
  config: ElasticsearchConfig,
  context: ProbeContext,
  { signal }: { readonly signal: AbortSignal },
): Promise<string> {
  const { elastic, searcher, planner } = await connect(config, context);
  try {
    const { fields, doubt } = await planner.plan(signal);
    await searcher.search({ query: { match_all: {} }, size: 0, _source: false }, signal);
    if (doubt !== undefined) throw doubt;
    return `may search "${config.index}" at ${targetOf(config)}, in ${[...new Set(fields.map(({ field }) => field))].join(', ')}`;
  } finally {
    await elastic.close();
  }
}

function namesOf(config: ElasticsearchConfig) {
  const { index, fields } = config;
  return { ...elasticNames(config), index, fields: fields.join(',') };
}

export default defineProbe({
  kind: 'elasticsearch',
  measures: 'Injection until a search returns the canary.',
  observe: { config: Config, target: targetOf, names: namesOf, open, online },
  asksAgain:
    'One search for at most 33 tokens every 10 minutes and age, in all indices that `index` means, however old. An alias that means the newest index only forgets at each rollover: set `retention` to what can be found by that name.',
  runbook: {
    stopped: [
      { run: "{curl} '{url}/_cluster/health?pretty'", see: 'red, or no answer? Then the cluster takes no lines.' },
      {
        run: "{curl} '{url}/{index}/_settings/index.blocks.*?flat_settings'",
        see: 'Anything but {}? Then its writes are blocked: a full disk, as a rule.',
      },
      'The log of the consumer that writes there: does it run? 429 and 403 are refusals of the cluster.',
    ],
    slow: [
      {
        run: "{curl} '{url}/_cat/thread_pool/write?v&h=node_name,active,queue,rejected'",
        see: 'Writes that wait or are rejected: the cluster does not keep up.',
      },
      {
        run: "{curl} '{url}/{index}/_settings/index.refresh_interval?flat_settings'",
        see: 'Lines are found only after a refresh.',
      },
      'The backlog of the consumer that writes there.',
    ],
    lossy: [
      'The log of the consumer: 400 (mapping conflicts) and 429 (full queues) drop single lines.',
      {
        run: "{curl} '{url}/_nodes/stats/ingest?filter_path=nodes.*.ingest.pipelines.*.failed'",
        see: 'Ingest pipelines that fail, drop or reroute lines.',
      },
      'On Elasticsearch 8.19 and later: search <data stream>::failures.',
    ],
    unreadable: [
      { run: "{curl} '{url}/_cluster/health?pretty'", see: 'red, no master, or no answer?' },
      {
        run: "{curl} '{url}/_cat/shards/{index}?v&h=index,shard,prirep,state,unassigned.reason'",
        see: 'Shards that are not STARTED cannot be searched.',
      },
    ],
    blind: [
      '401 and 403 in this page: the credentials that logcanary uses, auth of hop {hop} in its configuration and the secret that they come from. 401: wrong or expired; 403: a privilege is missing.',
      {
        run: "{curl} '{url}/_cluster/health?pretty'",
        see: 'From the machine of logcanary: does it answer at all? No: network, DNS, certificates there. Your own login says nothing of its credentials.',
      },
    ],
    unproven: [
      {
        run: "{curl} '{url}/_cat/indices/{index}?v&s=index'",
        see: 'Are these the indices that the pipeline writes to?',
      },
      {
        run: "{curl} '{url}/{index}/_field_caps?fields={fields}'",
        see: 'Is the line in these fields, and are they searchable?',
      },
    ],
    vanished: [
      {
        run: "{curl} '{url}/_tasks?actions=*delete*&detailed&pretty'",
        see: 'What deletes at this moment? Then index lifecycle management (ILM), clean-up jobs, a reindex; the audit log of the cluster tells who.',
      },
      {
        run: "{curl} '{url}/_cat/indices/{index}?v&s=index&h=index,creation.date.string,docs.count,docs.deleted'",
        see: 'Is an index of that time gone, or were documents deleted?',
      },
      "Right that they are gone so soon? Then only logcanary expects too much: set retention of hop {hop} in logcanary's configuration, and change nothing in Elasticsearch.",
      'If lines may be gone so soon, set retention of {hop}; an alias that means the newest index only forgets at each rollover.',
    ],
    inconsistent: [
      {
        run: "{curl} '{url}/_cat/indices/{index}?v&s=index'",
        see: 'Do lines go into an index that is not among these? What lies behind {hop} may read another one.',
      },
      'Do both read the same cluster, and the same index or alias?',
    ],
    misrouted: [
      "The route of the pipelines named: the index that their agents or consumers write to, and its template's conditions.",
      'Who may read {index}? Lines of another tenant lie there.',
    ],
  },
});
