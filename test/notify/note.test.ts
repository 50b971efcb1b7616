/** Notes on incidents in channels: where that wakes nobody, and never as a beginning. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Note } from '../../src/core/note.ts';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import notifiers from '../../src/notify/index.ts';
import { noteLine } from '../../src/notify/note-line.ts';
import slack from '../../src/notify/slack.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import webhook from '../../src/notify/webhook.ts';
import { openNotifier } from '../../src/open-probes.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { type AlertmanagerServer, startAlertmanagerServer } from '../fakes/alertmanager-server.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { type SlackServer, startSlackServer } from '../fakes/slack-server.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../fakes/webhook-receiver.ts';

const { signal } = new AbortController();
const context = { name: 'channel', clock: handClock(sampleSince), log: silentLog };
const note: Note = { at: sampleSince + 600_000, by: 'aki', cause: 'a full disk', ticket: 'OPS-12' };
const noted = (...notes: Note[]): Notification => ({ action: 'note', facts: { ...sampleFacts(), notes } });

describe('slack', () => {
  const bot_token = 'xoxb-1234567890-not-a-real-token';
  let server: SlackServer;
  beforeAll(async () => {
    server = await startSlackServer({ webhookPath: '/services/T0/B0/x', botToken: bot_token, channel: 'C024BE91L' });
  });
  afterAll(() => server.close());
  const bot = (locale: 'en' | 'ja' = 'en') =>
    slack.open({ bot_token, channel: 'C024BE91L', url: server.postMessageUrl }, { ...context, locale });

  test('given a bot that told of the incident, when it is noted, then the thread has it, and nobody else is notified', async () => {
    const receipt = await bot().send({ action: 'trigger', facts: sampleFacts() }, { signal });
    const before = [server.shown.size, server.messages.length];
    await bot().send({ ...noted(note), receipt }, { signal });
    expect([server.shown.size, server.messages.length]).toEqual([before[0], (before[1] ?? 0) + 1]);
    const reply = server.messages.at(-1);
    expect(reply).toMatchObject({ text: '📝 aki: cause: a full disk; ticket: OPS-12', thread_ts: expect.any(String) });
    expect(reply?.reply_broadcast).toBeUndefined();
  });

  test('given markup and mentions, when noted, then they are texts', async () => {
    const receipt = await bot().send({ action: 'trigger', facts: sampleFacts() }, { signal });
    await bot().send({ ...noted({ ...note, cause: '<!channel> <@U1> & co' }), receipt }, { signal });
    expect(server.messages.at(-1)?.text).toContain('&lt;!channel&gt; &lt;@U1&gt; &amp; co');
    expect(server.pings).toEqual([]);
  });

  test('given no message of it, or a webhook, when noted, then nothing is written', async () => {
    const before = server.messages.length;
    await bot().send(noted(note), { signal });
    await slack.open({ webhook_url: server.webhookUrl }, context).send(noted(note), { signal });
    expect(server.messages.length).toBe(before);
  });
});

describe('webhook', () => {
  const secret = `whsec_${Buffer.from('correct horse battery staple').toString('base64')}`;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    receiver = await startWebhookReceiver(secret);
  });
  afterAll(() => receiver.close());

  test('given two notes of one time, when noted, then each is an event with an id of its own', async () => {
    const before = receiver.events.length;
    for (const each of [note, { ...note, cause: 'two full disks' }])
      await webhook.open({ url: receiver.url, secret }, context).send(noted(each), { signal });
    const events = receiver.events.slice(before);
    expect(events).toMatchObject([
      {
        type: 'incident.noted',
        timestamp: '2026-11-19T18:12:00.000Z',
        data: { notes: [{ by: 'aki', cause: 'a full disk' }] },
      },
      { type: 'incident.noted', data: { notes: [{ cause: 'two full disks' }] } },
    ]);
    const ids = receiver.requests.slice(-2).map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('alertmanager', () => {
  let server: AlertmanagerServer;
  beforeAll(async () => {
    server = await startAlertmanagerServer();
  });
  afterAll(() => server.close());

  test('given notes, when the alert is renewed, then they are an annotation, the newest first, and no label', async () => {
    const notifier = alertmanager.open(alertmanager.config.parse({ url: server.url }), context);
    const facts = { ...sampleFacts(), notes: [note, { at: note.at + 1, by: 'ben', remediation: 'a node more' }] };
    await notifier.send({ action: 'renew', facts }, { signal });
    const alert = server.alerts.at(-1);
    expect(alert?.annotations?.notes).toBe('ben: remediation: a node more\naki: cause: a full disk; ticket: OPS-12');
    expect(Object.keys(alert?.labels ?? {})).not.toContain('notes');
  });
});

test('given each kind that takes no notes, when one waits for its name, then nothing is sent and it counts as done', async () => {
  const kinds = notifiers.filter(({ takesNotes }) => takesNotes !== true);
  expect(kinds.map(({ kind }) => kind)).toContain('pagerduty');
  for (const definition of kinds) {
    const sent: string[] = [];
    const deaf = { ...definition, open: () => ({ name: 'x', kind: 'x', send: async () => void sent.push('sent') }) };
    const spec = { name: 'x', kind: definition.kind, options: {}, minSeverity: 'warning' as const };
    const notifier = openNotifier(configOf(), spec, deaf as never, context);
    await notifier.send({ ...noted(note), facts: { ...resolvedFacts(), notes: [note] } }, { signal });
    expect(sent, definition.kind).toEqual([]);
    await notifier.send({ action: 'resolve', facts: resolvedFacts() }, { signal });
    expect(sent, definition.kind).toEqual(['sent']);
  }
});

test('given a language, when a note is said, then its parts are named in it', () => {
  const facts = { notes: [{ ...note, remediation: 'ノードを追加' }] };
  expect(noteLine(facts, voiceOf({ locale: 'ja' }))).toBe(
    'aki: 原因: a full disk; 対処: ノードを追加; チケット: OPS-12',
  );
  expect(noteLine({}, voiceOf())).toBe('');
});
