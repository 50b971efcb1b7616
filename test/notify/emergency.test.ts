import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notifier } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import { sendEmergency } from '../../src/notify/emergency.ts';
import notifiers from '../../src/notify/index.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleSince } from '../fakes/incident-facts.ts';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';

describe('the emergency page', () => {
  const clock = handClock(sampleSince);
  const signal = new AbortController().signal;
  const emergency = { clock, signal, deployment: 'tokyo', what: 'Cannot write the ledger: the disk is full.' };
  const channel = (name: string, send: Notifier['send']): Notifier => ({ name, kind: 'fake', send });
  let server: PagerdutyServer;
  let pager: Notifier;
  beforeAll(async () => {
    server = await startPagerdutyServer();
    pager = pagerduty.open({ routing_key: 'R'.repeat(32), url: server.url }, { name: 'pager', clock, log: silentLog });
  });
  afterAll(() => server.close());

  test('given a failed ledger, when paged twice and then repaired, then one phone rings once and the page is resolved', async () => {
    for (const again of [1, 2]) {
      expect(await sendEmergency([pager], emergency), `try ${again}`).toEqual({ accepted: ['pager'], failed: [] });
    }
    expect(server.pages).toBe(1);
    expect(server.events[0]).toMatchObject({
      event_action: 'trigger',
      payload: { severity: 'critical', class: 'ledger', component: 'logcanary', timestamp: '2026-11-19T18:02:00.000Z' },
    });
    expect(server.events[0]?.payload?.summary).toBe('logcanary tokyo DISK FULL: other pages may not come');
    await sendEmergency([pager], { ...emergency, resolve: true, since: sampleSince - 120_000 });
    expect(server.events.at(-1)?.payload?.summary).toBe('RECOVERED after 2 min: logcanary tokyo ledger records again');
    expect(server.open.size).toBe(0);
  });

  test('given another deployment, then its page is another', async () => {
    await sendEmergency([pager], { ...emergency, deployment: 'osaka' });
    await sendEmergency([pager], emergency);
    expect(server.open.size).toBe(2);
  });

  test('given channels that fail in every way, then the working one still gets it and nothing is thrown', async () => {
    const stuck = channel('stuck', () => new Promise(() => undefined));
    const broken = channel('broken', () => Promise.reject(new TypeError('a bug')));
    const throwing = channel('throwing', () => {
      throw new TypeError('a bug');
    });
    const outcome = sendEmergency([stuck, broken, throwing, pager], emergency);
    await expect.poll(() => clock.running).toBe(1);
    clock.expire();
    const { accepted, failed } = await outcome;
    expect(accepted).toEqual(['pager']);
    expect(failed.map(({ name, error }) => [name, error.code, error.reason])).toEqual([
      ['stuck', 'NOTIFY', 'timeout'],
      ['broken', 'NOTIFY', 'internal'],
      ['throwing', 'NOTIFY', 'internal'],
    ]);
    expect(clock.running).toBe(0);
  });

  test('given we are being stopped, then it ends at once', async () => {
    const stuck = channel('stuck', () => new Promise(() => undefined));
    const { failed } = await sendEmergency([stuck], { ...emergency, signal: AbortSignal.abort(new Error('stopping')) });
    expect(failed[0]?.error.reason).toBe('aborted');
  });

  test('given no channel, then nobody was told', async () => {
    expect(await sendEmergency([], emergency)).toEqual({ accepted: [], failed: [] });
  });
});

test('the list of notifiers: given every kind, then each has a word of its own', () => {
  expect(notifiers.map(({ kind }) => kind)).toEqual([
    'pagerduty',
    'slack',
    'alertmanager',
    'webhook',
    'email',
    'opsgenie',
    'jsm',
  ]);
});
