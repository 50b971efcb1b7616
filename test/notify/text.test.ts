import { describe, expect, test } from 'vitest';
import { isoUtc, spokenDuration, spokenTime } from '../../src/notify/moments.ts';
import { cut, someOf } from '../../src/notify/plain-text.ts';
import { retryAfterOf } from '../../src/notify/retry-after.ts';
import { escapeWithin } from '../../src/notify/slack-message.ts';

describe('cutting', () => {
  test.each([
    ['short', 5, 'short'],
    ['longer', 5, 'long…'],
    ['👍👍👍', 3, '👍👍👍'],
    ['👍👍👍👍', 3, '👍👍…'],
    ['', 1, ''],
    ['ab', 1, '…'],
  ])('given %s and %i code points, then no character is halved', (text, max, expected) => {
    expect(cut(text, max)).toBe(expected);
  });

  test('given more names than shown, then the rest is counted', () => {
    expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
    expect(someOf(['a', 'b'], 2, 40)).toBe('a, b and 38 more');
    expect(someOf([], 2, 40)).toBe('');
  });
});

describe('escaping for Slack', () => {
  test.each([
    ['a & b < c > d', 100, 'a &amp; b &lt; c &gt; d'],
    ['&lt;', 100, '&amp;lt;'],
    ['"quotes" \'and\' *stars*', 100, '"quotes" \'and\' *stars*'],
    ['&&&', 11, '&amp;&amp;…'],
    ['&&&', 10, '&amp;…'],
    ['👍👍👍', 5, '👍👍…'],
    ['&', 0, ''],
  ])('given %s within %i, then it is escaped once and cut between escapes', (text, max, expected) => {
    expect(escapeWithin(text, max)).toBe(expected);
    expect(expected.length).toBeLessThanOrEqual(max);
  });
});

describe('moments', () => {
  test('given a stamp, then ISO 8601 is that of the language', () => {
    for (const at of [0, 1_795_111_320_000, 951_782_400_123, 4_102_444_799_999]) {
      expect(isoUtc(at)).toBe(new Date(at).toISOString());
    }
  });

  test('given midnight, then it is 00:00', () => {
    expect(spokenTime(1_795_046_400_000, 1_795_046_400_000, 'UTC')).toBe('00:00Z');
  });

  test.each([
    [-1, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [7_800_000, '2 h 10 min'],
    [86_400_000, '1 d'],
    [273_600_000, '3 d 4 h'],
  ])('given %i ms, then it is %s', (ms, expected) => {
    expect(spokenDuration(ms)).toBe(expected);
  });
});

describe('Retry-After', () => {
  const wall = 1_795_111_320_000;
  test('given HTTP-dates of many years, then they are read like the language reads them', () => {
    for (const at of [0, 951_868_799_000, 951_868_800_000, 1_709_164_800_000, 4_107_542_399_000, 4_107_542_400_000]) {
      const header = new Date(at).toUTCString();
      expect(retryAfterOf({ 'retry-after': header }, at - 5_000)).toBe(5_000);
    }
  });

  test.each([
    [{}, undefined],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': ['3', '9'] }, 3_000],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': '1.5' }, undefined],
    [{ 'retry-after': 'Thu, 19 Foo 2026 20:00:30 GMT' }, undefined],
    [{ 'retry-after': 'Thu, 19 Nov 2026 18:02:30 GMT', date: 'nonsense' }, 30_000],
    [{ 'retry-after': '9'.repeat(400) }, 3_600_000],
  ])('given %o, then the wait is %s ms', (headers, expected) => {
    expect(retryAfterOf(headers, wall)).toBe(expected);
  });
});
