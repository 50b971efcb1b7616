import { connect } from 'node:net';
import { Router } from 'express';
import { expect, test } from 'vitest';
import type { StatusView } from '../../src/core/status.ts';
import { ListenError } from '../../src/http/server.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { blindStatus, healthyStatus, hop, sampleToken, stoppedStatus } from './sample-status.ts';
import { errorOf, serve, statusOf } from './serving.ts';

test('given a running server, when its routes are asked, then they answer with safe headers', async () => {
  const { url } = await serve();
  const paths = [
    '/',
    '/page.css',
    '/page.js',
    '/favicon-stopped.svg',
    '/metrics',
    '/healthz',
    '/readyz',
    '/api/v1/status',
    '/api/v1/incidents',
  ];
  for (const path of paths) {
    const answer = await fetch(url + path);
    expect([path, answer.status]).toEqual([path, 200]);
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/,
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    await answer.arrayBuffer();
  }
});

test('given addresses that do not exist, when asked, then 404 or 405 as JSON', async () => {
  const { url } = await serve();
  for (const path of ['/nothing', '/api/v1/report', '/api/v1/maintenance', '/hooks', '/%E0%A4%A']) {
    const answer = await fetch(url + path);
    expect([404, 400]).toContain(answer.status);
    expect((await errorOf(answer)).message).not.toContain('    at ');
  }
  expect((await fetch(`${url}/`, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${url}/hooks/hop/alert`)).status).toBe(405);
});

test('given incidents, when listed, then they are as the contract says', async () => {
  const { url } = await serve({ status: stoppedStatus });
  const { incidents } = (await (await fetch(`${url}/api/v1/incidents`)).json()) as { incidents: unknown[] };
  expect(incidents[0]).toMatchObject({
    id: 'inc-18',
    pipeline: 'prod',
    hop: 'index',
    kind: 'stopped',
    severity: 'critical',
    state: 'open',
    opened_at: '2026-11-19T18:05:00.000Z',
    resolved_at: null,
    dedup_key: '0123456789abcdef0123456789abcdef01234567',
    since: '2026-11-19T18:02:00.000Z',
    title: 'STOPPED between stream and index, 14 of 42 streams',
    changed: [{ at: '2026-11-19T18:00:00.000Z', what: 'ConfigMap logging/consumer: changed by helm' }],
  });
  expect(incidents[1]).toMatchObject({ state: 'resolved', resolved_at: '2026-11-19T17:20:00.000Z', changed: [] });
});

test('given a heartbeat whose URL is its secret, when anything is shown, then only its host is', async () => {
  const { url } = await serve();
  for (const path of ['/', '/metrics', '/api/v1/status']) {
    expect(await (await fetch(url + path)).text()).not.toContain('SECRET');
  }
  expect(await (await fetch(`${url}/api/v1/status`)).json()).toMatchObject({ heartbeats: [{ to: 'hc-ping.example' }] });
});

test('given page and status unchanged, when polled with their ETag, then 304', async () => {
  const { url } = await serve();
  for (const path of ['/', '/api/v1/status']) {
    const etag = (await fetch(url + path)).headers.get('etag') ?? '';
    expect(etag).not.toBe('');
    expect(await statusOf(`${url}${path}`, { 'If-None-Match': etag })).toBe(304);
    expect(await statusOf(`${url}${path}`, { 'If-None-Match': 'W/"else"' })).toBe(200);
  }
});

test('given a wedged loop, when health is asked, then 503 with the problem', async () => {
  const { url } = await serve({ status: blindStatus });
  const answer = await fetch(`${url}/healthz`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ ok: false, problems: ['loop check has not completed a cycle for 3 min'] });
});

test('given hops not yet looked at, when readiness is asked, then 503 until a look or a failure is known', async () => {
  const { lastLook: _, ...fresh } = hop({ name: 'index', kind: 'elasticsearch', withinMs: 1_000, state: 'unknown' });
  const view = healthyStatus();
  const withHop = (one: typeof fresh): StatusView => ({
    ...view,
    pipelines: view.pipelines.map((pipeline) => ({ ...pipeline, hops: [one] })),
  });
  let now = withHop(fresh);
  const { url } = await serve({ status: () => now });
  const answer = await fetch(`${url}/readyz`);
  expect([answer.status, await answer.json()]).toEqual([503, { ready: false, waiting_for: ['prod/index'] }]);
  now = withHop({ ...fresh, state: 'unreadable' });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test('given a status that throws, when asked, then 500 without a stack', async () => {
  const { url } = await serve({
    status: () => {
      throw new TypeError('boom at /secret/path');
    },
  });
  const answer = await fetch(`${url}/`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json; charset=utf-8']);
  expect(await answer.text()).not.toMatch(/boom|secret/);
});

test('given a token, when traced, then what the ledger knows; malformed is 400; a ledger that fails is 503', async () => {
  const { url } = await serve();
  const answer = await (await fetch(`${url}/api/v1/canaries/${sampleToken}`)).json();
  expect(answer).toMatchObject({
    state: 'known',
    stream: 'node-1',
    seq: 4,
    planned_at: '1970-01-01T00:00:00.000Z',
    hops: [{ name: 'index', verdict: 'lost' }],
  });
  const malformed = await serve({ trace: async () => ({ state: 'malformed', note: 'too short' }) });
  expect((await fetch(`${malformed.url}/api/v1/canaries/lcn1`)).status).toBe(400);
  const failing = await serve({
    trace: () => Promise.reject(new LedgerError('Cannot read.', { reason: 'locked', retryable: true })),
  });
  expect((await fetch(`${failing.url}/api/v1/canaries/lcn1`)).status).toBe(503);
});

test('given routes of the sandbox, when mounted, then they answer beside ours', async () => {
  const extra = Router();
  extra.put('/sandbox/faults/:fault', (_request, response) => void response.status(204).end());
  const { url } = await serve({ extra });
  expect((await fetch(`${url}/sandbox/faults/agent-drops`, { method: 'PUT' })).status).toBe(204);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('given an address in use, when listening, then the error names it and what to change', async () => {
  const { port } = await serve();
  const failure = serve({ listen: { host: '127.0.0.1', port } });
  await expect(failure).rejects.toThrow(ListenError);
  await expect(failure).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: EADDRINUSE. Another program`);
});

test('given any Host header, when asked, then it plays no part; given huge headers, then 431', async () => {
  const { url } = await serve();
  expect(await statusOf(`${url}/healthz`, { Host: 'evil.example' })).toBe(200);
  expect(await statusOf(`${url}/healthz`, { 'X-Big': 'a'.repeat(20_000) })).toBe(431);
});

test('given a connection that is kept open, when the server closes, then it ends', async () => {
  const server = await serve();
  const socket = connect(server.port, '127.0.0.1');
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  await server.close();
  await ended;
});
