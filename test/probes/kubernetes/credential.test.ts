import { describe, expect, test } from 'vitest';
import { createSignIn } from '../../../probes/kubernetes/credential.ts';
import { forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import { hastyClock } from '../../fakes/hasty-clock.ts';

describe('a sign-in', () => {
  const lasting = (token: string) => ({
    ...{ server: 'https://x', headers: { authorization: token }, tls: {}, renewInMs: 100, lastsMs: 1000 },
  });

  test('given a credential that cannot be renewed, when asked, then the old one serves as long as it lasts', async () => {
    const clock = hastyClock();
    let broken = false;
    const signIn = createSignIn(async () => {
      if (broken) throw new Error('STS is down');
      return lasting('a');
    }, clock);
    await signIn.current(forever.signal);
    broken = true;
    clock.advance(500);
    expect((await signIn.current(forever.signal)).headers.authorization).toBe('a');
    clock.advance(600);
    expectProbeError(await rejectionOf(signIn.current(forever.signal)), ['timeout']);
  });

  test('given many who ask at once, when nothing is held, then it is fetched once', async () => {
    let fetched = 0;
    const signIn = createSignIn(async () => {
      fetched += 1;
      return lasting('a');
    }, hastyClock());
    await Promise.all(Array.from({ length: 20 }, () => signIn.current(forever.signal)));
    expect(fetched).toBe(1);
  });

  test('given a source that fails, when asked again at once, then it rests first', async () => {
    const clock = hastyClock();
    let tried = 0;
    const signIn = createSignIn(async () => {
      tried += 1;
      throw new Error('no');
    }, clock);
    for (let at = 0; at < 5; at += 1) await rejectionOf(signIn.current(forever.signal));
    expect(tried).toBe(1);
    clock.advance(5000);
    await rejectionOf(signIn.current(forever.signal));
    expect(tried).toBe(2);
  });
});
