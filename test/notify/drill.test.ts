/** A drill under a virtual clock: what each channel may do, what is made of it, and that nothing is left open. */
import { describe, expect, test } from 'vitest';
import { type Drill, outcomeOf, summaryOf } from '../../src/core/drill.ts';
import type { Arrival, Notification, Notifier } from '../../src/core/notifier.ts';
import { NotifyError, type Reason } from '../../src/lib/errors.ts';
import { holdDrill } from '../../src/notify/drill.ts';
import { createVirtualClock } from '../chaos/virtual-clock.ts';
import { sampleSince } from '../fakes/incident-facts.ts';

type Send = (notification: Notification, tried: number) => Promise<string | undefined>;
type Prove = (asked: number, notification: Notification) => Promise<Arrival>;

interface FakeChannel extends Notifier {
  readonly sent: readonly Notification[];
}

const taken: Send = async () => undefined;
const failing = (reason: Reason, details: { retryable?: boolean; retryAfterMs?: number } = {}) =>
  new NotifyError(`It answered ${reason}.`, { reason, retryable: true, ...details });
const forGood = failing('auth', { retryable: false });

function channel(name: string, send: Send = taken, prove?: Prove): FakeChannel {
  const sent: Notification[] = [];
  let asked = 0;
  return {
    ...{ name, kind: 'fake', sent },
    send: (notification, { signal }) => {
      sent.push(notification);
      return heeding(signal, send(notification, sent.length));
    },
    ...(prove && { prove: (notification, { signal }) => heeding(signal, prove(++asked, notification)) }),
  };
}

/** As a channel does: a call that was stopped ends as a NotifyError. */
function heeding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const ended = new Promise<never>((_, reject) => {
    const end = () => reject(failing((signal.reason as Error).name === 'TimeoutError' ? 'timeout' : 'aborted'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  return Promise.race([work, ended]);
}

const never = () => new Promise<never>(() => undefined);

async function drill(channels: readonly FakeChannel[], options: { holdMs?: number; stopAfterMs?: number } = {}) {
  const clock = createVirtualClock(sampleSince);
  const stop = new AbortController();
  const steps: Drill[] = [];
  let over: Drill | undefined;
  const held = holdDrill({
    ...{ drill: { id: 'drill-3', at: clock.now(), by: 'aki' }, deployment: 'tokyo', notifiers: channels, clock },
    ...{ timeoutMs: 60_000, holdMs: options.holdMs ?? 0, signal: stop.signal },
    changed: (news) => void steps.push(news),
  }).then((drilled) => {
    over = drilled;
  });
  if (options.stopAfterMs !== undefined) {
    await clock.pass(sampleSince + options.stopAfterMs);
    stop.abort(new DOMException('stopped', 'AbortError'));
  }
  await clock.pass(sampleSince + 600_000);
  await held;
  if (over === undefined) throw new Error('it did not end');
  return { drill: over, steps, outcome: outcomeOf(over), lastedMs: (over.endedAt ?? 0) - sampleSince };
}

const actions = ({ sent }: FakeChannel) => sent.map(({ action }) => action);

describe('given a channel', () => {
  test('when it takes the test incident and proves it, then it is good, and resolved under the same key', async () => {
    const pager = channel(
      'pager',
      async () => 'r-1',
      async (asked) => (asked < 3 ? { state: 'missing', why: 'queued' } : { state: 'arrived', how: 'incident #1' }),
    );
    const { drill: held, outcome } = await drill([pager]);
    expect(held.channels).toEqual([
      {
        ...{ notifier: 'pager', kind: 'fake', state: 'proven', acceptedMs: 0, provenMs: 3_000, why: 'incident #1' },
        ...{ end: 'told', receipt: 'r-1' },
      },
    ]);
    expect([outcome, summaryOf(held)]).toEqual(['good', '1 of 1 channels proven']);
    const [begun, over] = pager.sent;
    expect([begun?.action, over?.action, over?.receipt]).toEqual(['trigger', 'resolve', 'r-1']);
    expect(begun?.facts).toMatchObject({ id: 'drill-3', test: true, severity: 'critical', pipeline: 'drill' });
    expect(over?.facts).toMatchObject({ state: 'resolved', dedupKey: begun?.facts.dedupKey });
  });

  test('when it refuses for good, then it is tried once, has failed, and nothing is resolved', async () => {
    const pager = channel('pager', () => Promise.reject(forGood));
    const { drill: held, outcome } = await drill([pager]);
    expect(held.channels).toMatchObject([{ state: 'refused', why: 'It answered auth.', end: 'needless' }]);
    expect([outcome, actions(pager)]).toEqual(['failed', ['trigger']]);
  });

  test('when it is busy at first, then it is tried again no sooner than it asked for', async () => {
    const pager = channel('pager', (_, tried) =>
      tried === 1 ? Promise.reject(failing('rate_limited', { retryAfterMs: 17_000 })) : Promise.resolve(undefined),
    );
    const { drill: held } = await drill([pager]);
    expect(held.channels).toMatchObject([{ state: 'accepted', acceptedMs: 17_000, end: 'told' }]);
  });

  test('when it never answers, then it has failed when its time is up, and is told the end, as it may have taken it', async () => {
    const pager = channel('pager', ({ action }) => (action === 'trigger' ? never() : Promise.resolve(undefined)));
    const { drill: held, lastedMs } = await drill([pager]);
    expect(held.channels).toMatchObject([{ state: 'refused', end: 'told' }]);
    expect([lastedMs, actions(pager)]).toEqual([60_000, ['trigger', 'resolve']]);
  });

  test('when what it took never shows up, then it is missing after its time', async () => {
    const pager = channel('pager', taken, async () => ({ state: 'missing', why: 'no incident' }));
    const { drill: held, outcome, lastedMs } = await drill([pager]);
    expect(held.channels).toMatchObject([{ state: 'missing', why: 'no incident', end: 'told' }]);
    expect([outcome, lastedMs]).toEqual(['failed', 60_000]);
  });

  test('when it says that it will never show up, then nobody waits for it', async () => {
    const pager = channel('pager', taken, async () => ({ state: 'missing', why: 'silenced', final: true }));
    expect((await drill([pager])).lastedMs).toBe(0);
  });

  test.each([
    ['for good', () => Promise.reject(forGood), 0],
    ['again and again', () => Promise.reject(failing('server_error')), 60_000],
    ['without an answer', never, 60_000],
  ])('when it cannot be asked (%s), then we are blind, which is not failed', async (_, prove, lasts) => {
    const { drill: held, outcome, lastedMs } = await drill([channel('pager', taken, prove)]);
    expect(held.channels).toMatchObject([{ state: 'blind', end: 'told' }]);
    expect([outcome, lastedMs]).toEqual(['blind', lasts]);
  });

  test('when the last look only ran out of time, then what was seen before holds', async () => {
    const pager = channel('pager', taken, (asked) =>
      asked === 1 ? Promise.resolve({ state: 'missing', why: 'queued' }) : never(),
    );
    expect((await drill([pager])).drill.channels).toMatchObject([{ state: 'missing', why: 'queued' }]);
  });

  test('when it does not take the end, then it is tried three times and has failed: somebody must close it', async () => {
    const pager = channel('pager', ({ action }) =>
      action === 'trigger' ? Promise.resolve(undefined) : Promise.reject(failing('server_error')),
    );
    const { drill: held, outcome } = await drill([pager]);
    expect(held.channels).toMatchObject([{ end: 'refused', endWhy: expect.stringContaining('by hand') }]);
    expect([outcome, actions(pager)]).toEqual(['failed', ['trigger', 'resolve', 'resolve', 'resolve']]);
  });

  test('when the channel itself is broken, then that is its failure and not ours', async () => {
    const pager = channel('pager', () => Promise.reject(new TypeError('x is undefined')));
    expect((await drill([pager])).drill.channels).toMatchObject([
      { state: 'refused', why: expect.stringContaining('x is') },
    ]);
  });
});

describe('given several channels', () => {
  test('when one hangs, then the others do not wait for it, and each step is told', async () => {
    const quick = channel('quick', taken, async () => ({ state: 'arrived', how: 'seen' }));
    const { drill: held, steps, outcome } = await drill([channel('slow', never), quick, channel('mail')]);
    expect(held.channels.map(({ state }) => state)).toEqual(['refused', 'proven', 'accepted']);
    expect(outcome).toBe('failed');
    expect(summaryOf(held)).toBe('1 of 3 channels proven, 1 accepted (cannot be proven), 1 FAILED');
    const quickEnded = steps.find(({ channels }) => channels[1]?.end === 'told');
    expect(quickEnded?.channels[0]?.state).toBe('sending');
    expect(steps.at(-1)).toEqual(held);
  });

  test('when two drills follow each other, then no key is used twice', async () => {
    const both = [channel('a'), channel('b')];
    await drill(both);
    const keys = new Set(both.flatMap(({ sent }) => sent.map(({ facts }) => facts.dedupKey)));
    expect(keys.size).toBe(2);
  });
});

describe('given a drill that is stopped', () => {
  test('when it waits for a proof, then its test incident is resolved at once, and nothing is claimed', async () => {
    const pager = channel('pager', taken, async () => ({ state: 'missing', why: 'queued' }));
    const { drill: held, outcome, lastedMs } = await drill([pager], { stopAfterMs: 5_000 });
    expect(held.channels).toMatchObject([{ state: 'stopped', end: 'told' }]);
    expect([outcome, lastedMs]).toEqual(['stopped', 5_000]);
  });

  test('when it is held open, then it is resolved at once', async () => {
    const pager = channel('pager', taken, async () => ({ state: 'arrived', how: 'seen' }));
    const { outcome, lastedMs } = await drill([pager], { holdMs: 300_000, stopAfterMs: 5_000 });
    expect([outcome, lastedMs, actions(pager)]).toEqual(['good', 5_000, ['trigger', 'resolve']]);
  });

  test('when a channel has not answered yet, then it is told the end once, as it may have taken it', async () => {
    const pager = channel('pager', ({ action }) =>
      action === 'trigger' ? never() : Promise.reject(failing('timeout')),
    );
    const { drill: held } = await drill([pager], { stopAfterMs: 5_000 });
    expect(held.channels).toMatchObject([{ state: 'stopped', end: 'refused' }]);
    expect(actions(pager)).toEqual(['trigger', 'resolve']);
  });
});

test('given a hold, then the test incident stays open for so long', async () => {
  const pager = channel('pager', taken, async () => ({ state: 'arrived', how: 'seen' }));
  expect((await drill([pager], { holdMs: 90_000 })).lastedMs).toBe(90_000);
});
