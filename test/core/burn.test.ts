import { describe, expect, test } from 'vitest';
import {
  burning,
  burnRows,
  climbOf,
  cusumOf,
  type LossSeries,
  meanTimeToTell,
  monthMs,
  powerOf,
  thresholdFor,
} from '../../src/core/burn.ts';
import { cusumAfterLoss } from '../../src/core/sequential.ts';
import { dice } from './dice.ts';

const minute = 60_000;
const hour = 60 * minute;
const budget = 0.001;

/** Canaries at an even pace since 0, of which those at these times are lost. */
function seriesOf(everyMs: number, losses: readonly number[]): LossSeries {
  return { losses, trials: (from, to) => (Math.max(0, to) - Math.max(0, from)) / everyMs };
}

/** Three streams, a canary every 30 s each. */
const threeStreams = 10_000;

test('given a 30-day objective of 99.9 %, then the rows are those of the facts sheet on paging, §5', () => {
  const shown = burnRows.map(({ longMs, shortMs, factor }) => [
    longMs / hour,
    shortMs / minute,
    factor,
    Number((factor * budget * 100).toFixed(2)),
    Math.round((factor * longMs * 100) / monthMs),
  ]);
  expect(shown).toEqual([
    [1, 5, 14.4, 1.44, 2],
    [6, 30, 6, 0.6, 5],
    [24, 120, 3, 0.3, 10],
    [72, 360, 1, 0.1, 10],
  ]);
});

describe('given burn rates', () => {
  const now = 100 * hour;
  const every = (gap: number, from: number) =>
    Array.from({ length: (now - from) / gap }, (_, n) => from + (n + 1) * gap);

  test.each([
    // Just above and just below each row: one lost in 68 (1.47 %), in 71; in 160, 170; in 330, 340; in 990, 1010.
    [68, 1, 1],
    [71, 1, undefined],
    [160, 6, 6],
    [170, 6, undefined],
    [330, 24, 24],
    [340, 24, undefined],
    [990, 72, 72],
    [1010, 72, undefined],
  ])('when one of %i is lost for %i h, then the row of %s h says so', (oneOf, hours, row) => {
    const series = seriesOf(100, every(oneOf * 100, now - hours * hour));
    expect(burning(series, budget, now)?.longMs).toBe(row === undefined ? undefined : row * hour);
  });

  test('when a burst is over, then it says nothing more though it is in the long window', () => {
    const burst = every(10_000, now - 10 * minute);
    expect(burning(seriesOf(threeStreams, burst), budget, now)).toMatchObject({ longMs: hour });
    expect(burning(seriesOf(threeStreams, burst), budget, now + 5.5 * hour)).toMatchObject({ longMs: 72 * hour });
    expect(burning(seriesOf(threeStreams, burst), budget, now + 6 * hour)).toBeUndefined();
  });

  test('when two are lost of few, then that is not enough, whatever their share', () => {
    expect(burning(seriesOf(10 * minute, [now - minute, now - 2]), budget, now)).toBeUndefined();
    expect(burning(seriesOf(10 * minute, [now - minute, now - 9, now - 2]), budget, now)).toBeDefined();
  });
});

/** Losses of a share `p` over a time, as chance has it. */
function lossesOf(roll: () => number, p: number, everyMs: number, lengthMs: number): number[] {
  const losses: number[] = [];
  for (let at = 0; ; ) {
    at += (Math.floor(Math.log(1 - roll()) / Math.log1p(-p)) + 1) * everyMs;
    if (at > lengthMs) return losses;
    losses.push(at);
  }
}

describe('given a tenth of the budget lost, as chance has it', () => {
  const months = 3_000;
  /** 0.01 a month, and three standard deviations for chance. */
  const allowed = 0.01 * months + 3 * Math.sqrt(0.01 * months);

  // One stream every 5 min, one at the worst pace for three losses in 72 h, one every 30 s, three, and thirty.
  test.each([300_000, 90_000, 30_000, threeStreams, 1_000])(
    'when a canary comes every %i ms for 3000 months, then burn rates raise 0.01 false alarms a month at most',
    (everyMs) => {
      const roll = dice(everyMs);
      let alarms = 0;
      for (let month = 0; month < months; month++) {
        let first = 0;
        const losses = lossesOf(roll, budget / 10, everyMs, monthMs);
        losses.forEach((at, n) => {
          const recent = losses.slice(Math.max(first, n - 400), n + 1);
          if (!burning(seriesOf(everyMs, recent), budget, at)) return;
          alarms += 1;
          first = n + 1;
        });
      }
      expect(alarms).toBeLessThanOrEqual(allowed);
    },
  );

  test.each([300_000, 80_000, 30_000, threeStreams, 8_300, 1_000])(
    'when a canary comes every %i ms for 3000 months, then the CUSUM raises 0.01 false alarms a month at most',
    (everyMs) => {
      const cusum = cusumOf(budget);
      if (!cusum) throw new Error('no CUSUM');
      const threshold = thresholdFor(cusum, powerOf(monthMs / everyMs));
      const roll = dice(everyMs + 1);
      let alarms = 0;
      for (let month = 0; month < months; month++) {
        let [sum, last] = [0, 0];
        for (const at of lossesOf(roll, budget / 10, everyMs, monthMs)) {
          sum = cusumAfterLoss(sum, (at - last) / everyMs - 1, cusum.perLoss);
          last = at;
          if (sum < threshold) continue;
          alarms += 1;
          sum = 0;
        }
      }
      expect(alarms).toBeLessThanOrEqual(allowed);
    },
  );
});

test.each([
  [8_640, 3],
  [32_000, 3],
  [33_000, 4],
  [259_200, 4],
  [864e6, 8],
])('given %i canaries a month, then the CUSUM alarms at %i losses', (canaries, threshold) => {
  const cusum = cusumOf(budget);
  expect(cusum && thresholdFor(cusum, powerOf(canaries))).toBe(threshold);
});

test('given three streams every 30 s, then a loss at the budget is told after 18 h on average, and at a quarter of it not at all', () => {
  expect(meanTimeToTell(budget, budget, 1 / threeStreams)).toBeCloseTo(6488 * threeStreams, -6);
  expect(meanTimeToTell(budget / 4, budget, 1 / threeStreams)).toBeUndefined();
  expect(meanTimeToTell(10 * budget, budget, 1 / threeStreams)).toBeLessThan(1.5 * hour);
});

test('given a budget of nothing, or of half and more, then there is no CUSUM', () => {
  expect([cusumOf(0), cusumOf(0.5), cusumOf(1)]).toEqual([undefined, undefined, undefined]);
});

describe('given a climb', () => {
  const perLoss = cusumOf(budget)?.perLoss ?? 0;
  const at = (canary: number) => canary * threeStreams;

  test('when losses come close together after a long quiet, then it began with the first of those', () => {
    const series = seriesOf(threeStreams, [at(10), at(9_000), at(9_500), at(10_000)]);
    const climb = climbOf(series, perLoss, at(10_000));
    expect(climb.first).toBe(1);
    expect(climb.sum).toBeCloseTo(3 - 1001 / perLoss, 6);
  });

  test('when all arrive for long enough, then it is down again', () => {
    const series = seriesOf(threeStreams, [at(1), at(2), at(3)]);
    expect(climbOf(series, perLoss, at(3)).sum).toBeGreaterThan(2.9);
    expect(climbOf(series, perLoss, at(3 + 3 * perLoss)).sum).toBe(0);
  });

  test('when nothing was lost, then there is none', () => {
    expect(climbOf(seriesOf(threeStreams, []), perLoss, 5)).toEqual({ sum: 0, first: 0 });
  });
});
