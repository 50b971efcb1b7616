import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Router } from 'express';
import { afterEach, expect, test } from 'vitest';
import type { StatusView } from '../../src/core/status.ts';
import type { HookResult } from '../../src/http/hooks.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions, ListenError } from '../../src/http/server.ts';
import { createClock } from '../../src/lib/clock.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { blindStatus, healthyStatus, hop, sampleToken, stoppedStatus } from './sample-status.ts';

const secret = 'correct-horse-battery';
const open: HttpServer[] = [];
const logged: string[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  expect(logged.splice(0).join('')).not.toContain(secret);
});

async function serve(given: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await createHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    secret,
    status: healthyStatus,
    trace: async () => ({
      state: 'known',
      stream: 'node-1',
      seq: 4,
      plannedAt: 0,
      hops: [{ name: 'index', verdict: 'lost' }],
    }),
    hook: async () => ({ accepted: true, known: true, found: 0 }),
    ping: async () => true,
    build: { version: '0.1.0', configHash: 'abcdef0123456789' },
    log: createLog({ level: 'debug', stream: { write: (text) => logged.push(text) } }),
    clock: createClock(),
    ...given,
  });
  open.push(server);
  return server;
}

/** A server whose hook keeps what it was given. */
async function serveHooks(answer: Partial<HookResult> = {}) {
  const bodies: Buffer[] = [];
  const hook = async (_name: string, bytes: Buffer) => {
    bodies.push(bytes);
    return { accepted: true, known: true, found: 1, ...answer };
  };
  return { bodies, url: (await serve({ hook })).url };
}

const bearer = { Authorization: `Bearer ${secret}` };

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
  });
  expect(incidents[1]).toMatchObject({ state: 'resolved', resolved_at: '2026-11-19T17:20:00.000Z' });
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

test('given the secret in a header, the query or the path, when hooked, then the bytes come through unchanged', async () => {
  const { url, bodies } = await serveHooks();
  const body = Buffer.from([0, 255, 10, 13, 108, 99, 110]);
  for (const [path, headers] of [
    ['', bearer],
    [`?secret=${secret}`, {}],
    [`/${secret}`, {}],
  ] as const) {
    const answer = await fetch(`${url}/hooks/hop/alert${path}`, {
      method: 'POST',
      body,
      headers: { ...headers, 'Content-Type': 'x/y' },
    });
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: true, found: 1 }]);
  }
  expect(bodies).toEqual([body, body, body]);
});

test('given a wrong or no secret, when hooked, then 401 and nothing is taken', async () => {
  const { url, bodies } = await serveHooks();
  const tries: [string, Record<string, string>][] = [
    ['', {}],
    ['', { Authorization: 'Bearer wrong' }],
    ['?secret=', {}],
    ['?secret=wrong', {}],
    ['/wrong', {}],
    ['', { Authorization: `Basic ${secret}` }],
  ];
  for (const [path, headers] of tries) {
    expect((await fetch(`${url}/hooks/hop/alert${path}`, { method: 'POST', body: 'x', headers })).status).toBe(401);
    expect((await fetch(`${url}/hooks/ping/cron${path}`, { method: 'POST', headers })).status).toBe(401);
  }
  expect(bodies).toEqual([]);
});

test('given no configured secret, when hooked, then 403 that says what to set', async () => {
  const { secret: _, ...none } = { secret };
  const server = await createHttpServer({
    ...none,
    listen: { host: '127.0.0.1', port: 0 },
    status: healthyStatus,
    trace: async () => ({ state: 'malformed' }),
    hook: () => Promise.reject(new Error('must not be called')),
    ping: async () => true,
    build: { version: '0', configHash: '0' },
    log: createLog({ level: 'error', stream: { write: (text) => logged.push(text) } }),
    clock: createClock(),
  });
  open.push(server);
  const answer = await fetch(`${server.url}/hooks/hop/alert?secret=`, { method: 'POST', body: 'x', headers: bearer });
  expect(answer.status).toBe(403);
  expect((await errorOf(answer)).message).toContain('http: { secret');
});

test('given bodies around 1 MiB, when hooked, then the bound holds before and after inflating', async () => {
  const { url, bodies } = await serveHooks();
  const post = (body: Buffer, headers: Record<string, string> = {}) =>
    fetch(`${url}/hooks/hop/alert`, { method: 'POST', body, headers: { ...bearer, ...headers } });
  const full = Buffer.alloc(1024 * 1024, 'a');
  expect((await post(full)).status).toBe(200);
  expect((await post(gzipSync(full), { 'Content-Encoding': 'gzip' })).status).toBe(200);
  expect((await post(Buffer.alloc(0))).status).toBe(200);
  expect(bodies.map((one) => one.length)).toEqual([full.length, full.length, 0]);
  expect((await post(gzipSync(Buffer.alloc(64 * 1024 * 1024)), { 'Content-Encoding': 'gzip' })).status).toBe(413);
  expect((await post(Buffer.from('no gzip'), { 'Content-Encoding': 'gzip' })).status).toBe(400);
  expect((await post(Buffer.from('x'), { 'Content-Encoding': 'lzma' })).status).toBe(415);
  const announced = { ...bearer, 'Content-Length': String(full.length + 1) };
  expect(await statusOf(`${url}/hooks/hop/alert`, announced, [Buffer.from('x')])).toBe(413);
  expect(await statusOf(`${url}/hooks/hop/alert`, bearer, [full, Buffer.from('x')])).toBe(413);
  expect(bodies).toHaveLength(3);
});

test('given a hop or ping nobody configured, when hooked, then 404', async () => {
  const { url } = await serveHooks({ known: false, accepted: false });
  expect((await fetch(`${url}/hooks/hop/nope`, { method: 'POST', body: 'x', headers: bearer })).status).toBe(404);
  const pings = await serve({ ping: async (name) => name === 'cron' });
  expect((await fetch(`${pings.url}/hooks/ping/nope`, { method: 'POST', headers: bearer })).status).toBe(404);
  expect((await fetch(`${pings.url}/hooks/ping/cron`, { method: 'POST', headers: bearer })).status).toBe(200);
});

test('given a commit that fails, when hooked, then 503 with Retry-After and never 2xx', async () => {
  const reject = () =>
    Promise.reject(new LedgerError(`disk full near ${secret}`.replace(secret, ''), { reason: 'disk_full' }));
  const { url } = await serve({ hook: reject, ping: reject });
  const refused = await serveHooks({ accepted: false });
  for (const target of [`${url}/hooks/hop/alert`, `${url}/hooks/ping/cron`, `${refused.url}/hooks/hop/alert`]) {
    const answer = await fetch(target, { method: 'POST', body: 'x', headers: bearer });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  }
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

async function errorOf(answer: Response): Promise<{ code: string; message: string }> {
  return ((await answer.json()) as { error: { code: string; message: string } }).error;
}

/** With chunks: a POST that is begun and never ended, so that the answer cannot have waited for its end. */
function statusOf(url: string, headers: Record<string, string>, chunks?: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const method = chunks === undefined ? 'GET' : 'POST';
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    request.on('error', reject);
    if (chunks === undefined) request.end();
    for (const chunk of chunks ?? []) request.write(chunk);
  });
}
