/** The simulated index as a bench for the Elasticsearch probes, and a clock that does not make them wait. */

import { type Clock, createClock } from '../../src/lib/clock.ts';
import { createIndexServer, type IndexServer, type IndexServerOptions } from '../../src/sandbox/index-server.ts';
import { context } from '../contract/bench.ts';

/** A clock whose sleeps only move it on; `slept` is the sum. */
export interface LeapingClock extends Clock {
  readonly slept: number;
  leap(ms: number): void;
}

export function leapingClock(): LeapingClock {
  let [now, slept] = [1_795_160_000_000, 0];
  const clock = createClock(0, { wall: () => now, monotonicMs: () => now });
  return {
    ...clock,
    leap(ms) {
      now += ms;
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
      slept += ms;
    },
    get slept() {
      return slept;
    },
  };
}

export const products = ['opensearch', 'elasticsearch'] as const;

export interface ElasticBench {
  readonly server: IndexServer;
  /** Indexes one document per text and makes them searchable. */
  put(texts: readonly string[], index?: string): Promise<void>;
  /** Deletes the index that `put` writes to. */
  remove(index?: string): Promise<void>;
  /** Any request to the index, as another client would send it; the answer's JSON. */
  request(
    method: string,
    path: string,
    body?: object | string,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  stop(): Promise<void>;
}

export async function startElasticBench(options: Partial<IndexServerOptions> = {}): Promise<ElasticBench> {
  const server = await createIndexServer({ clock: context.clock, ...options });
  const request: ElasticBench['request'] = async (method, path, body) => {
    const init =
      body === undefined
        ? {}
        : {
            body: typeof body === 'string' ? body : JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          };
    const response = await fetch(`${server.url}${path}`, { method, ...init });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return {
    server,
    request,
    async put(texts, index = 'logs-1') {
      const lines = texts.map(
        (message) =>
          `{"index":{"_index":"${index}"}}\n${JSON.stringify({ '@timestamp': context.clock.wall(), message })}\n`,
      );
      const { body } = await request('POST', '/_bulk?refresh=true', lines.join(''));
      if (body.errors !== false) throw new Error(`the index refused: ${JSON.stringify(body).slice(0, 500)}`);
    },
    async remove(index = 'logs-1') {
      const { status } = await request('DELETE', `/${index}`);
      if (status !== 200) throw new Error(`the index answered ${status}`);
    },
    stop: () => server.stop(),
  };
}
