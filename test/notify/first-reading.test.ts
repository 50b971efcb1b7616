/** Rules for pages that came of somebody's first reading of them: what could lead to a wrong or harmful action. */
import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../src/core/evidence.ts';
import type { IncidentFacts } from '../../src/core/incident.ts';
import { voiceOf } from '../../src/notify/voice.ts';
import { plainText, title } from '../../src/notify/wording.ts';
import { everyIncident, over } from '../fakes/every-incident.ts';
import { resolvedFacts, sampleFacts, sampleSince } from '../fakes/incident-facts.ts';

const voice = voiceOf({ zone: 'Asia/Tokyo' });
const japanese = voiceOf({ zone: 'Asia/Tokyo', locale: 'ja' });
const told = (facts: IncidentFacts) => plainText(facts, voice);
const answering = (answer: string) => ({ evidence: [evidenceOf('not-readable', { answer })] });

describe('what the target answered', () => {
  const from = 'from https://es.prod.example:9200. See its health.';
  test.each([
    ['unreadable', `Cannot search "a": 503 ${from}`, 'prod index: es.prod.example:9200 ANSWERS 503; not proof of loss'],
    [
      'unreadable',
      `Cannot search: 403 ("no: 200 x") ${from}`,
      'prod index: REFUSES logcanary (403); not proof of loss',
    ],
    ['blind', `Cannot search "a": 401 ${from}`, 'prod index: REFUSES logcanary (401); not proof of loss'],
    [
      'blind',
      `Cannot search "a": no answer within 10 s ${from}`,
      'prod index: es.prod.example:9200 DOES NOT ANSWER; not proof of loss',
    ],
    ['unreadable', 'Cannot search.', 'prod index UNREADABLE: refuses or errors; not proof of loss'],
    [
      'unreadable',
      `Cannot search "500 lines": JSON that is cut ${from}`,
      'prod index UNREADABLE: refuses or errors; not proof of loss',
    ],
  ] as const)('given %s with %s, then the title says it', (kind, answer, expected) => {
    expect(title(sampleFacts({ kind, ...answering(answer) }))).toBe(expected);
  });

  test('given a place of any length, then the title still fits', () => {
    const answer = `Cannot list: no answer within 10 s from https://${'a'.repeat(80)}.example:6443.`;
    const said = title(sampleFacts({ kind: 'blind', hop: 'emitter', ...answering(answer) }));
    expect(said).toMatch(/^prod nodes: a{23}… DOES NOT ANSWER; not proof of loss$/);
  });
});

test.each(['unreadable', 'blind', 'isolated', 'unproven'] as const)(
  'given %s, then no nodes are named: they are not what is wrong',
  (kind) => {
    expect(told(sampleFacts({ kind }))).not.toContain('node-a');
    expect(told(sampleFacts())).toContain('node-a');
  },
);

test('given hops behind where test lines still arrive, then they are not told as broken too', () => {
  const still = evidenceOf('still-behind', { hops: { shown: ['alert'], more: 0 } });
  expect(told(sampleFacts({ kind: 'unreadable', evidence: [still] }))).not.toContain('Downstream, not paged');
  expect(told(sampleFacts({ kind: 'unreadable' }))).toContain('Downstream, not paged separately: alert.');
});

test('given what its end does not undo, then nobody is told of a recovery, in any language', () => {
  const stays = new Set(['lossy', 'duplicated', 'corrupted', 'vanished', 'misrouted']);
  for (const facts of everyIncident().map(over)) {
    const dropped = facts.evidence?.[0]?.key.startsWith('dropped') === true;
    const ended = stays.has(facts.kind) || dropped;
    expect([facts.kind, title(facts, voice).startsWith('ENDED')]).toEqual([facts.kind, ended]);
    expect([facts.kind, title(facts, japanese).startsWith('【収束】')]).toEqual([facts.kind, ended]);
  }
});

test('given gaps that are over, then those that are lost stay lost, and none is made up', () => {
  expect(told(resolvedFacts({ kind: 'lossy', counts: { lost: 4 } }))).toContain('4 stay lost.');
  expect(told(resolvedFacts({ kind: 'lossy', counts: { delayed: 4 } }))).not.toContain('stay lost');
});

describe('how soon', () => {
  const warning = { severity: 'warning' } as const;
  const never = { evidence: [evidenceOf('ping-never', { name: 'a', for: 1, every: 1 })] };
  test.each([
    [{}, 'Critical: act now.'],
    [{ kind: 'slow', ...warning }, 'Warning: can wait until morning.'],
    [{ kind: 'slow' }, 'Critical: act now.'],
    [{ kind: 'vanished', ...warning }, 'Warning: look at it soon.'],
    [{ kind: 'unproven', ...warning }, 'Warning: can wait until morning.'],
    [{ kind: 'unproven', ...warning, ...never }, 'Warning: look at it soon.'],
  ] as const)('given %j, then the text begins with %s', (changes, expected) => {
    expect(told(sampleFacts(changes)).startsWith(`${expected} Since`)).toBe(true);
  });

  test('given what became critical later, then since when, and after how long; not where it was from the beginning on', () => {
    const criticalAt = sampleSince + 18 * 60_000;
    expect(told(sampleFacts({ criticalAt }))).toContain('Critical since 03:20 (18:20Z), after 18 min.');
    expect(told(sampleFacts({ criticalAt, openedAt: criticalAt }))).not.toContain('Critical since');
  });

  test('given a test page, then nobody is told to act', () => {
    expect(told(sampleFacts({ test: true }))).not.toMatch(/act now|Critical/);
  });
});

test('given lines counted as lost, then what may still hold them is named, but not where nothing can be told of it', () => {
  const lost = { counts: { lost: 3, overdue: 1 } };
  expect(told(sampleFacts(lost))).toContain('If stream still holds them, they can still arrive.');
  const written = { from: 'the emitters', to: 'index' };
  expect(told(sampleFacts({ ...lost, between: written }))).not.toContain('still holds');
  expect(told(sampleFacts({ ...lost, unreadable: ['lambda'] }))).not.toContain('still holds');
});

test('given a figure that cannot be read, then nothing is said of lost lines', () => {
  const evidence = [evidenceOf('figure-not-readable', { answer: 'Cannot read disks.' })];
  expect(told(sampleFacts({ kind: 'unreadable', evidence }))).not.toContain('Whether lines are lost');
});

test('given an incident of any kind, then no step offers a ping to send by hand', () => {
  for (const { firstLook } of everyIncident()) expect(firstLook.join('\n')).not.toMatch(/curl[^\n]*hooks\/ping/);
});
