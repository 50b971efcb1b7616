import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { HookResult } from '../../src/http/hooks.ts';
import { LedgerError } from '../../src/lib/errors.ts';
import { errorOf, secret, serve, statusOf } from './serving.ts';

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
  const { url } = await serve({ secret: '', hook: () => Promise.reject(new Error('must not be called')) });
  const answer = await fetch(`${url}/hooks/hop/alert?secret=`, { method: 'POST', body: 'x', headers: bearer });
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
  expect(await statusOf(`${url}/hooks/hop/alert`, bearer, [full, Buffer.from('x')], 'end')).toBe(413);
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
  const reject = () => Promise.reject(new LedgerError('disk full', { reason: 'disk_full' }));
  const { url } = await serve({ hook: reject, ping: reject });
  const refused = await serveHooks({ accepted: false });
  for (const target of [`${url}/hooks/hop/alert`, `${url}/hooks/ping/cron`, `${refused.url}/hooks/hop/alert`]) {
    const answer = await fetch(target, { method: 'POST', body: 'x', headers: bearer });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
  }
});
