/**
 * One look into the index. Asks for the missing tokens themselves, with no bound on time: a term lookup costs the same
 * over any period, and a bound on the documents' own clocks would hide those whose clock is wrong. Only when more are
 * missing than the look may ask for does it sweep by prefix and time instead, which delivers but does not accuse.
 */
import { type Find, type Look, longestLine, ProbeError, type Question } from '../../src/probe.ts';
import { OPENINGS, prefixesOf } from './field-doubt.ts';
import type { Plan } from './field-plan.ts';
import { findsOf, type Hit, isLine, type Query, type Searcher } from './search.ts';

/** Far below `index.max_terms_count` (65,536); 220 kB a search. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
export const TOKENS_PER_SEARCH = 4096;
/** Each is a clause for each opening in a keyword field: half of the old `indices.query.bool.max_clause_count` of 1,024. */
export const VALUES_PER_SEARCH = 512 / OPENINGS.length;
/** With two searches a second a full look takes 4 s, within the shortest time-out of 10 s. */
export const SEARCHES_PER_LOOK = 8;
/** Echoes and suspects reported by one look: one logged search of ours may repeat 4,096 tokens, in thousands of documents. */
const MAX_OTHERS = 1000;
/** How far behind our clock a document's time may lie and still be swept. */
const SWEEP_MARGIN_MS = 24 * 3_600_000;

export interface LookOptions {
  readonly searcher: Searcher;
  readonly plan: Plan;
  readonly timeField: string;
  /** Hits per search. */
  readonly maxHits: number;
}

interface Run extends LookOptions {
  readonly question: Question;
  readonly signal: AbortSignal;
  readonly finds: Find[];
  /** Documents whose finds were taken, so that one on two pages counts once. */
  readonly seen: Set<string>;
  /** Echoes and suspects so far. */
  others: number;
  size: number;
  searchesLeft: number;
  bytes: number;
  why: ProbeError | undefined;
}

/** Looks for all tokens of the question. @throws ProbeError when it failed before it found anything. */
export async function look(options: LookOptions, question: Question, signal: AbortSignal): Promise<Look> {
  const { plan } = options;
  const run: Run = {
    ...{ ...options, question, signal, finds: [], seen: new Set(), others: 0, bytes: 0, why: plan.doubt },
    ...{ searchesLeft: SEARCHES_PER_LOOK, size: Math.min(options.maxHits, plan.maxHits ?? options.maxHits) },
  };
  let cursor: string | undefined;
  try {
    if (question.count > run.searchesLeft * chunkSize(plan)) cursor = await sweep(run);
    else await askForTokens(run);
  } catch (error) {
    if (!(error instanceof ProbeError) || run.finds.length === 0) throw error;
    run.why = error;
  }
  const seen = { finds: run.finds, bytes: run.bytes, ...(cursor === undefined ? {} : { cursor }) };
  if (run.why !== undefined) return { coverage: 'partial', ...seen, why: run.why };
  return { coverage: 'complete', ...seen, ...(plan.since === undefined ? {} : { since: plan.since }) };
}

function chunkSize({ fields, maxTerms }: Plan): number {
  const size = fields.some(({ how }) => how === 'value') ? VALUES_PER_SEARCH : TOKENS_PER_SEARCH;
  return Math.min(size, maxTerms ?? size);
}

/** Lucene refuses longer terms, and so the whole document: a longer line is lost and not hidden. UTF-8 bytes. */
const LONGEST_TERM = 32_766;

/**
 * Keyword fields keep values over `ignore_above` without indexing them: such a line is there and is not found. Not asked
 * of `_ignored`, which names such fields since Elasticsearch 7.14 only, in OpenSearch never, and for everybody's lines.
 * https://github.com/elastic/elasticsearch/pull/74434
 */
function doubtIgnored(run: Run, chars: number): void {
  const short = run.plan.fields.find(({ ignoreAbove }) => ignoreAbove !== undefined && ignoreAbove < chars);
  if (short !== undefined)
    run.why ??= new ProbeError(
      `Field "${short.field}" in "${run.searcher.index}" leaves out lines over ${short.ignoreAbove} characters (ignore_above), and a canary may have ${chars}. Set fields to a text field that holds the line, or raise ignore_above.`,
      { reason: 'unsupported' },
    );
}

async function search(run: Run, body: Parameters<Searcher['search']>[0]): Promise<readonly Hit[]> {
  run.searchesLeft -= 1;
  return run.searcher.search(body, run.signal);
}

// ------------------------------------------------------------------------------------------------ by token

async function askForTokens(run: Run): Promise<void> {
  const fresh = chunksOf(run.question.tokens(), chunkSize(run.plan));
  const again: string[][] = [];
  for (;;) {
    const chunk = again.pop() ?? fresh.next().value;
    if (chunk === undefined) return;
    if (run.searchesLeft <= 0) {
      run.why ??= partial(
        `Searched "${run.searcher.index}" ${SEARCHES_PER_LOOK} times, which is all that one look may, and was not through. The next look goes on.`,
      );
      return;
    }
    again.push(...(await askFor(run, chunk)));
  }
}

/** Asks for these tokens; returns those to ask for again, in the lots to do it in. */
async function askFor(run: Run, chunk: string[]): Promise<string[][]> {
  const { size } = run;
  if (run.plan.fields.some(({ ignoreAbove }) => ignoreAbove !== undefined))
    doubtIgnored(run, Math.min(LONGEST_TERM, Math.max(...chunk.map(longestLine))));
  const hits = await page(run, { query: tokensQuery(run.plan, chunk), size, _source: run.plan.source });
  if (hits === undefined) return [chunk];
  const delivered = new Set(
    hits.flatMap((hit) => take(run, hit)).flatMap((find) => (isLine(find) ? [find.token] : [])),
  );
  if (hits.length < size) return [];
  // The page is full, so there may be more. What was found need not be asked for again, which makes room for the rest.
  const rest = chunk.filter((token) => !delivered.has(token));
  if (rest.length === 0) return [];
  if (rest.length < chunk.length) return [rest];
  if (chunk.length > 1) return [chunk.slice(chunk.length / 2), chunk.slice(0, chunk.length / 2)];
  run.why ??= partial(
    `Over ${size} documents in "${run.searcher.index}" only repeat our searches. Leave the cluster's own slow and audit logs out of index.`,
  );
  return [];
}

function tokensQuery(plan: Plan, tokens: string[]): Query {
  const should = plan.fields.flatMap(({ field, how }): Query[] =>
    how === 'term' ? [{ terms: { [field]: tokens } }] : tokens.map((token) => prefixesOf({ field, how }, token)),
  );
  return { bool: { should, minimum_should_match: 1 } };
}

function* chunksOf(tokens: Iterable<string>, size: number): Generator<string[], undefined> {
  let chunk: string[] = [];
  for (const token of tokens) {
    chunk.push(token);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

// ------------------------------------------------------------------------------------------------ by prefix and time

/** Returns where the next look goes on; absent when this one came to the end. */
async function sweep(run: Run): Promise<string | undefined> {
  doubtIgnored(run, LONGEST_TERM);
  let from = readCursor(run.question.cursor);
  if (from === undefined) {
    const hits = await page(run, { query: prefixQuery(run), size: run.size, _source: run.plan.source });
    for (const hit of hits ?? []) take(run, hit);
    // Everything that could be ours fitted on one page: then nothing of ours is anywhere else.
    if (hits !== undefined && hits.length < run.size) return undefined;
    from = run.question.since - SWEEP_MARGIN_MS;
  }
  run.why ??= partial(
    `Asked for ${run.question.count} canaries in "${run.searcher.index}", more than one look may search for one by one; swept by time instead.`,
  );
  let next: number | undefined = from;
  while (next !== undefined && run.searchesLeft > 0) next = await sweepFrom(run, next);
  return next === undefined ? undefined : JSON.stringify({ from: next });
}

/** One page of the sweep; returns the time to go on from, absent at the end. */
async function sweepFrom(run: Run, from: number): Promise<number | undefined> {
  const { size, timeField } = run;
  const hits = await page(run, {
    ...{
      query: prefixQuery(run, { range: { [timeField]: { gte: from, format: 'epoch_millis' } } }),
      size,
      _source: run.plan.source,
    },
    sort: [{ [timeField]: { order: 'asc', unmapped_type: 'date' } }],
  });
  if (hits === undefined) return from;
  for (const hit of hits) take(run, hit);
  if (hits.length < size) return undefined;
  // From the last time again, not after it: others may share it. A page full of one time is stepped over.
  const last = Number(hits.at(-1)?.sort?.[0]);
  if (!Number.isFinite(last)) return undefined;
  return last > from ? last : from + 1;
}

function prefixQuery(run: Run, ...filter: Query[]): Query {
  const should = run.plan.fields.flatMap((field) => run.question.prefixes.map((prefix) => prefixesOf(field, prefix)));
  return { bool: { should, minimum_should_match: 1, filter } };
}

/** The time that an earlier sweep had come to; absent for anything that is not our own cursor. */
function readCursor(text: string | undefined): number | undefined {
  const found = /^\{"from":(\d{1,15})\}$/.exec(text ?? '');
  return found === null ? undefined : Number(found[1]);
}

// ------------------------------------------------------------------------------------------------ hits

/** A page of hits; undefined when it was too large to take, and the next will be smaller. */
async function page(run: Run, body: Parameters<Searcher['search']>[0]): Promise<readonly Hit[] | undefined> {
  try {
    return await search(run, body);
  } catch (error) {
    const tooLarge = error instanceof ProbeError && error.reason === 'too_large';
    if (!tooLarge || run.size === 1) throw error;
    run.size = Math.max(1, Math.floor(run.size / 8));
    return undefined;
  }
}

/** Takes the finds of a document not seen before, and returns them. */
function take(run: Run, hit: Hit): readonly Find[] {
  const key = `${hit._index}/${hit._id}`;
  if (run.seen.has(key)) return [];
  run.seen.add(key);
  const { finds, why } = findsOf(hit);
  run.bytes += JSON.stringify(hit._source ?? '').length;
  for (const find of finds) {
    if (!isLine(find)) run.others += 1;
    if (isLine(find) || run.others <= MAX_OTHERS) run.finds.push(find);
  }
  if (why !== undefined || finds.length === 0)
    run.why ??= partial(
      `A document in "${run.searcher.index}" matches a canary, but its source does not show it. Keep _source enabled for the fields, or set fields to one that is stored as it came.`,
    );
  return finds;
}

function partial(message: string): ProbeError {
  return new ProbeError(message, { reason: 'partial', retryable: true });
}
