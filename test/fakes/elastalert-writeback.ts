/** ElastAlert's own indices on loopback, as they answer the questions of the check. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the leaping clock says. */
const now = 1_795_160_000_000;

export interface WrittenRun {
  readonly rule: string;
  /** s, of the newest run. */
  readonly age: number;
  readonly runs?: number;
  /** s between two. */
  readonly every?: number;
  readonly took?: number;
  readonly hits?: number;
  readonly recent?: number;
}

export interface Written {
  readonly runs?: readonly WrittenRun[];
  /** `age` in s. */
  readonly errors?: readonly { readonly age: number; readonly message: string; readonly rule?: string }[];
  readonly silences?: Readonly<Record<string, number>>;
  readonly unsent?: number;
  readonly shards?: object;
  readonly others?: number;
  readonly index?: object;
}

/** As an index with this mapping of `rule_name` answers to both questions about it. */
export function indexWith(type: string) {
  const mapping = { full_name: 'rule_name', mapping: { rule_name: { type } } };
  return { elastalert_status: { aliases: {}, mappings: { rule_name: mapping }, settings: { index: { uuid: 'u' } } } };
}

function answerTo(path: string, asked: { aggs?: unknown }, written: Written): object {
  const { runs = [], errors = [], silences = {}, unsent = 0, shards = { total: 5, failed: 0 }, others = 0 } = written;
  if (!path.includes('_search')) return written.index ?? indexWith('keyword');
  const base = { took: 1, timed_out: false, _shards: shards };
  if (asked.aggs === undefined) {
    const hits = errors.map(({ age, message, rule }) => ({
      _source: {
        '@timestamp': new Date(now - age * 1000).toISOString(),
        message,
        data: rule === undefined ? null : { rule },
      },
    }));
    const silenced = Object.entries(silences).map(([name, inS]) => ({
      _source: {
        rule_name: name,
        until: new Date(now + inS * 1000).toISOString(),
        '@timestamp': new Date(now).toISOString(),
      },
    }));
    return { ...base, hits: { hits: [...hits, ...silenced] } };
  }
  const buckets = runs.map(({ rule, age, runs: count = 60, every = 60, took = 0.1, hits = 3, recent = 5 }) => ({
    ...{ key: rule, doc_count: count, last: { value: now - age * 1000 } },
    first: { value: now - age * 1000 - (count - 1) * every * 1000 },
    recent: { doc_count: recent, hits: { value: hits } },
    newest: { hits: { hits: [{ _source: { time_taken: took } }] } },
  }));
  return {
    ...base,
    hits: { hits: [] },
    aggregations: {
      runs: { doc_count: 1, rules: { sum_other_doc_count: others, buckets } },
      unsent: { doc_count: unsent },
    },
  };
}

export async function startWriteback(written: Written) {
  const asked: { path: string; body: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    asked.push({ path: request.url ?? '', body });
    const answer = answerTo(request.url ?? '', body, written);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop };
}
