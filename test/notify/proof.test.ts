/** Each channel that can be asked what became of a message, and what those that cannot say instead. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import email from '../../src/notify/email.ts';
import { jsm, opsgenie } from '../../src/notify/opsgenie.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import slack from '../../src/notify/slack.ts';
import webhook from '../../src/notify/webhook.ts';
import { proofContract } from '../contract/notifier-proof.ts';
import { type AlertmanagerServer, startAlertmanagerServer } from '../fakes/alertmanager-server.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { jsmReader, startOpsgenieServer } from '../fakes/opsgenie-server.ts';
import { pagerdutyToken, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { startSlackServer } from '../fakes/slack-server.ts';

const clock = handClock(sampleSince);
const context = { name: 'chan', clock, log: silentLog };
const { signal } = new AbortController();
const asked = { action: 'trigger', facts: sampleFacts() } as const;

const routing_key = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
proofContract({
  name: 'pagerduty',
  start: startPagerdutyServer,
  open: (origin, own) => {
    const urls = { url: `${origin}/v2/enqueue`, api_url: `${origin}/incidents` };
    return pagerduty.open({ routing_key, api_token: pagerdutyToken, ...urls }, { ...context, clock: own });
  },
  secrets: [pagerdutyToken, routing_key],
  noProofs: [
    '{"incidents":[]}',
    '{"incidents":[{"status":"triggered","incident_key":"of somebody else"}]}',
    '{"incidents":[{"status":"perhaps"}]}',
    '{"incidents":{}}',
  ],
});

const bot = { bot_token: 'xoxb-1234567890-not-a-real-token', channel: 'C024BE91L' };
proofContract({
  name: 'slack by bot',
  start: () => startSlackServer({ webhookPath: '/services/x', botToken: bot.bot_token, channel: bot.channel }),
  open: (origin, own) => slack.open({ ...bot, url: `${origin}/api/chat.postMessage` }, { ...context, clock: own }),
  secrets: [bot.bot_token],
  unknownReceipt: JSON.stringify({ channel: bot.channel, ts: '1.2' }),
  noProofs: ['{"ok":false,"error":"message_not_found"}', '{"ok":false,"error":"invalid_auth"}', '{"ok":"true"}'],
});

const bearer_token = 'am-token-Zq7plantedXw9kL3';
proofContract({
  name: 'alertmanager',
  start: () => startAlertmanagerServer(bearer_token),
  open: (origin, own) => {
    const config = alertmanager.config.parse({ url: `${origin}/api/v2/alerts`, bearer_token, labels: { team: 'x' } });
    return alertmanager.open(config, { ...context, clock: own });
  },
  secrets: [bearer_token],
  noProofs: [
    '[]',
    '[{"labels":{"alertname":"Other"},"receivers":[],"status":{"state":"active"}}]',
    '[{"labels":{},"receivers":[],"status":{"state":"active"}}]',
    '{"status":"success","data":[]}',
  ],
});

const api_key = '12345678-planted-key-90abcdef';
const unknownReceipt = '43a29c5c-3dbf-4fa4-9c26-000000000999';
const noProofs = [
  '{"data":{}}',
  '{"data":{"isSuccess":false,"status":"x"}}',
  '{"isSuccess":"true"}',
  '{"data":{"isSuccess":1}}',
];
proofContract({
  name: 'opsgenie',
  start: () => startOpsgenieServer(api_key),
  open: (origin, own) => opsgenie.open({ api_key, url: `${origin}/v2/alerts` }, { ...context, clock: own }),
  secrets: [api_key],
  unknownReceipt,
  notFoundIsAnswer: true,
  noProofs,
});
proofContract({
  name: 'jsm',
  start: () => startOpsgenieServer(api_key),
  open: (origin, own) => {
    const urls = { url: `${origin}/v2/alerts`, api_url: `${origin}/jsm/v1/alerts` };
    return jsm.open({ api_key, ...urls, ...jsmReader }, { ...context, clock: own });
  },
  secrets: [jsmReader.api_token, Buffer.from(`${jsmReader.api_user}:${jsmReader.api_token}`).toString('base64')],
  unknownReceipt,
  notFoundIsAnswer: true,
  noProofs,
});

describe('given an Alertmanager of two members', () => {
  let members: AlertmanagerServer[];
  beforeAll(async () => {
    members = [await startAlertmanagerServer(), await startAlertmanagerServer()];
  });
  afterAll(() => Promise.all(members.map((member) => member.close())));
  const open = () => alertmanager.open(alertmanager.config.parse({ url: members.map(({ url }) => url) }), context);

  test('when both have it, then it says so, and whom they tell', async () => {
    await open().send(asked, { signal });
    expect(await open().prove?.(asked, { signal })).toEqual({
      state: 'arrived',
      how: '2 of 2 members have it, for oncall',
    });
  });

  test('when one of them lacks it, then it is missing, and which one is said', async () => {
    members[1]?.script({ as: 'answer', status: 200, body: '[]' });
    expect(await open().prove?.(asked, { signal })).toMatchObject({
      state: 'missing',
      why: expect.stringContaining(new URL(members[1]?.url ?? '').host),
    });
    members[1]?.script();
  });

  test('when one of them cannot be asked, then it could not be looked', async () => {
    members[1]?.script({ as: 'reset' });
    await expect(open().prove?.(asked, { signal })).rejects.toMatchObject({ reason: 'network' });
    members[1]?.script();
  });

  test('when a silence there keeps it from everybody, then it is missing for good', async () => {
    const [alert] = members[0]?.alerts ?? [];
    const body = JSON.stringify([{ ...alert, receivers: [{ name: 'oncall' }], status: { state: 'suppressed' } }]);
    for (const member of members) member.script({ as: 'answer', status: 200, body });
    expect(await open().prove?.(asked, { signal })).toMatchObject({ state: 'missing', final: true });
    for (const member of members) member.script();
  });
});

describe('channels that cannot be asked', () => {
  test.each([
    ['pagerduty without a token', pagerduty.open({ routing_key, url: 'https://pd.example/' }, context), 'api_token'],
    ['slack by webhook', slack.open({ webhook_url: 'https://hooks.example/x' }, context), 'webhook'],
    ['jsm without an account', jsm.open({ api_key, url: 'https://jsm.example/' }, context), 'api_user'],
    [
      'email',
      email.open(email.config.parse({ host: 'mail.example', from: 'a@example.com', to: ['b@example.com'] }), context),
      'read',
    ],
  ])('given %s, then why it cannot be proven is said', async (_, notifier, why) => {
    expect(await notifier.prove?.(asked, { signal })).toMatchObject({
      state: 'unprovable',
      why: expect.stringContaining(why),
    });
  });

  test('given a webhook, then the answer of its receiver is the proof', async () => {
    const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
    const notifier = webhook.open({ url: 'https://hooks.example/', secret }, context);
    expect(await notifier.prove?.(asked, { signal })).toMatchObject({ state: 'arrived' });
  });

  test('given a bot or an alert whose receipt is not known any more, then nothing is claimed', async () => {
    const byBot = slack.open({ ...bot, url: 'https://slack.example/api/chat.postMessage' }, context);
    const byAlert = opsgenie.open({ api_key, url: 'https://opsgenie.example/v2/alerts' }, context);
    for (const notifier of [byBot, byAlert])
      expect(await notifier.prove?.({ ...asked, receipt: undefined }, { signal })).toMatchObject({
        state: 'unprovable',
      });
  });
});

test('given an alert that was not created, then what was said is quoted without our key, and it is not asked again', async () => {
  const server = await startOpsgenieServer(api_key);
  const body = JSON.stringify({
    data: { isSuccess: false, status: `${api_key} is over its quota\n${'x'.repeat(5_000)}` },
  });
  server.script({ as: 'answer', status: 200, body });
  const notifier = opsgenie.open({ api_key, url: server.url }, context);
  const arrival = await notifier.prove?.({ ...asked, receipt: 'r-1' }, { signal });
  await server.close();
  expect(arrival).toMatchObject({
    state: 'missing',
    final: true,
    why: expect.stringContaining('*** is over its quota'),
  });
  expect(JSON.stringify(arrival).length).toBeLessThan(300);
});

describe('the options that a proof needs', () => {
  test('given a part of the account for jsm, then it is refused without showing it', () => {
    const { error } = jsm.config.safeParse({ api_key, api_token: 'sesame-sesame' });
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).toContain('write all of api_url, api_user and api_token, or none');
    expect(error?.message).not.toContain('sesame');
  });

  test('given a REST key that is none, then it is refused without showing it', () => {
    const { error } = pagerduty.config.safeParse({ routing_key, api_token: 'sesame' });
    expect(error?.issues).toHaveLength(1);
    expect(error?.message).not.toContain('sesame');
  });
});
