import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../src/lib/duration.ts';

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h30m', 9_000_000],
    ['7d', 604_800_000],
    ['500ms', 500],
    ['1s500ms', 1_500],
    ['0s', 0],
  ])('given %s, then it is %i ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });

  it.each(['', ' 5m', '5 m', '30m2h', '5m5m', '1.5h', '-5s', '5M', '1w', 'soon', '99999999999999d', '1e3s'])(
    'given "%s", then it is refused with examples',
    (text) => {
      expect(parseDuration(text)).toEqual({
        ok: false,
        message: `"${text}" is not a duration. Write one like 90s, 5m, 2h30m, 7d or 500ms.`,
      });
    },
  );

  it('given a number without a unit, then seconds are proposed', () => {
    expect(parseDuration('60')).toEqual({ ok: false, message: '"60" has no unit. Write 60s.' });
  });

  it('given any whole ms, when it is written and read again, then it is the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 14 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, value: ms });
      }),
    );
  });
});
