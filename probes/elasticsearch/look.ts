/**
 * One look into the index. Asks for the missing tokens themselves, with no bound on time: a term lookup costs the same
 * over any period, and a bound on the documents' own clocks would hide those whose clock is wrong. Only when more are
 * missing than the look may ask for does it sweep by prefix and time instead, which delivers but does not accuse.
 */
import { type Find, type Look, ProbeError, type Question } from '../../src/probe.ts';
import { OPENING, type Plan } from './field-plan.ts';
import { findsOf, type Hit, isLine, type Query, type Searcher } from './search.ts';

/** Far below `index.max_terms_count` (65,536); 220 kB a search. https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules */
export const TOKENS_PER_SEARCH = 4096;
/** Each is a clause of its own in a keyword field: half of the old `indices.query.bool.max_clause_count` of 1,024. */
export const VALUES_PER_SEARCH = 512;
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
  const why = options.plan.fields.find((field) => field.doubt !== undefined)?.doubt;
  const run: Run = {
    ...{ ...options, question, signal, finds: [], seen: new Set(), size: options.maxHits },
    ...{ searchesLeft: SEARCHES_PER_LOOK, bytes: 0, others: 0, why },
  };
  let cursor: string | undefined;
  try {
    await doubtIgnored(run);
    if (question.count > run.searchesLeft * chunkSize(options.plan)) cursor = await sweep(run);
    else await askForTokens(run);
  } catch (error) {
    if (!(error instanceof ProbeError) || run.finds.length === 0) throw error;
    run.why = error;
  }
  const seen = { finds: run.finds, bytes: run.bytes, ...(cursor === undefined ? {} : { cursor }) };
  return run.why === undefined ? { coverage: 'complete', ...seen } : { coverage: 'partial', ...seen, why: run.why };
}

function chunkSize(plan: Plan): number {
  return plan.fields.some(({ how }) => how === 'value') ? VALUES_PER_SEARCH : TOKENS_PER_SEARCH;
}

/** Keyword fields leave out values over `ignore_above`; the document then says so in `_ignored`. */
async function doubtIgnored(run: Run): Promise<void> {
  const fields = run.plan.fields.flatMap(({ field, how }) => (how === 'value' ? [field] : []));
  if (fields.length === 0) return;
  const hits = await search(run, { query: { terms: { _ignored: fields } }, size: 1, _source: false });
  if (hits.length > 0)
    run.why ??= new ProbeError(
      `Field ${fields.map((field) => `"${field}"`).join(', ')} leaves out long lines (ignore_above), so a canary may be there and not be found. Set fields to a text field that holds the line.`,
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
    how === 'term'
      ? [{ terms: { [field]: tokens } }]
      : tokens.map((token) => ({ prefix: { [field]: { value: `${OPENING}${token}` } } })),
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
  const should = run.plan.fields.flatMap(({ field, how }): Query[] =>
    run.question.prefixes.map((prefix) => ({
      prefix: { [field]: { value: how === 'term' ? prefix : `${OPENING}${prefix}` } },
    })),
  );
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
