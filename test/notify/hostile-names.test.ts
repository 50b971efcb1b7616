/** Names and texts from logs, clusters and vendors on their way into every channel, in every language. */
import { describe, expect, test } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import { locales } from '../../src/core/pipeline.ts';
import { silentLog } from '../../src/lib/log.ts';
import alertmanager from '../../src/notify/alertmanager.ts';
import type { ChannelContext } from '../../src/notify/definition.ts';
import { opsgenie } from '../../src/notify/opsgenie.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import slack from '../../src/notify/slack.ts';
import webhook from '../../src/notify/webhook.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { startMisbehavingServer } from '../fakes/misbehaving-server.ts';
import { sampleToken } from '../http/sample-status.ts';

const evil = [
  '<!channel> <@U012> <https://evil.example|click>',
  'a\r\nb\u2028c\u0000d\u001b[31m',
  '\u202egnp.exe',
  `saw ${sampleToken} there`,
  '日本語のストリーム名👩‍👩‍👧‍👦🔥',
  '\ud800 alone',
];

function poisoned(text: string): IncidentFacts {
  return sampleFacts({
    ...{ id: text, pipeline: text, hop: text, deployment: text, detail: text, firstLook: [text], behind: [text] },
    between: { from: text, to: text },
    streams: { affected: 2, total: 3, names: [text, text] },
    changed: [{ at: sampleSince, what: text }],
    runway: [{ what: text, at: sampleSince, earliest: sampleSince }],
  });
}

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const accepted = {
  pagerduty: { status: 202, body: '{"status":"success"}' },
  'slack by webhook': { status: 200, body: 'ok' },
  'slack by bot': { status: 200, body: '{"ok":true,"channel":"C1","ts":"1.2"}' },
  alertmanager: { status: 200, body: '' },
  webhook: { status: 204, body: '' },
  opsgenie: { status: 202, body: '{"requestId":"r-1"}' },
} as const;
type Channel = keyof typeof accepted;

function open(channel: Channel, url: string, context: ChannelContext) {
  if (channel === 'pagerduty') return pagerduty.open({ routing_key: 'R'.repeat(32), url }, context);
  if (channel === 'slack by webhook') return slack.open({ webhook_url: url }, context);
  if (channel === 'slack by bot') return slack.open({ bot_token: 'xoxb-123456', channel: 'C1', url }, context);
  if (channel === 'alertmanager') return alertmanager.open(alertmanager.config.parse({ url }), context);
  if (channel === 'webhook') return webhook.open({ url, secret }, context);
  return opsgenie.open({ api_key: 'k'.repeat(8), url }, context);
}

/** Every text in a JSON value. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

/** Control characters but the line feed between our lines, line separators, changes of text direction. */
const unsafe = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

describe.each(Object.keys(accepted) as Channel[])('%s', (channel) => {
  test.each(locales)(
    'given such names everywhere, in %s, then what it sends is harmless and well-formed',
    async (locale) => {
      const { status, body } = accepted[channel];
      const server = await startMisbehavingServer(() => ({ status, contentType: 'application/json', body }));
      const links = { page: 'https://status.example/', discover: 'https://kibana.example/?q={stream}&h={hop}' };
      const context = { name: channel, clock: handClock(sampleSince), log: silentLog, locale, links };
      try {
        const notifier = open(channel, `${server.origin}/in`, context);
        const signal = new AbortController().signal;
        for (const text of evil) {
          const before = server.requests.length;
          const receipt = await notifier.send({ action: 'trigger', facts: poisoned(text) }, { signal });
          const over = { ...poisoned(text), state: 'resolved', resolvedAt: sampleSince + 60_000 } as const;
          await notifier.send({ action: 'resolve', facts: over, receipt }, { signal });
          for (const { body: sent, path } of server.requests.slice(before)) expectHarmless(`${path}\n${sent}`, sent);
        }
      } finally {
        await server.close();
      }
    },
  );
});

function expectHarmless(whole: string, body: string): void {
  expect(whole).not.toContain(sampleToken);
  for (const text of texts(JSON.parse(body))) {
    expect(text).not.toMatch(unsafe);
    expect(text.isWellFormed()).toBe(true);
  }
}
