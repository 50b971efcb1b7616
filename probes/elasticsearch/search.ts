/** One search, and whether its answer may be believed. */
import { z } from 'zod';
import { type Clock, type Find, ProbeError, scan } from '../../src/probe.ts';
import type { Elastic } from './elastic-client.ts';
import { paceOf } from './pace.ts';

const searchAnswer = z.object({
  timed_out: z.boolean(),
  terminated_early: z.boolean().optional(),
  _shards: z.object({ total: z.number(), failed: z.number() }),
  // Elasticsearch since 8.10 names every way in which a remote cluster did not take part; older ones only `skipped`.
  _clusters: z
    .object({ skipped: z.number().default(0), partial: z.number().default(0), failed: z.number().default(0) })
    .optional(),
  hits: z.object({
    hits: z.array(
      z.object({
        _index: z.string(),
        _id: z.string(),
        _source: z.unknown().optional(),
        sort: z.array(z.unknown()).optional(),
      }),
    ),
  }),
});

type SearchAnswer = z.infer<typeof searchAnswer>;
export type Hit = SearchAnswer['hits']['hits'][number];

/** A query as JSON; only the clauses that every version since 6 knows. */
export type Query = Readonly<Record<string, unknown>>;

export interface SearchBody {
  readonly query: Query;
  readonly size: number;
  /** The fields to fetch. An empty list would fetch everything. */
  readonly _source: readonly string[] | false;
  readonly sort?: readonly Query[];
}

/** Searches in turn with all others of this process who search the same cluster. */
export interface Searcher {
  readonly index: string;
  /** All hits up to `size`. @throws ProbeError also for an answer that does not cover all of the index. */
  search(body: SearchBody, signal: AbortSignal): Promise<readonly Hit[]>;
  /** Of how many shards the last search was; undefined before the first. Another number: indices came or went. */
  shards(): number | undefined;
}

export interface SearcherOptions {
  readonly elastic: Elastic;
  readonly index: string;
  /** Whose pace is shared. */
  readonly target: string;
  readonly clock: Clock;
}

export function createSearcher({ elastic, index, target, clock }: SearcherOptions): Searcher {
  const pace = paceOf(clock, target);
  const errand = {
    what: `search "${index}"`,
    grant: 'read on the index',
    check: `that "${index}" exists, or set index`,
  };
  let shards: number | undefined;
  return {
    index,
    shards: () => shards,
    async search(body, signal) {
      const request = { index, ...body, track_total_hits: false, allow_partial_search_results: false };
      const answer = await elastic.ask(errand, searchAnswer, signal, async (client, options) => {
        await pace.turn(signal);
        return client.search(request as object, options);
      });
      assertWhole(index, answer);
      shards = answer._shards.total;
      return answer.hits.hits;
    },
  };
}

/** Old servers and proxies may ignore `allow_partial_search_results`; and no shards at all is a success. */
function assertWhole(index: string, answer: SearchAnswer): void {
  const { _shards: shards, _clusters: clusters } = answer;
  if (shards.total === 0) throw nothingMatches(index);
  if (shards.failed > 0) throw incomplete(index, `${shards.failed} of ${shards.total} shards failed`);
  if (answer.timed_out || answer.terminated_early === true)
    throw incomplete(index, 'the cluster stopped before the end');
  const absent = clusters === undefined ? 0 : clusters.skipped + clusters.partial + clusters.failed;
  if (absent > 0) throw incomplete(index, `${absent} remote clusters did not take part`);
}

export function nothingMatches(index: string): ProbeError {
  return new ProbeError(
    `Cannot search "${index}": no index matches it. Set index to where the lines go, or wait until the first one is written.`,
    {
      reason: 'not_found',
      retryable: true,
    },
  );
}

function incomplete(index: string, what: string): ProbeError {
  return new ProbeError(`Searched only a part of "${index}": ${what}. Look at the health of the cluster.`, {
    reason: 'partial',
    retryable: true,
  });
}

/** What a hit's source shows, one find for each canary however many fields hold the line. */
export function findsOf(hit: Hit): ReturnType<typeof scan> {
  return scan(JSON.stringify(hit._source ?? {}));
}

export function isLine(find: Find): boolean {
  return find.kind === 'line';
}
