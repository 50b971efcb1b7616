import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import webhook, { signed } from '../../src/notify/webhook.ts';
import { notifierContract } from '../contract/notifier.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';

const key = Buffer.from('correct horse battery staple').toString('base64');
const secret = `whsec_${key}`;
const context = { name: 'webhook', clock: handClock(sampleSince), log: silentLog };

notifierContract({
  name: 'webhook',
  start: () => startWebhookReceiver(secret),
  open: (origin, clock) => webhook.open({ url: `${origin}/hook`, secret }, { ...context, clock }),
  secrets: [secret, key],
  accepts: { status: 200, body: '', any: true },
  refusals: [],
});

describe('webhook', () => {
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await startWebhookReceiver(secret);
  });
  afterAll(() => receiver.close());

  const send = async (notification: Notification, clock = context.clock) => {
    const notifier = webhook.open({ url: receiver.url, secret }, { ...context, clock });
    await notifier.send(notification, { signal: new AbortController().signal });
    return receiver.events.at(-1);
  };

  test('given the example of the specification, then the signature is the same', () => {
    const example = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      at: 1_614_265_330,
      body: '{"test": 2432232314}',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    };
    expect(signed(example)['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('given an incident, then the receiver gets what happened, for people and for programs', async () => {
    const event = await send({ action: 'trigger', facts: sampleFacts(), pageUrl: 'https://logcanary.example/' });
    expect(event).toMatchObject({
      type: 'incident.opened',
      timestamp: '2026-11-19T18:07:00.000Z',
      data: {
        id: 'inc-7',
        dedup_key: sampleFacts().dedupKey,
        pipeline: 'prod',
        hop: 'index',
        kind: 'stopped',
        severity: 'critical',
        state: 'open',
        title: 'prod logs STOPPED stream→index: all 3 nodes',
        since: '2026-11-19T18:02:00.000Z',
        canaries: { overdue: 420 },
        between: { from: 'stream', to: 'index' },
        stream_names: ['node-a', 'node-b', 'node-c'],
        behind: ['alert'],
        unreadable: [],
        runway: [],
        links: { incident: 'https://logcanary.example/#inc-7' },
      },
    });
    expect(await send({ action: 'resolve', facts: resolvedFacts() })).toMatchObject({
      type: 'incident.resolved',
      timestamp: '2026-11-19T18:26:00.000Z',
      data: { state: 'resolved' },
    });
  });

  test('given one notification sent twice, then its id is the same and its time is that of the try', async () => {
    const facts = sampleFacts();
    const first = await send({ action: 'trigger', facts });
    const again = await send({ action: 'trigger', facts }, handClock(sampleSince + 90_000));
    expect(again?.id).toBe(first?.id);
    expect(receiver.requests.slice(-2).map(({ headers }) => headers['webhook-timestamp'])).toEqual([
      '1795111320',
      '1795111410',
    ]);
  });

  test('given what follows, a new incident of the same place, or one of a new ledger, then its id is another', async () => {
    const ids = [
      await send({ action: 'trigger', facts: sampleFacts() }),
      await send({ action: 'update', facts: sampleFacts() }),
      await send({ action: 'resolve', facts: resolvedFacts() }),
      await send({ action: 'trigger', facts: sampleFacts({ id: 'inc-8' }) }),
      await send({ action: 'trigger', facts: sampleFacts({ openedAt: sampleSince + 1 }) }),
    ].map((event) => event?.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('given names and evidence without bounds, then the body stays below 20 kB and says that it was cut', async () => {
    const names = Array.from({ length: 500 }, (_, at) => `${at}${'日'.repeat(250)}`);
    const changed = [1, 2, 3, 4, 5].map((at) => ({ at, what: '🔥'.repeat(300) }));
    const facts = sampleFacts({
      streams: { affected: 500, total: 500, names },
      firstLook: names,
      behind: names,
      changed,
    });
    const event = await send({ action: 'trigger', facts });
    expect(event?.data).toMatchObject({
      cut: true,
      canaries: { overdue: 420 },
      streams: { affected: 500, total: 500 },
    });
  });

  test('given 410, then it is not sent again', async () => {
    receiver.script({ as: 'answer', status: 410 });
    await expect(send({ action: 'trigger', facts: sampleFacts() })).rejects.toMatchObject({ retryable: false });
    receiver.script();
  });
});

describe('the configuration of webhook', () => {
  const url = 'https://hooks.example/logcanary';

  test('given an address and a secret, then that is all', () => {
    expect(webhook.config.parse({ url, secret })).toEqual({ url, secret });
  });

  test.each([
    ['no secret', { url }],
    ['a short secret', { url, secret: 'whsec_c2VzYW1l' }],
    ['a secret of 65 bytes', { url, secret: `whsec_${Buffer.alloc(65, 's').toString('base64')}` }],
    ['a secret that is no base64', { url, secret: `whsec_sesame-${'x'.repeat(40)}` }],
    ['an address with a password', { url: 'https://me:sesame@hooks.example/', secret }],
    ['an unknown setting', { url, secret, token: 'sesame' }],
  ])('given %s, then it is refused without showing the value', (_, config) => {
    const { error } = webhook.config.safeParse(config);
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toMatch(/sesame|c2VzYW1l/);
  });
});
