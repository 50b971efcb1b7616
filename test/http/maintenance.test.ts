/** Windows over HTTP: everybody may see them, with the secret they are set and ended; a window without an end is refused. */
import { expect, test } from 'vitest';
import { errorOf, secret, serve } from './serving.ts';
import { windowsNow as now, windowsInMemory } from './windows-in-memory.ts';

const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };

async function served() {
  const maintaining = windowsInMemory();
  const { url } = await serve({ maintaining });
  const call = (method: string, path = '', body?: unknown, sent: Record<string, string> = headers) =>
    fetch(`${url}/api/v1/maintenance${path}`, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { call, windows: maintaining.windows };
}

const wanted = { for: '2h', reason: 'ES upgrade', by: 'ops' };

test('given a window, when set, then it is there with its times, and can be ended once', async () => {
  const { call } = await served();
  const made = await call('POST', '', { ...wanted, pipeline: 'prod', hop: 'index' });
  expect(made.status).toBe(201);
  const window = { id: 'mw-1', state: 'active', pipeline: 'prod', hop: 'index', reason: 'ES upgrade', by: 'ops' };
  const times = { from: new Date(now).toISOString(), until: new Date(now + 7_200_000).toISOString() };
  expect(await made.json()).toEqual({ ...window, ...times });
  expect(await (await call('GET', '', undefined, {})).json()).toEqual({ maintenance: [{ ...window, ...times }] });
  expect((await call('DELETE', '/mw-1')).status).toBe(204);
  expect((await call('DELETE', '/mw-1')).status).toBe(404);
});

test.each([
  ['no end', { reason: 'x', by: 'y' }, 'has an end'],
  ['two ends', { ...wanted, until: '2026-11-20T23:00:00Z' }, 'has an end'],
  ['an end before now', { reason: 'x', by: 'y', until: '2020-01-01T00:00:00Z' }, 'over already'],
  ['a beginning long ago', { ...wanted, for: '6d', from: '2026-11-19T00:00:00Z' }, 'in the past'],
  ['eight days', { ...wanted, for: '8d' }, 'longer than 7d'],
  ['a duration without a unit', { ...wanted, for: '90' }, 'has no unit'],
  ['no reason', { for: '2h', by: 'y' }, 'reason'],
  ['a hop without a pipeline', { ...wanted, hop: 'index' }, '"hop" needs "pipeline"'],
  ['a pipeline that is not there', { ...wanted, pipeline: 'no-such' }, 'no such pipeline'],
  ['an unknown key', { ...wanted, pipelin: 'prod' }, 'pipelin'],
  ['a list', [wanted], 'body'],
])('given %s, when set, then it is refused and says what to write', async (_, body, said) => {
  const { call, windows } = await served();
  const answer = await call('POST', '', body);
  expect(answer.status).toBe(400);
  expect((await errorOf(answer)).message).toContain(said);
  expect(windows).toEqual([]);
});

test.each([
  ['no secret', {}, 401],
  ['a wrong one', { authorization: 'Bearer wrong' }, 401],
])('given %s, when set or ended, then nothing changes', async (_, sent, status) => {
  const { call, windows } = await served();
  expect((await call('POST', '', wanted, { ...sent, 'content-type': 'application/json' })).status).toBe(status);
  expect((await call('DELETE', '/mw-1', undefined, sent)).status).toBe(status);
  expect(windows).toEqual([]);
});

test('given a body that is no JSON, or too large, when set, then it is an error and not a crash', async () => {
  const { call } = await served();
  expect((await call('POST', '', '{"for":')).status).toBe(400);
  expect((await call('POST', '', { ...wanted, reason: 'x'.repeat(20_000) })).status).toBe(413);
  expect((await call('PUT')).status).toBe(405);
});
