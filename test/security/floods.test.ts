import { expect, test } from 'vitest';
import { secret, serve } from '../http/serving.ts';

test('given more hooks than are held at once, when another comes, then it is sent away and the others are answered', async () => {
  let release = () => {};
  let held = 0;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let full = () => {};
  const allHeld = new Promise<void>((resolve) => {
    full = resolve;
  });
  const { url } = await serve({
    hook: async () => {
      held += 1;
      if (held === 32) full();
      await gate;
      return { accepted: true, known: true, found: 0 };
    },
  });
  const post = () =>
    fetch(`${url}/hooks/hop/alert`, { method: 'POST', body: 'x', headers: { Authorization: `Bearer ${secret}` } });
  const first = Array.from({ length: 32 }, post);
  await allHeld;
  const refused = await post();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(held).toBe(32);
  release();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual(Array(32).fill(200));
  expect((await post()).status).toBe(200);
});

test('given a body that could not be searched whole, when hooked, then it is not answered as taken', async () => {
  for (const unread of ['too-many', 'too-large', 'undecodable'] as const) {
    const { url } = await serve({ hook: async () => ({ accepted: true, known: true, found: 3, unread }) });
    const headers = { Authorization: `Bearer ${secret}` };
    const answer = await fetch(`${url}/hooks/hop/alert`, { method: 'POST', body: 'x', headers });
    expect([answer.status, await answer.json()]).toMatchObject([422, { error: { code: 'unreadable' } }]);
  }
});
