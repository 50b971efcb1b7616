import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeSeen, judgeUnseen, latencyMeansSomething, latencyOf, type Unseen } from '../../src/core/verdict.ts';
import type { Verdict } from '../../src/core/verdict-name.ts';

const na = 1_000_000;
const base: Unseen = {
  emission: 'emitted',
  excused: false,
  na,
  withinMs: 100,
  lostAfterMs: 500,
  graceMs: 40,
  absentAsOf: 0,
  lostAsOf: 0,
  now: na,
};
const d1 = na + 100;
const d2 = na + 500;

describe('judgeUnseen', () => {
  const rows: readonly (readonly [string, Partial<Unseen>, Verdict])[] = [
    ['just emitted', {}, 'pending'],
    ['T one before d1+g and nobody looked', { now: d1 + 39 }, 'pending'],
    ['T exactly d1+g and nobody looked', { now: d1 + 40 }, 'unverifiable'],
    ['F exactly d1', { absentAsOf: d1, now: d1 + 39 }, 'pending'],
    ['F exactly d1 and T at d1+g', { absentAsOf: d1, now: d1 + 40 }, 'unverifiable'],
    ['F just past d1', { absentAsOf: d1 + 1, now: d1 + 1 }, 'overdue'],
    ['F exactly d2', { absentAsOf: d2, lostAsOf: d2, now: d2 + 9 }, 'overdue'],
    ['F just past d2', { absentAsOf: d2 + 1, lostAsOf: d2 + 1, now: d2 + 9 }, 'lost'],
    ['F past d2 in a look that proves no loss', { absentAsOf: d2 + 99, lostAsOf: d2, now: d2 + 99 }, 'overdue'],
    ['T far past d2 and no look since d1', { absentAsOf: d1, now: d2 * 2 }, 'unverifiable'],
    [
      'withheld, however long absent',
      { emission: 'withheld', absentAsOf: d2 * 2, lostAsOf: d2 * 2, now: d2 * 2 },
      'withheld',
    ],
    ['withheld and excused', { emission: 'withheld', excused: true }, 'withheld'],
    ['excused, however long absent', { excused: true, absentAsOf: d2 * 2, lostAsOf: d2 * 2, now: d2 * 2 }, 'excused'],
    ['excused and unproven', { excused: true, emission: 'unconfirmed', now: d2 * 2 }, 'excused'],
    ['unproven before d1+g', { emission: 'unconfirmed', absentAsOf: d1 + 30, now: d1 + 39 }, 'pending'],
    ['unproven at d1+g', { emission: 'unconfirmed', now: d1 + 40 }, 'unverifiable'],
    [
      'unproven, absent for ever',
      { emission: 'unconfirmed', absentAsOf: d2 * 2, lostAsOf: d2 * 2, now: d2 * 2 },
      'unverifiable',
    ],
  ];
  test.each(rows)('given a canary %s, then it is judged by the table', (_, canary, verdict) => {
    expect(judgeUnseen({ ...base, ...canary })).toBe(verdict);
  });

  test('given any canary, then the verdict is that of the first row of the table that fits', () => {
    const times = fc.integer({ min: -50, max: 700 });
    const drawn = fc.record({
      emission: fc.constantFrom('emitted' as const, 'unconfirmed' as const, 'withheld' as const),
      excused: fc.boolean(),
      withinMs: fc.integer({ min: 1, max: 200 }),
      lostAfterMs: fc.integer({ min: 1, max: 600 }),
      graceMs: fc.nat(100),
      absent: times,
      unproven: fc.nat(300),
      now: times,
    });
    const property = fc.property(drawn, ({ absent, unproven, now, ...rest }) => {
      const absentAsOf = na + absent;
      const canary: Unseen = { ...base, ...rest, absentAsOf, lostAsOf: absentAsOf - unproven, now: na + now };
      expect(judgeUnseen(canary)).toBe(byTheTable(canary));
    });
    fc.assert(property, { numRuns: 3_000 });
  });
});

/** Design §4, row by row. */
function byTheTable(canary: Unseen): Verdict {
  const due = canary.na + canary.withinMs;
  const unproven = canary.emission !== 'emitted';
  const late = canary.now >= due + canary.graceMs;
  const rows: readonly (readonly [boolean, Verdict])[] = [
    [canary.emission === 'withheld', 'withheld'],
    [canary.excused, 'excused'],
    [unproven && late, 'unverifiable'],
    [!unproven && canary.lostAsOf > canary.na + canary.lostAfterMs, 'lost'],
    [!unproven && canary.absentAsOf > due, 'overdue'],
    [late, 'unverifiable'],
  ];
  return rows.find(([fits]) => fits)?.[1] ?? 'pending';
}

describe('judgeSeen', () => {
  test.each([
    [0, 'delivered'],
    [100, 'delivered'],
    [101, 'delayed'],
  ] as const)('given a canary that took at least %i ms of 100, then it is %s', (loMs, verdict) => {
    expect(judgeSeen({ loMs, hiMs: 9_999 }, 100)).toBe(verdict);
  });

  test('given no look without it, then nothing proves that it was late', () => {
    expect(judgeSeen(latencyOf(na, na + 5, 0, na + 10_000), 100)).toBe('delivered');
  });

  test('given any moments, then the interval holds the true latency', () => {
    const gap = fc.nat(1_000);
    fc.assert(
      fc.property(gap, gap, gap, gap, gap, (before, after, wait, more, late) => {
        // Emitted at `sent`; visible at `visible`; the last look without it came before that, the first with it after.
        const sent = na + before;
        const visible = sent + wait + more;
        const absentAsOf = sent + wait;
        const { loMs, hiMs } = latencyOf(na, sent + after, absentAsOf, visible + late);
        expect(loMs).toBeLessThanOrEqual(visible - sent);
        expect(hiMs).toBeGreaterThanOrEqual(visible - sent);
      }),
    );
  });

  test('given an interval wider than the deadline, then it says nothing about the latency', () => {
    expect(latencyMeansSomething({ loMs: 50, hiMs: 150 }, 100)).toBe(true);
    expect(latencyMeansSomething({ loMs: 49, hiMs: 150 }, 100)).toBe(false);
  });
});
