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
  /** Where edits are refused. */
  let gone: SlackServer;
  beforeAll(async () => {
    server = await start();
    gone = await start();
  });
  afterAll(() => Promise.all([server.close(), gone.close()]));

  const signal = new AbortController().signal;
  const byWebhook = (notification: Notification) =>
    slack.open({ webhook_url: server.webhookUrl }, context).send(notification, { signal });
  const byBot = (notification: Notification) =>
    slack.open({ bot_token, channel, url: server.postMessageUrl }, context).send(notification, { signal });
  const sections = () => server.messages.at(-1)?.blocks?.map(({ text }) => text.text) ?? [];
  const shown = () => sections().join('\n').split('\n');

  test('given an open incident, then it is told in at most six lines, with dates in the reader’s zone and UTC', async () => {
    await byWebhook({ action: 'trigger', facts: sampleFacts(), pageUrl: 'https://logcanary.example/?a=1&b=2' });
    expect(server.messages.at(-1)?.text).toBe('🔴 prod logs STOPPED stream→index: all 3 nodes');
    expect(shown()).toHaveLength(6);
    expect(shown()[0]).toBe('*🔴 prod logs STOPPED stream→index: all 3 nodes*');
    expect(shown()[1]).toMatch(
      /^Critical: act now\. Since <!date\^1795111320\^\{date_short_pretty\} \{time\}\|[^>]+> \(18:02Z\)\. logcanary/,
    );
    expect(shown().slice(-3)).toEqual([
      'First look: 1. `kubectl -n logging logs deploy/consumer --since=15m`: refused writes?',
      '2. iterator age of stream logs',
      'Downstream, not paged separately: alert. <https://logcanary.example/?a=1&amp;b=2#inc-7|Incident>',
    ]);
  });

  test('given changes shortly before, then each has a date in the reader’s zone and its text is escaped', async () => {
    const changed = [{ at: sampleSince - 60_000, what: 'ConfigMap logging/<!here>: changed by helm' }];
    await byWebhook({ action: 'trigger', facts: sampleFacts({ changed }) });
    expect(server.pings).toEqual([]);
    expect(shown()[2]).toMatch(
      /Changed shortly before: <!date\^1795111260\^\{date_short_pretty\} \{time\}\|.+> \(18:01Z\) ConfigMap logging\/&lt;!here&gt;: changed by helm\.$/,
    );
  });

  test('given every line as long as can be, then Slack still takes it', async () => {
    const changed = [1, 2, 3, 4, 5].map((at) => ({ at: sampleSince - at, what: '&'.repeat(500) }));
    const long = '&'.repeat(5_000);
    const runway = [1, 2].map(() => ({ what: long, at: sampleSince, earliest: sampleSince, latest: sampleSince }));
    const facts = sampleFacts({ changed, runway, detail: long, firstLook: [long, long], behind: Array(9).fill(long) });
    await byWebhook({ action: 'trigger', facts: { ...facts, pipeline: long, hop: long } });
    expect(shown()).toHaveLength(6);
    expect(Math.max(...sections().map(({ length }) => length))).toBeGreaterThan(1_000);
    expect(Math.max(...sections().map(({ length }) => length))).toBeLessThanOrEqual(3_000);
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
    expect(shown().join()).toContain('"a &lt; b &amp;&amp; c &gt; d" &lt;!subteam^S1&gt;');
    expect(server.messages.at(-1)?.text).toContain('&lt;!channel&gt; logs STOPPED');
  });

  test('given details that grow by escaping, then they are cut between escapes', async () => {
    await byWebhook({ action: 'trigger', facts: sampleFacts({ detail: '&'.repeat(5_000) }) });
    const detail = shown()[2] ?? '';
    expect(detail).toMatch(/ (&amp;)+…$/);
    expect(detail.length).toBeLessThanOrEqual(1_200);
  });

  test('given an update, then a bot posts it and a webhook, which cannot edit, does not', async () => {
    const before = server.messages.length;
    await byWebhook({ action: 'update', facts: sampleFacts() });
    expect(server.messages.length).toBe(before);
    await byBot({ action: 'update', facts: sampleFacts() });
    expect(server.messages.at(-1)?.text).toBe('🔴 NOW CRITICAL: prod logs STOPPED stream→index: all 3 nodes');
  });

  describe('a bot that knows where its first message stands', () => {
    const told = async (channelName = channel) => {
      const options = { bot_token, channel: channelName, url: server.postMessageUrl };
      const notifier = slack.open(options, { ...context, locale: 'ja' });
      const receipt = await notifier.send(
        { action: 'trigger', facts: sampleFacts({ severity: 'warning' }) },
        { signal },
      );
      const ts = JSON.parse(receipt ?? '{}').ts as string;
      const send = (notification: Notification) => notifier.send({ ...notification, receipt }, { signal });
      return { send, ts, receipt };
    };

    test('given it got worse and is over, then its message shows how it is, and the thread what happened', async () => {
      const { send, ts } = await told('#ops');
      await send({ action: 'update', facts: sampleFacts() });
      expect(server.shown.get(ts)?.text).toBe('🔴 【重大化】prod ログ停止（stream→index）：全 3 ノード');
      expect(server.messages.at(-1)).toMatchObject({ thread_ts: ts, reply_broadcast: true });
      await send({ action: 'resolve', facts: resolvedFacts() });
      expect(server.shown.get(ts)?.text).toBe('🟢 【復旧】prod ログの流れが回復（stream→index）、24分で解消');
      expect(server.messages.at(-1)).toMatchObject({ thread_ts: ts, text: server.shown.get(ts)?.text });
      expect(server.messages.at(-1)).not.toHaveProperty('reply_broadcast');
    });

    test.each(['message_not_found', 'cant_update_message', 'edit_window_closed'])(
      'given the message cannot be edited any more (%s), then the end is a message of its own',
      async (error) => {
        const { receipt } = await told();
        const notifier = slack.open(
          { bot_token, channel, url: server.postMessageUrl, update_url: gone.origin },
          context,
        );
        gone.script({ as: 'answer', status: 200, body: JSON.stringify({ ok: false, error }) });
        const before = server.shown.size;
        const again = await notifier.send({ action: 'resolve', facts: resolvedFacts(), receipt }, { signal });
        expect(server.shown.size).toBe(before + 1);
        expect(JSON.parse(again ?? '{}').ts).not.toBe(JSON.parse(receipt ?? '{}').ts);
      },
    );

    test('given an edit that is refused for another reason, then that is an error and nothing is said in the thread', async () => {
      const { receipt } = await told();
      const notifier = slack.open({ bot_token, channel, url: server.postMessageUrl, update_url: gone.origin }, context);
      gone.script({ as: 'answer', status: 200, body: JSON.stringify({ ok: false, error: 'ratelimited' }) });
      const before = server.messages.length;
      const sent = notifier.send({ action: 'resolve', facts: resolvedFacts(), receipt }, { signal });
      await expect(sent).rejects.toMatchObject({ reason: 'rate_limited', retryable: true });
      expect(server.messages.length).toBe(before);
    });

    test.each(['', 'C1 1.2', '{"channel":7}', 'null'])(
      'given a receipt of another kind of channel (%s), then a message of its own is posted',
      async (receipt) => {
        const before = server.shown.size;
        const notifier = slack.open({ bot_token, channel, url: server.postMessageUrl }, context);
        await notifier.send({ action: 'resolve', facts: resolvedFacts(), receipt }, { signal });
        expect(server.shown.size).toBe(before + 1);
      },
    );

    test('given names that would ping a channel, then no edit and no reply pings anybody', async () => {
      const { send } = await told();
      await send({ action: 'update', facts: sampleFacts({ pipeline: '<!channel>', hop: '<!here>' }) });
      expect(server.pings).toEqual([]);
    });
  });

  test('given a resolved incident, then the recovery is posted', async () => {
    await byBot({ action: 'resolve', facts: resolvedFacts() });
    expect(server.messages.at(-1)).toMatchObject({
      channel,
      text: '🟢 RECOVERED after 24 min: prod logs flow again stream→index',
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
