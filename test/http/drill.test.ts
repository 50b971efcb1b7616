/** Drills over HTTP: everybody may see how they went, with the secret one is begun; one at a time. */
import { expect, test } from 'vitest';
import type { Drill } from '../../src/core/drill.ts';
import type { DrillingOptions } from '../../src/http/drill.ts';
import { errorOf, secret, serve } from './serving.ts';

const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
const at = Date.UTC(2026, 10, 16, 1);
const passed: Drill = {
  ...{ id: 'drill-1', at, by: 'schedule', endedAt: at + 3_000 },
  channels: [
    {
      ...{ notifier: 'pagerduty', kind: 'pagerduty', state: 'proven', acceptedMs: 400, provenMs: 2_100 },
      ...{ why: 'incident #4711', end: 'told', receipt: 'kept to ourselves' },
    },
  ],
};

async function served(under: 'way' | undefined = undefined) {
  const wanted: Parameters<DrillingOptions['hold']>[0][] = [];
  const drilling: Omit<DrillingOptions, 'secret'> = {
    drills: () => [passed, { ...passed, id: 'drill-2' }],
    names: () => ['pagerduty', 'slack'],
    async hold(plan) {
      wanted.push(plan);
      if (under === 'way') return undefined;
      return {
        id: 'drill-3',
        at,
        by: plan.by,
        channels: [{ notifier: 'slack', kind: 'slack', state: 'sending', end: 'open' }],
      };
    },
  };
  const { url } = await serve({ drilling });
  const call = (method: string, body?: unknown, sent: Record<string, string> = headers) =>
    fetch(`${url}/api/v1/drill`, {
      method,
      headers: sent,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return { call, wanted };
}

test('given drills that were held, when asked without a secret, then the newest is first, and receipts are left out', async () => {
  const { call } = await served();
  const { drills } = (await (await call('GET', undefined, {})).json()) as { drills: unknown[] };
  expect(drills.map((each) => (each as { id: string }).id)).toEqual(['drill-2', 'drill-1']);
  expect(drills[1]).toEqual({
    id: 'drill-1',
    at: '2026-11-16T01:00:00.000Z',
    by: 'schedule',
    ended_at: '2026-11-16T01:00:03.000Z',
    outcome: 'good',
    summary: '1 of 1 channels proven',
    channels: [
      {
        ...{ notifier: 'pagerduty', kind: 'pagerduty', state: 'proven', verdict: 'good', accepted_ms: 400 },
        ...{ proven_ms: 2_100, why: 'incident #4711', end: 'told', end_why: null },
      },
    ],
  });
});

test('given the secret, when begun, then it is answered at once, with how it will be held', async () => {
  const { call, wanted } = await served();
  const answer = await call('POST', { by: 'aki', notifiers: ['slack'], timeout: '90s', hold: '1m' });
  expect([answer.status, await answer.json()]).toMatchObject([
    202,
    { id: 'drill-3', outcome: 'running', ended_at: null },
  ]);
  await call('POST', { by: 'aki' });
  expect(wanted).toEqual([
    { by: 'aki', notifiers: ['slack'], timeoutMs: 90_000, holdMs: 60_000 },
    { by: 'aki', timeoutMs: 60_000, holdMs: 0 },
  ]);
});

test('given one under way, when another is begun, then it is refused', async () => {
  const answer = await (await served('way')).call('POST', { by: 'aki' });
  expect([answer.status, (await errorOf(answer)).code]).toEqual([409, 'under_way']);
});

test.each([
  ['nobody', {}, 'by'],
  ['an unknown channel', { by: 'aki', notifiers: ['pager'] }, 'no notifier "pager". There are: pagerduty, slack'],
  ['no channel', { by: 'aki', notifiers: [] }, 'notifiers'],
  ['a time without a unit', { by: 'aki', timeout: '60' }, 'has no unit'],
  ['a time too long', { by: 'aki', timeout: '1h' }, 'timeout: write 1s to 10m'],
  ['a hold too long', { by: 'aki', hold: '1d' }, 'hold: write'],
  ['an unknown key', { by: 'aki', notifier: 'slack' }, 'notifier'],
  ['a list', [], 'body'],
])('given %s, when begun, then it is refused and says what to write', async (_, body, said) => {
  const { call, wanted } = await served();
  const answer = await call('POST', body);
  expect([answer.status, (await errorOf(answer)).message]).toEqual([400, expect.stringContaining(said)]);
  expect(wanted).toEqual([]);
});

test.each([
  ['no secret', {}],
  ['a wrong one', { authorization: 'Bearer wrong' }],
])('given %s, when begun, then nobody is woken', async (_, sent) => {
  const { call, wanted } = await served();
  expect((await call('POST', { by: 'aki' }, { ...sent, 'content-type': 'application/json' })).status).toBe(401);
  expect(wanted).toEqual([]);
});

test('given a body that is no JSON or too large, or another method, when begun, then it is an error and not a crash', async () => {
  const { call, wanted } = await served();
  expect((await call('POST', '{"by":')).status).toBe(400);
  expect((await call('POST', { by: 'x'.repeat(20_000) })).status).toBe(413);
  expect((await call('DELETE')).status).toBe(405);
  expect(wanted).toEqual([]);
});
