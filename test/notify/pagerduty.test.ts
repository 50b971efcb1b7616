import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { notifierContract } from '../contract/notifier.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';

const routing_key = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';

notifierContract({
  name: 'pagerduty',
  start: startPagerdutyServer,
  open: (origin, clock) =>
    pagerduty.open({ routing_key, url: `${origin}/v2/enqueue` }, { name: 'pagerduty', clock, log: silentLog }),
  secrets: [routing_key],
  accepts: { status: 202, body: '{"status":"success","message":"Event processed","dedup_key":"k"}' },
  refusals: ['ok', '{"status":"succ', '[]', '{"status":"invalid event"}'],
});

describe('pagerduty', () => {
  let server: PagerdutyServer;
  beforeAll(async () => {
    server = await startPagerdutyServer();
  });
  afterAll(() => server.close());

  const send = async (notification: Notification) => {
    const context = { name: 'pagerduty', clock: handClock(sampleSince), log: silentLog };
    const notifier = pagerduty.open({ routing_key, url: server.url }, context);
    await notifier.send(notification, { signal: new AbortController().signal });
    return server.events.at(-1);
  };

  test('given changes shortly before, when triggered, then its details list all of them', async () => {
    const changed = [1, 2, 3, 4].map((at) => ({ at: sampleSince - at * 60_000, what: `ConfigMap c-${at}\n: changed` }));
    const event = await send({ action: 'trigger', facts: sampleFacts({ changed }) });
    expect(event).toMatchObject({
      payload: {
        custom_details: {
          summary: expect.stringContaining('ConfigMap c-3 : changed; and 1 more.'),
          changed_shortly_before: [
            '2026-11-19T18:01:00.000Z ConfigMap c-1 : changed',
            '2026-11-19T18:00:00.000Z ConfigMap c-2 : changed',
            '2026-11-19T17:59:00.000Z ConfigMap c-3 : changed',
            '2026-11-19T17:58:00.000Z ConfigMap c-4 : changed',
          ],
        },
      },
    });
  });

  test('given an open incident, when triggered, then the event says what, where and since when', async () => {
    const event = await send({ action: 'trigger', facts: sampleFacts(), pageUrl: 'https://logcanary.example/' });
    expect(event).toMatchObject({
      routing_key,
      event_action: 'trigger',
      dedup_key: sampleFacts().dedupKey,
      payload: {
        summary: 'prod logs STOPPED stream→index: all 3 nodes',
        source: 'tokyo/prod/index',
        severity: 'critical',
        timestamp: '2026-11-19T18:02:00.000Z',
        class: 'stopped',
        component: 'index',
        group: 'prod',
        custom_details: {
          canaries: { overdue: 420 },
          streams: '3 of 3',
          looks_complete: '8 of 8',
          stream_names: ['node-a', 'node-b', 'node-c'],
        },
      },
      client: 'logcanary',
      client_url: 'https://logcanary.example/#inc-7',
      links: [{ href: 'https://logcanary.example/#inc-7', text: 'Incident' }],
    });
  });

  test('given an incident paged twice and resolved, then one phone rings once and nothing stays open', async () => {
    const before = server.pages;
    await send({ action: 'trigger', facts: sampleFacts({ dedupKey: 'twice' }) });
    await send({ action: 'trigger', facts: sampleFacts({ dedupKey: 'twice' }) });
    expect(server.pages - before).toBe(1);
    const event = await send({ action: 'resolve', facts: resolvedFacts({ dedupKey: 'twice' }) });
    expect(event?.payload).toMatchObject({ class: 'stopped', timestamp: '2026-11-19T18:26:00.000Z' });
    expect(event?.payload?.summary).toMatch(/^RECOVERED /);
    expect(server.open.has('twice')).toBe(false);
  });

  test('given an update that is still a warning, then nothing is sent', async () => {
    const before = server.requests.length;
    await send({ action: 'update', facts: { ...sampleFacts(), severity: 'warning' } });
    expect(server.requests.length).toBe(before);
  });

  test('given a warning that became critical, when updated, then the same incident hears of it', async () => {
    const event = await send({ action: 'update', facts: sampleFacts({ severity: 'critical' }) });
    expect(event).toMatchObject({ event_action: 'trigger', dedup_key: sampleFacts().dedupKey });
    expect(event).toMatchObject({ payload: { severity: 'critical' } });
  });

  test('given a warning, then its severity is warning', async () => {
    const event = await send({ action: 'trigger', facts: sampleFacts({ severity: 'warning' }) });
    expect(event?.payload?.severity).toBe('warning');
  });

  test('given details over 512,000 bytes, then they shrink and the rest is whole', async () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `${n}-${'日'.repeat(60)}`);
    const event = await send({
      action: 'trigger',
      facts: sampleFacts({ streams: { affected: 10_000, total: 10_000, names } }),
    });
    expect(event?.payload?.custom_details).toMatchObject({ cut: 'details left out: too large' });
    expect(event?.payload?.custom_details?.summary).toContain('and 9995 more');
    expect(event?.payload?.summary).toBe('prod logs STOPPED stream→index: all 10000 sources');
  });

  test('given a page address that no browser opens, then there is no link', async () => {
    const event = await send({ action: 'trigger', facts: sampleFacts(), pageUrl: 'javascript:alert(1)' });
    expect(event).not.toHaveProperty('links');
    expect(event).not.toHaveProperty('client_url');
  });

  test('given a runway, links and a language, then the page has them all', async () => {
    const context = { name: 'pagerduty', clock: handClock(sampleSince), log: silentLog };
    const links = { page: 'https://status.example/', runbook: 'https://wiki.example/{kind}' };
    const notifier = pagerduty.open(
      { routing_key, url: server.url },
      { ...context, locale: 'ja', zone: 'Asia/Tokyo', links },
    );
    const runway = [{ what: 'disk es-1: flood stage', at: sampleSince + 60_000, earliest: sampleSince }];
    await notifier.send(
      { action: 'trigger', facts: sampleFacts({ runway }) },
      { signal: new AbortController().signal },
    );
    expect(server.events.at(-1)).toMatchObject({
      payload: {
        summary: 'prod ログ停止（stream→index）：全 3 ノード',
        severity: 'critical',
        custom_details: {
          summary: expect.stringContaining('に disk es-1: flood stage。'),
          runway: ['2026-11-19T18:03:00.000Z disk es-1: flood stage'],
        },
      },
      client_url: 'https://status.example/#inc-7',
      links: [
        { href: 'https://wiki.example/stopped', text: '手順書' },
        { href: 'https://status.example/#inc-7', text: 'インシデント' },
      ],
    });
  });

  test('given maintenance or a drill, when announced, then it is a change event, which wakes nobody', async () => {
    const notifier = pagerduty.open(
      { routing_key, url: server.url },
      { name: 'pd', clock: handClock(0), log: silentLog },
    );
    const before = server.pages;
    const signal = new AbortController().signal;
    const what = `maintenance of ${'日'.repeat(2_000)}\nbegins`;
    const details = { until: '2026-11-19T20:00:00Z', by: 'tanaka' };
    await notifier.announce?.({ deployment: 'tokyo', at: sampleSince, what, details }, { signal });
    expect(server.pages).toBe(before);
    expect(server.changes.at(-1)).toMatchObject({
      routing_key,
      payload: { source: 'tokyo', timestamp: '2026-11-19T18:02:00.000Z', custom_details: details },
    });
    await notifier.announce?.({ deployment: '', at: sampleSince, what: '' }, { signal });
    server.script({ as: 'answer', status: 400, body: '{"status":"invalid event"}' });
    const refused = notifier.announce?.({ deployment: 'tokyo', at: sampleSince, what: 'a drill' }, { signal });
    await expect(refused).rejects.toMatchObject({ code: 'NOTIFY', retryable: false });
    server.script();
  });

  test('given an event that PagerDuty calls invalid, then its errors are quoted and it is not sent again', async () => {
    server.script({
      as: 'answer',
      status: 400,
      body: JSON.stringify({
        status: 'invalid event',
        message: 'Event object is invalid',
        errors: ["'source' is missing"],
      }),
    });
    const sent = send({ action: 'trigger', facts: sampleFacts() });
    await expect(sent).rejects.toMatchObject({ code: 'NOTIFY', reason: 'rejected', retryable: false });
    await expect(sent).rejects.toThrow('400 from 127.0.0.1');
    await expect(sent).rejects.toThrow("Event object is invalid ('source' is missing). Check routing_key");
    server.script();
  });

  test('given 202 without a body, then it is accepted', async () => {
    server.script({ as: 'answer', status: 202 });
    await send({ action: 'trigger', facts: sampleFacts() });
    server.script();
  });
});

describe('the configuration of pagerduty', () => {
  test('given only a key, then events go to PagerDuty', () => {
    expect(pagerduty.config.parse({ routing_key })).toEqual({
      routing_key,
      url: 'https://events.pagerduty.com/v2/enqueue',
    });
  });

  test.each([
    ['no key', {}],
    ['a short key', { routing_key: 'sesame' }],
    ['an unknown setting', { routing_key, routingkey: 'sesame' }],
    ['an address without a scheme', { routing_key, url: 'sesame' }],
    ['an address with a password', { routing_key, url: 'https://me:sesame@relay.example/' }],
    ['an address of another kind', { routing_key, url: 'ftp://sesame.example/' }],
  ])('given %s, then it is refused without showing the value', (_, config) => {
    const { error } = pagerduty.config.safeParse(config);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toContain('sesame');
  });
});
