/** Pages of every kind, read cold: what people get must be short, and say nothing that only we understand. */
import { describe, expect, test } from 'vitest';
import { type IncidentFacts, incidentKinds } from '../../src/core/incident.ts';
import { locales } from '../../src/core/pipeline.ts';
import { messageOf } from '../../src/notify/slack-message.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import { plainText, title } from '../../src/notify/wording.ts';
import { everyIncident, over } from '../fakes/every-incident.ts';

/** Words of ours that mean something else, or nothing, to whoever reads a page for the first time. */
const jargon =
  /\b(settled|cohort|verdicts?|unverifiable|injector|incarnation|sighting|looks complete|overtaken|undefined|NaN)\b|\?\?|\{\w/;
/** A phone shows about 60; what others answered may go on. */
const titleLimit = 72;
const cutOff = new Set(['ledger', 'storm']);

const both = everyIncident().flatMap((facts): IncidentFacts[] => [facts, over(facts)]);
const named = both.map((facts) => [facts.kind, facts.state, facts] as const);

describe.each(locales)('in %s', (locale) => {
  const voice = voiceOf({ locale, zone: 'Asia/Tokyo', links: { page: 'https://logcanary.example/' } });

  test.each(named)('given %s, %s, then its title fits a phone and its text is understood', (kind, state, facts) => {
    const said = title(facts, voice);
    if (!(cutOff.has(kind) && state === 'open'))
      expect([said, Array.from(said).length <= titleLimit]).toEqual([said, true]);
    const text = plainText(facts, voice);
    expect(`${said}\n${text}`).not.toMatch(jargon);
    expect(text.split('\n').length).toBeLessThanOrEqual(9);
  });

  test.each(named)('given %s, %s, then Slack shows six lines at most', (_, __, facts) => {
    const { blocks } = messageOf({ action: 'trigger', facts }, voice);
    const lines = (blocks as { text: { text: string } }[]).flatMap(({ text }) => text.text.split('\n'));
    expect(lines.length).toBeLessThanOrEqual(6);
  });

  test.each(named)(
    'given %s, %s, then an open one says what to look at first, and one that is over does not',
    (_, state, facts) => {
      expect(plainText(facts, voice).includes(voice.words.firstLook)).toBe(state === 'open');
    },
  );
});

test('given all kinds, then there is one of each', () => {
  expect([...new Set(both.map(({ kind }) => kind))].sort()).toEqual([...incidentKinds].sort());
});

test('given Japanese, then no sentence of ours is English: only names, commands and what others answered', () => {
  const voice = voiceOf({ locale: 'ja', zone: 'Asia/Tokyo' });
  for (const facts of everyIncident().filter(({ kind }) => kind !== 'ledger')) {
    const text = [title(facts, voice), plainText(facts, voice)]
      .join('\n')
      .replace(/`[^`]*`|Cannot .*|PagerDuty took .*|index logs-1 refuses writes|DaemonSet .*/g, '');
    expect(text).not.toMatch(/\b(the|is|are|of|not|was|and|does|or)\b/);
  }
});
