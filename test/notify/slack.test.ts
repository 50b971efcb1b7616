import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import slack from '../../src/notify/slack.ts';
import { notifierContract } from '../contract/notifier.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { type SlackServer, startSlackServer } from '../fakes/slack-server.ts';

const webhookPath = '/services/T0LCN0001/B0LCN0002/a1b2c3d4e5f6g7h8i9j0k1l2';
const bot_token = 'xoxb-1234567890-not-a-real-token';
const channel = 'C024BE91L';
const start = () => startSlackServer({ webhookPath, botToken: bot_token, channel });
const context = { name: 'slack', clock: handClock(sampleSince), log: silentLog };

notifierContract({
  name: 'slack by webhook',
  start,
  open: (origin, clock) => slack.open({ webhook_url: `${origin}${webhookPath}` }, { ...context, clock }),
  secrets: ['a1b2c3d4e5f6g7h8i9j0k1l2', 'T0LCN0001', 'B0LCN0002'],
  accepts: { status: 200, body: 'ok' },
  refusals: ['', 'invalid_payload', '{"ok":true}', 'okay'],
});

notifierContract({
  name: 'slack by bot',
  start,
  open: (origin, clock) =>
    slack.open({ bot_token, channel, url: `${origin}/api/chat.postMessage` }, { ...context, clock }),
  secrets: [bot_token],
  accepts: { status: 200, body: '{"ok":true,"channel":"C024BE91L","ts":"1.2"}' },
  refusals: ['', 'ok', '{"ok":false,"error":"not_in_channel"}', '{"ok":false}', '{"ok":"true"}', '{"ok":tr'],
});

describe('slack', () => {
  let server: SlackServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const signal = new AbortController().signal;
  const byWebhook = (notification: Notification) =>
    slack.open({ webhook_url: server.webhookUrl }, context).send(notification, { signal });
  const byBot = (notification: Notification) =>
    slack.open({ bot_token, channel, url: server.postMessageUrl }, context).send(notification, { signal });
  const section = () => server.messages.at(-1)?.blocks?.[0]?.text.text ?? '';

  test('given an open incident, then it is told in at most six lines with dates in the reader’s zone', async () => {
    await byWebhook({ action: 'trigger', facts: sampleFacts(), pageUrl: 'https://logcanary.example/?a=1&b=2' });
    expect(server.messages.at(-1)?.text).toBe('🔴 prod logs STOPPED stream→index: 3/3 streams');
    expect(section().split('\n')).toHaveLength(6);
    expect(section()).toContain(
      '*🔴 prod logs STOPPED stream→index: 3/3 streams*\nSince <!date^1795111320^{date_short_pretty} {time}|',
    );
    expect(section()).toContain('Not paged, behind it: alert. <https://logcanary.example/?a=1&amp;b=2|Open logcanary>');
  });

  test('given changes shortly before, then each has a date in the reader’s zone and its text is escaped', async () => {
    const changed = [{ at: sampleSince - 60_000, what: 'ConfigMap logging/<!here>: changed by helm' }];
    await byWebhook({ action: 'trigger', facts: sampleFacts({ changed }) });
    expect(server.pings).toEqual([]);
    expect(section().split('\n')[4]).toMatch(
      /^Changed shortly before: <!date\^1795111260\^\{date_short_pretty\} \{time\}\|.+> ConfigMap logging\/&lt;!here&gt;: changed by helm\.$/,
    );
  });

  test('given every line as long as can be, then Slack still takes it', async () => {
    const changed = [1, 2, 3, 4, 5].map((at) => ({ at: sampleSince - at, what: '&'.repeat(500) }));
    const long = '&'.repeat(5_000);
    const facts = sampleFacts({ changed, detail: long, firstLook: [long, long], behind: Array(9).fill(long) });
    await byWebhook({ action: 'trigger', facts: { ...facts, pipeline: long, hop: long } });
    expect(section().split('\n')).toHaveLength(7);
    expect(section().length).toBeLessThanOrEqual(3_000);
  });

  test('given names and details with mentions, then nobody is pinged and the text is escaped once', async () => {
    const streams = { affected: 2, total: 2, names: ['<!here>', '<@U024BE7LH>'] };
    const detail = 'line was "a < b && c > d" <!subteam^S1>';
    const facts = sampleFacts({
      pipeline: '<!channel>',
      hop: '<#C1>',
      between: { from: '<!everyone>', to: '<#C1>' },
      streams,
      detail,
    });
    await byWebhook({ action: 'trigger', facts });
    await byBot({ action: 'trigger', facts });
    expect(server.pings).toEqual([]);
    expect(section()).toContain('"a &lt; b &amp;&amp; c &gt; d" &lt;!subteam^S1&gt;');
    expect(server.messages.at(-1)?.text).toContain('&lt;!channel&gt; logs STOPPED');
  });

  test('given details that grow by escaping, then they are cut between escapes', async () => {
    await byWebhook({ action: 'trigger', facts: sampleFacts({ detail: '&'.repeat(5_000) }) });
    const detail = section().split('\n')[3] ?? '';
    expect(detail).toMatch(/^(&amp;)+…$/);
    expect(detail.length).toBeLessThanOrEqual(425);
  });

  test('given an update, then a bot posts it and a webhook, which cannot edit, does not', async () => {
    const before = server.messages.length;
    await byWebhook({ action: 'update', facts: sampleFacts() });
    expect(server.messages.length).toBe(before);
    await byBot({ action: 'update', facts: sampleFacts() });
    expect(server.messages.at(-1)?.text).toBe('🔴 UPDATE prod logs STOPPED stream→index: 3/3 streams');
  });

  test('given a resolved incident, then the recovery is posted', async () => {
    await byBot({ action: 'resolve', facts: resolvedFacts() });
    expect(server.messages.at(-1)).toMatchObject({
      channel,
      text: '🟢 RECOVERED prod logs stream→index: flowing again after 24 min',
    });
  });

  test.each([
    ['channel_not_found', 'not_found', false],
    ['not_in_channel', 'rejected', false],
    ['invalid_auth', 'auth', false],
    ['msg_blocks_too_long', 'rejected', false],
    ['ratelimited', 'rate_limited', true],
    ['internal_error', 'server_error', true],
  ])('given the bot’s answer 200 with %s, then it is an error', async (error, reason, retryable) => {
    server.script({ as: 'answer', status: 200, body: JSON.stringify({ ok: false, error }) });
    const sent = byBot({ action: 'trigger', facts: sampleFacts() });
    await expect(sent).rejects.toMatchObject({ code: 'NOTIFY', reason, retryable });
    await expect(sent).rejects.toThrow(error);
    server.script();
  });

  test('given a channel the bot is not in, then the error says what to check', async () => {
    const sent = slack.open({ bot_token, channel: '#elsewhere', url: server.postMessageUrl }, context);
    await expect(sent.send({ action: 'trigger', facts: sampleFacts() }, { signal })).rejects.toThrow(
      'channel_not_found. Check bot_token (scope chat:write) and channel',
    );
  });
});

describe('the configuration of slack', () => {
  const faultsOf = (config: unknown) =>
    slack.config.safeParse(config).error?.issues.map(({ path, message }) => [...path, message].join(': ')) ?? [];
  const forms = 'write either { webhook_url } or { bot_token, channel }';

  test('given a bot, then its messages go to Slack', () => {
    expect(slack.config.parse({ bot_token, channel: '#ops' })).toEqual({
      bot_token,
      channel: '#ops',
      url: 'https://slack.com/api/chat.postMessage',
    });
  });

  test.each([
    ['nothing', {}, forms],
    ['no map', null, forms],
    ['both forms', { webhook_url: 'https://hooks.slack.com/sesame', bot_token, channel }, forms],
    ['a bot without channel', { bot_token }, `channel: write the channel (${forms})`],
    [
      'a token of another kind',
      { bot_token: 'sesame', channel },
      'bot_token: write a bot token, which begins with xoxb-',
    ],
    ['an address without scheme', { webhook_url: 'sesame' }, 'webhook_url: write a whole address'],
    ['an unknown setting', { webhook_url: 'https://hooks.slack.com/sesame', colour: 'sesame' }, 'colour'],
  ])('given %s, then one fault says what to write, without the value', (_, config, expected) => {
    const faults = faultsOf(config);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(expected);
    expect(faults[0]).not.toContain('sesame');
  });
});
