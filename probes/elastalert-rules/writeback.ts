/**
 * What ElastAlert writes down of itself: a document for each run of a rule that went through, one for each error, one for each
 * alert and one for each silence. Since Elasticsearch 6 they lie in indices of their own (`<writeback_index>_status`, `_error`,
 * `_silence`), before in one; told apart by their fields, they are found in both. The same in ElastAlert 0.1, 0.2 and
 * ElastAlert 2. https://elastalert2.readthedocs.io/en/latest/elastalert_status.html
 */
import { z } from 'zod';
import { type EpochMs, ProbeError } from '../../src/probe.ts';
import type { Elastic, Errand } from '../elasticsearch/elastic-client.ts';
import { askMetadata } from '../elasticsearch/index-metadata.ts';

/** One rule's newest run. */
export interface RuleRuns {
  readonly rule: string;
  /** By ElastAlert's clock. */
  readonly lastAt: EpochMs;
  /** Between two runs, ms, on average; undefined after a single run. */
  readonly periodMs: number | undefined;
  /** How long the newest took, s. */
  readonly tookS: number;
  /** Documents that the runs of the last `recentMs` found, and how many runs those were. */
  readonly recent: { readonly runs: number; readonly hits: number };
}

export interface RuleError {
  readonly at: EpochMs;
  /** Undefined where it is about no rule that runs: a file that cannot be loaded. */
  readonly rule: string | undefined;
  readonly message: string;
}

export interface Writeback {
  readonly runs: ReadonlyMap<string, RuleRuns>;
  /** Newest first. */
  readonly errors: readonly RuleError[];
  /** Until when a canary rule is silenced, by name, as `elastalert --silence` writes it. */
  readonly silences: ReadonlyMap<string, EpochMs>;
  /** Alerts that could not be sent and are tried again. */
  readonly unsent: number;
}

export interface WritebackOptions {
  readonly elastic: Elastic;
  /** All of ElastAlert's indices. */
  readonly index: string;
  /** How far back a rule that ran is known. */
  readonly windowMs: number;
  /** Of the newest runs, whose hits are summed up. */
  readonly recentMs: number;
  /** Rules of which it matters whether somebody silenced them. */
  readonly canaryRules: readonly string[];
}

/** More rules than anybody has. */
const maxRules = 2_000;
/** Newest first: a rule that fails every minute fills an hour with 60. */
const maxErrors = 500;
/** Errors older than this are over, or come again. */
const errorWindow = '1h';
/** An alert is tried again at each run; what waits longer than this does not get out. */
const unsentFor = '5m';

const time = z.object({ value: z.number().nullable() });
const shards = z.object({ total: z.number(), failed: z.number() });
const runSource = z.object({ time_taken: z.number().default(0) });
const runsAnswer = z.object({
  timed_out: z.boolean(),
  _shards: shards,
  aggregations: z
    .object({
      runs: z.object({
        rules: z.object({
          sum_other_doc_count: z.number().default(0),
          buckets: z.array(
            z.object({
              ...{ key: z.string(), doc_count: z.number(), first: time, last: time },
              recent: z.object({ doc_count: z.number(), hits: time }),
              newest: z.object({ hits: z.object({ hits: z.array(z.object({ _source: runSource })) }) }),
            }),
          ),
        }),
      }),
      unsent: z.object({ doc_count: z.number() }),
    })
    .optional(),
});
const errorSource = z.object({
  '@timestamp': z.string(),
  message: z.string(),
  data: z.object({ rule: z.string().optional(), rule_name: z.string().optional() }).nullish(),
});
const silenceSource = z.object({ rule_name: z.string(), until: z.string() });
const notesAnswer = z.object({
  timed_out: z.boolean(),
  _shards: shards,
  hits: z.object({ hits: z.array(z.object({ _source: z.union([errorSource, silenceSource]) })) }),
});

/** @throws ProbeError when not all of it can be seen */
export async function readWriteback(options: WritebackOptions, signal: AbortSignal): Promise<Writeback> {
  const { elastic, index } = options;
  const field = await ruleField(options, signal);
  const found = await elastic.ask(errandOf(index), runsAnswer, signal, (client, call) =>
    client.search({ index, ...runsBody(field, options) } as object, call),
  );
  const noted = await elastic.ask(errandOf(index), notesAnswer, signal, (client, call) =>
    client.search({ index, ...notesBody(options) } as object, call),
  );
  for (const { _shards, timed_out } of [found, noted]) expectWhole(index, _shards, timed_out);
  const { aggregations } = found;
  if (aggregations === undefined) throw noIndex(index);
  const { runs, unsent } = aggregations;
  const notes = noted.hits.hits.map(({ _source }) => _source);
  if (runs.rules.sum_other_doc_count > 0) throw partial(index, `more than ${maxRules} rules`);
  return {
    runs: new Map(runs.rules.buckets.flatMap((bucket) => runsOf(bucket))),
    errors: notes.flatMap((note) => ('message' in note ? [errorOf(note)] : [])),
    silences: new Map(notes.flatMap((note) => ('until' in note ? [[nameOf(note), Date.parse(note.until) || 0]] : []))),
    unsent: unsent.doc_count,
  };
}

function errandOf(index: string): Errand {
  return { what: `search "${index}"`, grant: 'read on the index', check: `that "${index}" exists, or set index` };
}

// ------------------------------------------------------------------------------------------------ what is asked

/**
 * A keyword in indices that ElastAlert made; where they were made by writing to them (OpenSearch 2 refuses the mappings of
 * ElastAlert 0.2), a text with a keyword below.
 */
async function ruleField({ elastic, index }: WritebackOptions, signal: AbortSignal): Promise<string> {
  const metadata = await askMetadata(elastic, index, ['rule_name'], signal);
  // who may only search is told by the search whether it fits
  if (metadata === undefined) return 'rule_name';
  if (metadata.indices.length === 0) throw noIndex(index);
  const types = metadata.indices.flatMap(({ fields }) => fields.get('rule_name')?.type ?? []);
  return types.includes('text') ? 'rule_name.keyword' : 'rule_name';
}

const exists = (field: string) => ({ exists: { field } });
const since = (field: string, from: string) => ({ range: { [field]: { gte: from } } });
/** An index that nothing was written to has no such field yet. */
const newestFirst = [{ '@timestamp': { order: 'desc', unmapped_type: 'date' } }];
const whole = { allow_partial_search_results: false, track_total_hits: false };

/** Only what every version since 6 has. */
function runsBody(field: string, { windowMs, recentMs }: WritebackOptions): object {
  // date math knows no milliseconds
  const before = (span: number) => `now-${Math.ceil(span / 1000)}s`;
  const rules = (aggs: object) => ({ rules: { terms: { field, size: maxRules }, aggs } });
  const at = '@timestamp';
  return {
    ...{ ...whole, size: 0 },
    query: { bool: { filter: [since(at, before(windowMs))] } },
    aggs: {
      runs: {
        filter: exists('endtime'),
        aggs: rules({
          first: { min: { field: at } },
          last: { max: { field: at } },
          recent: { filter: since(at, before(recentMs)), aggs: { hits: { sum: { field: 'hits' } } } },
          newest: { top_hits: { size: 1, sort: newestFirst, _source: ['time_taken'] } },
        }),
      },
      unsent: {
        filter: {
          bool: { filter: [{ term: { alert_sent: false } }, { range: { alert_time: { lt: `now-${unsentFor}` } } }] },
        },
      },
    },
  };
}

function notesBody({ canaryRules }: WritebackOptions): object {
  const errors = [since('@timestamp', `now-${errorWindow}`), exists('message'), exists('traceback')];
  // a phrase finds the name in a keyword and in a text
  const silences = canaryRules.map((rule) => ({
    bool: { filter: [since('until', 'now'), { match_phrase: { rule_name: `${rule}${silenced}` } }] },
  }));
  return {
    ...{ ...whole, size: maxErrors, sort: newestFirst },
    _source: ['@timestamp', 'message', 'data.rule', 'data.rule_name', 'rule_name', 'until'],
    query: { bool: { should: [{ bool: { filter: errors } }, ...silences], minimum_should_match: 1 } },
  };
}

// ------------------------------------------------------------------------------------------------ what comes back

type Bucket = NonNullable<z.infer<typeof runsAnswer>['aggregations']>['runs']['rules']['buckets'][number];

function runsOf({ key, doc_count: count, first, last, recent, newest }: Bucket): [string, RuleRuns][] {
  if (first.value === null || last.value === null) return [];
  const periodMs = count > 1 ? (last.value - first.value) / (count - 1) : undefined;
  const tookS = newest.hits.hits[0]?._source.time_taken ?? 0;
  const seen = { runs: recent.doc_count, hits: recent.hits.value ?? 0 };
  return [[key, { rule: key, lastAt: last.value, periodMs, tookS, recent: seen }]];
}

/** What ElastAlert appends to a rule's name when it is silenced as a whole. */
const silenced = '._silence';

function nameOf({ rule_name: name }: z.infer<typeof silenceSource>): string {
  return name.endsWith(silenced) ? name.slice(0, -silenced.length) : name;
}

function errorOf({ '@timestamp': at, message, data }: z.infer<typeof errorSource>): RuleError {
  return { at: Date.parse(at) || 0, rule: data?.rule ?? data?.rule_name, message };
}

function expectWhole(index: string, { total, failed }: z.infer<typeof shards>, timedOut: boolean): void {
  if (total === 0) throw noIndex(index);
  if (failed > 0 || timedOut) throw partial(index, `${failed} of ${total} shards failed or took too long`);
}

function noIndex(index: string): ProbeError {
  const message = `Cannot search "${index}": no index of ElastAlert matches it. Set index to its writeback_index and a star.`;
  return new ProbeError(message, { reason: 'not_found', retryable: true });
}

function partial(index: string, what: string): ProbeError {
  const message = `Searched only a part of "${index}": ${what}. Look at the health of the cluster, or narrow index.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}
