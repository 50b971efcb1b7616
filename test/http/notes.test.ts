/** Notes over HTTP: with the secret; bounded, one line each, and a ticket is an address or a short id. */
import { expect, test } from 'vitest';
import { isTicket } from '../../src/core/note.ts';
import { errorOf, secret, serve } from './serving.ts';
import { silencesInMemory } from './silences-in-memory.ts';
import { windowsNow as now } from './windows-in-memory.ts';

const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };

async function served() {
  const incidents = silencesInMemory();
  const { url } = await serve({ incidents });
  const post = (
    body: unknown,
    { id = 'inc-12', sent = headers }: { id?: string; sent?: Record<string, string> } = {},
  ) => fetch(`${url}/api/v1/incidents/${id}/notes`, { method: 'POST', headers: sent, body: JSON.stringify(body) });
  return { url, post, notes: incidents.notes };
}

const wanted = { by: 'aki', cause: 'a full disk' };

test('given a note, when sent, then it is kept with its time, and answered', async () => {
  const { post, notes } = await served();
  const answer = await post({ ...wanted, ticket: 'OPS-12' });
  expect(answer.status).toBe(201);
  const at = new Date(now).toISOString();
  expect(await answer.json()).toEqual({ incident: 'inc-12', at, ...wanted, remediation: null, ticket: 'OPS-12' });
  expect(notes).toEqual([['inc-12', { at: now, ...wanted, ticket: 'OPS-12' }]]);
});

test('given an incident that is not remembered, when noted, then it is not found', async () => {
  const { post } = await served();
  expect((await post(wanted, { id: 'inc-99' })).status).toBe(404);
  expect((await post(wanted, { id: '%3Cscript%3E' })).status).toBe(404);
});

test.each([
  ['nobody', { cause: 'x' }, 'by'],
  ['nothing', { by: 'aki' }, 'at least one of'],
  ['an empty cause', { by: 'aki', cause: ' ' }, 'cause: write a text'],
  ['two lines', { by: 'aki', cause: 'a\nb' }, 'one line'],
  ['too much', { by: 'aki', remediation: 'x'.repeat(501) }, 'at most 500'],
  ['a script for a ticket', { by: 'aki', ticket: 'javascript:alert(1)' }, 'short id'],
  ['an unknown key', { ...wanted, color: 'red' }, 'color'],
  ['a list', [wanted], 'body'],
])('given %s, when noted, then it is refused and says what to write', async (_, body, said) => {
  const { post, notes } = await served();
  const answer = await post(body);
  expect(answer.status).toBe(400);
  expect((await errorOf(answer)).message).toContain(said);
  expect(notes).toEqual([]);
});

test('given many faults, when noted, then all of them are said at once', async () => {
  const { post } = await served();
  const { message } = await errorOf(await post({ cause: '', ticket: 'ftp://x', more: 1 }));
  for (const said of ['by', 'cause', 'ticket', 'more']) expect(message).toContain(said);
});

test('given no secret or a wrong one, an oversize body or another method, when sent, then nothing is kept', async () => {
  const { url, post, notes } = await served();
  const json = { 'content-type': 'application/json' };
  expect((await post(wanted, { sent: json })).status).toBe(401);
  expect((await post(wanted, { sent: { ...json, authorization: 'Bearer wrong' } })).status).toBe(401);
  expect((await post({ by: 'x'.repeat(20_000) })).status).toBe(413);
  expect((await fetch(`${url}/api/v1/incidents/inc-12/notes`)).status).toBe(405);
  expect(notes).toEqual([]);
});

test.each([
  ...['OPS-12', '#4711', 'team/repo#12', 'https://t.example/OPS-12?x=1', 'HTTP://t.example'].map((text) => [
    text,
    true,
  ]),
  ...['', 'a b', 'x'.repeat(66), 'javascript:alert(1)', 'data:text/html,x', '//t.example', 'https://'].map((text) => [
    text,
    false,
  ]),
  ['https://user:secret@t.example/', false],
] as [string, boolean][])('given the ticket %j, then it is one: %s', (text, yes) => {
  expect(isTicket(text)).toBe(yes);
});
