/** Sentences with gaps: how they are filled, and that data of another version can do no harm. */
import { describe, expect, test } from 'vitest';
import { evidenceOf, evidenceText } from '../../src/core/evidence.ts';
import { filledRunbook, firstLooks, looksFor, lookText } from '../../src/core/first-look.ts';
import { fill, gapsOf, isFilled, levelText, plainSpeech, roughSpan, shareText } from '../../src/core/template.ts';

const units = { s: ' s', min: ' min', h: ' h' };

describe('a template', () => {
  test('given values of each kind, then each is written its own way', () => {
    const values = {
      a: 'x',
      n: 2_016,
      t: 90_000,
      s: 0.00123,
      l: 0.9999,
      who: { shown: ['p', 'q'], more: 3 },
      w: 'retention',
    };
    expect(fill('{a} {n:number} {t:span} {s:share} {l:level} {who:list} {w:term}', values, plainSpeech)).toBe(
      'x 2016 90 s 0.12 % 99.9 % p, q and 3 more retention',
    );
  });

  test('given values that are missing or of another kind, then the gap shows that, and nothing is thrown', () => {
    expect(fill('{a} {n:number} {who:list} {t:span}', { n: Number.NaN, who: 7, t: 'soon' } as never, plainSpeech)).toBe(
      '? ? ? soon',
    );
    expect(fill('{constructor} {valueof:number}', {}, plainSpeech)).toBe('? ?');
  });

  test('given a value with braces, then it is not filled again', () => {
    expect(fill('{a} {b}', { a: '{b}', b: '$& $1' }, plainSpeech)).toBe('{b} $& $1');
  });

  test('given its text, then its gaps are known, each once', () => {
    expect(gapsOf('{b} {a:span} {b} {}')).toEqual(['a:span', 'b']);
    expect(isFilled('{a:span}', { a: 1 })).toBe(true);
    expect(isFilled('{a}{b}', { a: 'x' })).toBe(false);
  });
});

test.each([
  [0, '0 s'],
  [119_999, '120 s'],
  [120_000, '2 min'],
  [7_199_999, '120 min'],
  [7_200_000, '2 h'],
  [26 * 3_600_000, '26 h'],
])('given %d ms, then it is said roughly as %s', (ms, said) => {
  expect(roughSpan(ms, units)).toBe(said);
});

test('given how full something is, then it is never rounded up to its limit; a share has two digits', () => {
  expect([levelText(0.9999), levelText(1), shareText(0.000345), shareText(0.1666)]).toEqual([
    '99.9',
    '100',
    '0.034',
    '17',
  ]);
});

describe('evidence', () => {
  test('given several sentences, then English has one after the other', () => {
    expect(evidenceText([evidenceOf('ran-out', {}), evidenceOf('figures-more', { more: 3 })])).toBe(
      'What was handed over has run out. And 3 more.',
    );
  });

  test('given a key of another version, then it says nothing, and the others still do', () => {
    expect(evidenceText([{ key: 'of-tomorrow', values: {} }, evidenceOf('ran-out', {})])).toBe(
      'What was handed over has run out.',
    );
    expect(evidenceText([{ key: 'toString', values: {} }])).toBe('');
  });
});

describe('first looks', () => {
  test('given advice in each form, then each is a look, filled from what is known', () => {
    expect(looksFor('See its log.')).toEqual([{ see: 'See its log.' }]);
    expect(looksFor({ run: 'ls {path}', see: 'Is it there?' }, { path: '/a' }).map(lookText)).toEqual([
      'ls /a: Is it there?',
    ]);
    expect(looksFor(['a', { run: 'b' }]).map(lookText)).toEqual(['a', 'b']);
  });

  test('given a look that names what is not configured, then it is left out', () => {
    const runbook = { reading: [{ run: '{kubectl} get pods' }, { run: "curl -s '{url}'" }, 'See its log.'] };
    expect(filledRunbook(runbook, { url: 'http://a:1', kubectl: undefined }).reading?.map(lookText)).toEqual([
      "curl -s 'http://a:1'",
      'See its log.',
    ]);
  });

  test('given more than three, or the same twice, then three are shown, each once', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((see) => ({ see }));
    expect(firstLooks([a, b] as never, [a, c, d] as never)).toEqual([a, b, c]);
  });
});
