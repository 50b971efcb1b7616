/** The figures of the JSON API: each in the unit its name says, bounds the right way round, what is not known null. */
import { expect, test } from 'vitest';
import type { TraceView } from '../../src/core/trace.ts';
import { healthyStatus, hop, sampleAt } from './sample-status.ts';
import { serve } from './serving.ts';

async function jsonOf(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

test('given a hop and a figure of which everything is known, when the status is asked, then bounds and units are right', async () => {
  const view = healthyStatus();
  const [pipeline] = view.pipelines;
  if (!pipeline) throw new Error('the sample has no pipeline');
  const base = { check: 'disk', kind: 'elasticsearch-disk', measure: 'disk', unit: 'bytes' as const };
  const shown = {
    ...pipeline,
    ...{ name: 'p', injected: 10, unconfirmed: 2, withheld: 1, streams: [], streamsTotal: 7, leftOut: [] },
    hops: [
      hop({
        ...{ name: 'index', kind: 'elasticsearch', withinMs: 180_000, p95Ms: 12_400, oldestMissingMs: 9_000 },
        lastLatency: { loMs: 1_500, hiMs: 2_500 },
        newestSeen: sampleAt - 4_000,
        lastLook: { at: sampleAt - 1_000, coverage: 'partial', why: 'one shard failed' },
        lastRecheck: { at: sampleAt - 3_000, asked: 33, missing: 4 },
      }),
    ],
    readings: [
      {
        ...base,
        ...{ subject: 'node-1', value: 80, limit: 95, limitName: 'flood stage', capacity: 100, at: sampleAt - 2_000 },
        full: { ms: 3_000, loMs: 2_000, hiMs: 6_000 },
      },
      { ...base, value: 1, limit: 95, limitName: 'flood stage', at: sampleAt, full: { ms: 5_000, loMs: 4_000 } },
    ],
  };
  const { url } = await serve({ status: () => ({ ...view, pipelines: [shown] }) });
  const status = await jsonOf(`${url}/api/v1/status`);
  expect(status).toMatchObject({
    at: '2026-11-19T18:10:00.000Z',
    started_at: '2026-11-19T16:40:00.000Z',
    loops: { judge: '2026-11-19T18:09:59.800Z' },
    heartbeats: [{ to: 'hc-ping.example', sent_at: '2026-11-19T18:09:48.000Z' }],
    pings: [{ name: 'alertmanager', at: '2026-11-19T18:09:29.000Z', state: 'ok' }],
    pipelines: [
      {
        ...{ name: 'p', injected: 10, unconfirmed: 2, withheld: 1, streams_total: 7 },
        hops: [
          {
            ...{ after: null, within_ms: 180_000, p95_ms: 12_400, oldest_missing_ms: 9_000 },
            last_latency_ms: [1_500, 2_500],
            newest_seen: '2026-11-19T18:09:56.000Z',
            last_look: { at: '2026-11-19T18:09:59.000Z', coverage: 'partial', why: 'one shard failed' },
            last_recheck: { at: '2026-11-19T18:09:57.000Z', asked: 33, missing: 4, why: null },
          },
        ],
        readings: [
          {
            ...{ subject: 'node-1', value: 80, limit: 95, capacity: 100, at: '2026-11-19T18:09:58.000Z' },
            full_in_ms: { estimate: 3_000, lo: 2_000, hi: 6_000 },
          },
          { subject: null, capacity: null, full_in_ms: { estimate: 5_000, lo: 4_000, hi: null } },
        ],
      },
    ],
  });
});

test('given a canary that went out, when it is traced, then the earliest and the latest moment stand in that order', async () => {
  const trace: TraceView = {
    ...{ state: 'known', pipeline: 'p', stream: 'node-1', seq: 4, plannedAt: sampleAt, shape: 'plain' },
    emission: { state: 'emitted', nb: sampleAt + 100, na: sampleAt + 350 },
    hops: [{ name: 'index', verdict: 'delivered' }],
  };
  const { url } = await serve({ trace: async () => trace });
  expect(await jsonOf(`${url}/api/v1/canaries/anything`)).toEqual({
    ...{ state: 'known', note: null, pipeline: 'p', stream: 'node-1', seq: 4, shape: 'plain', seen_at_hooks: [] },
    planned_at: '2026-11-19T18:10:00.000Z',
    emission: {
      state: 'emitted',
      not_before: '2026-11-19T18:10:00.100Z',
      not_after: '2026-11-19T18:10:00.350Z',
    },
    hops: [{ name: 'index', verdict: 'delivered' }],
  });
});

test('given a hook that anybody may call, when the secret is wrong, then it is refused before its body was sent', async () => {
  const { url } = await serve({ hook: () => Promise.reject(new Error('must not be asked')) });
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('the first of many bytes'));
    },
  });
  const stop = new AbortController();
  const request = { method: 'POST', body, duplex: 'half', signal: stop.signal } as RequestInit;
  const answer = await fetch(`${url}/hooks/hop/alert?secret=wrong`, request);
  expect(answer.status).toBe(401);
  stop.abort();
});
