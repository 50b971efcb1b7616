import { request } from 'undici';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type Loop, startLoop } from './loop.ts';
import { utcStamp } from './utc.ts';

export interface AlerterOptions {
  /** Of the index, `http://127.0.0.1:<port>`. */
  readonly indexUrl: string;
  /** Where each new canary is posted. */
  readonly hookUrl: string;
  /** Bearer of the posts. */
  readonly secret: string;
  readonly faults: { readonly stopped: boolean };
  readonly clock: Clock;
  readonly log: Log;
}

const searchEveryMs = 1_000;
const postEveryMs = 200;
/** Each search begins this long before the last complete one: documents become searchable late. */
const overlapMs = 15_000;
const hitsPerPage = 500;
/** Hits a round goes on with paging for; the rest is for the next round. */
const mostPerRound = 5_000;
const postsAtOnce = 8;
/** Alerts waiting for the hook. When it is full the alerter searches no more; the index keeps what is to come. */
const mostWaiting = 5_000;
const callTimeoutMs = 5_000;

interface Hit {
  readonly _id: string;
  readonly _source: {
    readonly message: string;
    readonly '@timestamp': string;
    readonly event: { readonly ingested: string };
  };
}

/** An alert rule on the index, as ElastAlert runs one: each canary that comes up is posted to a hook until that accepts it. */
export function startAlerter(options: AlerterOptions): Loop {
  const { clock, log, faults } = options;
  const waiting: Hit[] = [];
  const rule = createRule(options);
  const search = startLoop({
    name: 'alerter search',
    clock,
    log,
    everyMs: searchEveryMs,
    async step(signal) {
      if (!faults.stopped && waiting.length < mostWaiting) waiting.push(...(await rule(signal)));
    },
  });
  const post = startLoop({
    name: 'alerter hook',
    clock,
    log,
    everyMs: postEveryMs,
    async step(signal) {
      while (!faults.stopped && waiting.length > 0) await postSome(waiting, options, signal);
    },
  });
  return {
    async stop() {
      await Promise.all([search.stop(), post.stop()]);
    },
  };
}

/** Gives each hit once; what a search that failed half-way found is found again. */
function createRule(options: AlerterOptions) {
  let since = utcStamp(options.clock.now() - overlapMs);
  const known = new Map<string, string>();
  return async (signal: AbortSignal): Promise<Hit[]> => {
    const begun = options.clock.now();
    const hits = await searchAll(since, options, signal);
    for (const [id, ingested] of known) if (ingested < since) known.delete(id);
    const fresh = hits.filter(({ _id }) => !known.has(_id));
    for (const { _id, _source } of fresh) known.set(_id, _source.event.ingested);
    const more = hits.length >= mostPerRound ? hits.at(-1)?._source.event.ingested : undefined;
    since = more ?? utcStamp(begun - overlapMs);
    return fresh;
  };
}

/** Pages by time of ingestion; the edge of a page is asked for twice and counted once. */
async function searchAll(since: string, options: AlerterOptions, signal: AbortSignal): Promise<Hit[]> {
  const found = new Map<string, Hit>();
  let from = since;
  while (found.size < mostPerRound) {
    const hits = await searchPage(from, options, signal);
    for (const hit of hits) found.set(hit._id, hit);
    const last = hits.at(-1)?._source.event.ingested;
    if (hits.length < hitsPerPage || last === undefined || last === from) break;
    from = last;
  }
  return [...found.values()];
}

async function searchPage(since: string, { indexUrl, clock }: AlerterOptions, signal: AbortSignal): Promise<Hit[]> {
  const query = {
    bool: { filter: [{ range: { 'event.ingested': { gte: since } } }, { match: { message: 'logcanary' } }] },
  };
  const { status, text } = await send(clock, signal, `${indexUrl}/logs-*/_search?allow_partial_search_results=false`, {
    body: { size: hitsPerPage, sort: [{ 'event.ingested': 'asc' }], query },
  });
  if (status !== 200) throw new Error(`Cannot search for canaries: ${status} from the index.`);
  const { hits, _shards } = JSON.parse(text);
  if (_shards.failed > 0) throw new Error(`Cannot search for canaries: ${_shards.failed} shards failed.`);
  return hits.hits;
}

/** Posts the first few at once; those accepted leave the queue. @throws when one was not accepted */
async function postSome(waiting: Hit[], options: AlerterOptions, signal: AbortSignal): Promise<void> {
  const batch = waiting.slice(0, postsAtOnce);
  const results = await Promise.allSettled(batch.map((hit) => postOne(hit, options, signal)));
  const refused = batch.filter((_, at) => results[at]?.status === 'rejected');
  // the search may have added to the queue meanwhile
  waiting.splice(0, batch.length, ...refused);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function postOne({ _source }: Hit, options: AlerterOptions, signal: AbortSignal): Promise<void> {
  const { status } = await send(options.clock, signal, options.hookUrl, {
    headers: { authorization: `Bearer ${options.secret}` },
    body: {
      rule: 'canary seen',
      num_hits: 1,
      matches: [{ '@timestamp': _source['@timestamp'], message: _source.message }],
    },
  });
  if (status < 200 || status > 299) throw new Error(`Cannot post an alert: ${status} from ${options.hookUrl}.`);
}

async function send(
  clock: Clock,
  signal: AbortSignal,
  url: string,
  { body, headers }: { body: object; headers?: Record<string, string> },
): Promise<{ status: number; text: string }> {
  const deadline = clock.deadline(callTimeoutMs, signal);
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: deadline.signal,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } finally {
    deadline.clear();
  }
}
