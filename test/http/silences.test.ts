/** Silences over HTTP: everybody may see them, with the secret they are made and ended; everything that is wrong is said at once. */
import { expect, test } from 'vitest';
import { incidentKinds } from '../../src/core/incident.ts';
import { errorOf, secret, serve } from './serving.ts';
import { silencesInMemory } from './silences-in-memory.ts';
import { windowsNow as now } from './windows-in-memory.ts';

const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };

async function served() {
  const incidents = silencesInMemory();
  const { url } = await serve({ incidents });
  const call = (method: string, path = '', body?: unknown, sent: Record<string, string> = headers) =>
    fetch(`${url}/api/v1/silences${path}`, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { call, kept: incidents.kept };
}

const why = { comment: 'disk ordered, OPS-12', created_by: 'aki' };
const wanted = { matchers: { kind: 'slow' }, for: '2h', ...why };

test('given a silence, when made, then it is there with its words, and can be ended once', async () => {
  const { call } = await served();
  const made = await call('POST', '', { ...wanted, matchers: { pipeline: 'prod', hop: 'index', kind: 'slow' } });
  expect(made.status).toBe(201);
  const silence = {
    ...{ id: 'sil-1', state: 'active', ...why },
    matchers: { pipeline: 'prod', hop: 'index', kind: 'slow', incident: null },
    starts_at: new Date(now).toISOString(),
    ends_at: new Date(now + 7_200_000).toISOString(),
  };
  expect(await made.json()).toEqual(silence);
  expect(await (await call('GET', '', undefined, {})).json()).toEqual({ silences: [silence] });
  expect((await call('DELETE', '/sil-1')).status).toBe(204);
  expect((await call('DELETE', '/sil-1')).status).toBe(404);
});

test.each([{ pipeline: 'prod' }, { hop: 'archive' }, { kind: 'lossy' }, { incident: 'inc-12' }])(
  'given %j alone, when silenced, then that is enough',
  async (matchers) => {
    const { call, kept } = await served();
    expect((await call('POST', '', { ...wanted, matchers })).status).toBe(201);
    expect(kept).toMatchObject([matchers]);
  },
);

test.each([
  ['no end', { ...wanted, for: undefined }, 'It has an end'],
  ['two ends', { ...wanted, ends_at: '2026-11-20T23:00:00Z' }, 'It has an end'],
  ['an end before now', { ...wanted, for: undefined, ends_at: '2020-01-01T00:00:00Z' }, 'over already'],
  ['eight days', { ...wanted, for: '8d' }, 'longer than 7d'],
  ['no length', { ...wanted, for: '0s' }, 'over already'],
  ['a duration without a unit', { ...wanted, for: '90' }, 'has no unit'],
  ['no reason', { ...wanted, comment: undefined }, 'comment'],
  ['nobody', { ...wanted, created_by: '  ' }, 'created_by'],
  ['a reason that moves a cursor', { ...wanted, comment: 'x\u001b[2J' }, 'control characters'],
  ['a reason without end', { ...wanted, comment: 'x'.repeat(501) }, 'at most 500'],
  ['no matchers', { ...wanted, matchers: undefined }, 'write what to silence'],
  ['matchers that match everything', { ...wanted, matchers: {} }, 'name a pipeline'],
  ['an unknown matcher', { ...wanted, matchers: { severity: 'critical' } }, 'severity'],
  ['a pipeline that is not there', { ...wanted, matchers: { pipeline: 'no' } }, 'There are: prod, staging.'],
  [
    'a hop that is not there',
    { ...wanted, matchers: { pipeline: 'prod', hop: 'archive' } },
    'There are: stream, index',
  ],
  ['a kind that is not there', { ...wanted, matchers: { kind: 'broken' } }, 'There are: stopped, slow'],
  ['the failing ledger', { ...wanted, matchers: { kind: 'ledger' } }, 'cannot be silenced'],
  ['an incident that is not open', { ...wanted, matchers: { incident: 'inc-1' } }, 'Open: inc-12, inc-13.'],
  ['an incident and more', { ...wanted, matchers: { incident: 'inc-12', kind: 'slow' } }, 'nothing else beside'],
  ['an unknown key', { ...wanted, until: 'x' }, 'until'],
  ['a list', [wanted], 'body'],
])('given %s, when silenced, then it is refused and says what to write', async (_, body, said) => {
  const { call, kept } = await served();
  const answer = await call('POST', '', body);
  expect(answer.status).toBe(400);
  expect((await errorOf(answer)).message).toContain(said);
  expect(kept).toEqual([]);
});

test('given many faults, when silenced, then all of them are said at once', async () => {
  const { call } = await served();
  const matchers = { pipeline: 'prdo', kind: 'broken', color: 'red' };
  const { message } = await errorOf(await call('POST', '', { matchers, for: '90', comment: '', extra: 1 }));
  for (const said of ['comment', 'created_by', 'extra', '"prdo"', '"broken"', 'color', 'has no unit'])
    expect(message).toContain(said);
});

test('given each kind there is, when silenced, then all can be but the failing ledger', async () => {
  const { call } = await served();
  for (const kind of incidentKinds)
    expect((await call('POST', '', { ...wanted, matchers: { kind } })).status, kind).toBe(
      kind === 'ledger' ? 400 : 201,
    );
});

test('given an incident that ends meanwhile, when silenced, then it is a conflict', async () => {
  const { call } = await served();
  expect((await call('POST', '', { ...wanted, matchers: { incident: 'inc-13' } })).status).toBe(409);
});

test.each([
  ['no secret', {}],
  ['a wrong one', { authorization: 'Bearer wrong' }],
])('given %s, when made or ended, then nothing changes', async (_, sent) => {
  const { call, kept } = await served();
  await call('POST', '', wanted);
  expect((await call('POST', '', wanted, { ...sent, 'content-type': 'application/json' })).status).toBe(401);
  expect((await call('DELETE', '/sil-1', undefined, sent)).status).toBe(401);
  expect(kept).toHaveLength(1);
});

test('given a body that is no JSON, not said to be, or too large, when sent, then it is an error and not a crash', async () => {
  const { call } = await served();
  expect((await call('POST', '', '{"for":')).status).toBe(400);
  const plain = await call('POST', '', wanted, { ...headers, 'content-type': 'text/plain' });
  expect([plain.status, (await errorOf(plain)).message]).toEqual([400, expect.stringContaining('application/json')]);
  expect((await call('POST', '', { ...wanted, comment: 'x'.repeat(20_000) })).status).toBe(413);
  expect((await call('PUT')).status).toBe(405);
  expect((await call('GET', '/sil-1')).status).toBe(405);
});
