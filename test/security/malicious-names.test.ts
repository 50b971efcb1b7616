/** Names and texts from logs, clusters and vendors on their way into pages that people read. */
import { expect, test } from 'vitest';
import type { IncidentFacts } from '../../src/core/incident.ts';
import type { Notification } from '../../src/core/notifier.ts';
import { silentLog } from '../../src/lib/log.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { messageOf } from '../../src/notify/slack-message.ts';
import { handClock } from '../fakes/hand-clock.ts';
import { sampleFacts, sampleSince } from '../fakes/incident-facts.ts';
import { startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import { sampleToken } from '../http/sample-status.ts';

const evil = [
  '<!channel> <@U012> <https://evil.example|click>',
  'a\r\nb\u2028c\u0000d\u001b[31m',
  '\u202egnp.exe',
  '```*_~`',
  '</script><img src=x onerror=alert(1)>',
  `saw ${sampleToken} there`,
  'x'.repeat(100_000),
  '\ud800 alone',
];

const poisoned = (text: string): IncidentFacts =>
  sampleFacts({
    pipeline: text,
    hop: text,
    deployment: text,
    between: { from: text, to: text },
    unreadable: [text],
    streams: { affected: 2, total: 3, names: [text, text] },
    behind: [text],
    detail: text,
    firstLook: [text],
  });

/** Control characters but the line feed, line separators, changes of text direction. */
const unsafe = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

test.each(evil)(
  'given the text %j everywhere, when it goes to Slack, then it mentions nobody, links nowhere and stays in its line',
  (text) => {
    for (const action of ['trigger', 'resolve'] as const) {
      const message = messageOf({ action, facts: poisoned(text), pageUrl: 'https://logcanary.example/' });
      const written = JSON.stringify(message);
      const shown = JSON.parse(written) as typeof message;
      const body = (shown.blocks[0] as { text: { text: string; verbatim: boolean } }).text;
      expect(body.verbatim).toBe(true);
      const marks = body.text.match(/<[^>]*>/g) ?? [];
      expect(marks.filter((mark) => !/^<(!date\^|https:\/\/logcanary\.example\/\|)/.test(mark))).toEqual([]);
      expect(body.text.split('\n').length).toBeLessThanOrEqual(7);
      expect(body.text).not.toMatch(unsafe);
      expect(shown.text).not.toMatch(/<|>/);
      expect(written).not.toContain(sampleToken);
      expect(written.length).toBeLessThan(10_000);
      expect(written.isWellFormed()).toBe(true);
    }
  },
);

test('given such texts everywhere, when they go to PagerDuty, then each event is within its limits and holds no whole token', async () => {
  const server = await startPagerdutyServer();
  try {
    const context = { name: 'pagerduty', clock: handClock(sampleSince), log: silentLog };
    const notifier = pagerduty.open({ routing_key: 'R0123456789ABCDEFGHIJKLMNOPQRSTU', url: server.url }, context);
    for (const text of evil) {
      const notification: Notification = { action: 'trigger', facts: poisoned(text) };
      await notifier.send(notification, { signal: new AbortController().signal });
      const written = JSON.stringify(server.events.at(-1));
      expect(written).not.toContain(sampleToken);
      expect(written.isWellFormed()).toBe(true);
      expect(written.length).toBeLessThan(512_000);
      const { payload } = JSON.parse(written) as { payload: { summary: string; source: string } };
      expect(payload.summary + payload.source).not.toMatch(unsafe);
      expect(payload.summary.length).toBeLessThanOrEqual(1_024);
    }
    expect(server.events).toHaveLength(evil.length);
  } finally {
    await server.close();
  }
});
