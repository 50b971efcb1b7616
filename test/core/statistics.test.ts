import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goodRunToClear, kaplanMeier, theilSen, wilson } from '../../src/core/statistics.ts';

describe('wilson', () => {
  test.each([
    [0, 1000, 0, 0.00383],
    [1, 1000, 0.000177, 0.00564],
    [3, 1000, 0.00102, 0.00878],
    [5, 10, 0.2366, 0.7634],
    [10, 10, 0.7225, 1],
  ])('given %i of %i, then the 95 %% interval is %d to %d', (count, of, lo, hi) => {
    const bound = wilson(count, of);
    expect(bound.lo).toBeCloseTo(lo, 4);
    expect(bound.hi).toBeCloseTo(hi, 4);
  });

  test('given no trial, then nothing is known', () => {
    expect(wilson(0, 0)).toEqual({ lo: 0, hi: 1 });
  });

  test('given any count, then the interval holds the share and stays within 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e7 }), fc.double({ min: 0, max: 1, noNaN: true }), (of, share) => {
        const count = Math.round(of * share);
        const { lo, hi } = wilson(count, of);
        expect(lo).toBeGreaterThanOrEqual(0);
        expect(hi).toBeLessThanOrEqual(1);
        expect(lo).toBeLessThanOrEqual(count / of + 1e-12);
        expect(hi).toBeGreaterThanOrEqual(count / of - 1e-12);
      }),
    );
  });
});

test.each([
  [0.5, 5],
  [0.1, 29],
  [0.01, 299],
  [1, 1],
  [0, 1],
])('given a loss share of %d, when %i good ones follow, then it would have shown again with 95 %%', (share, run) => {
  expect(goodRunToClear(share)).toBe(run);
});

describe('theilSen', () => {
  test('given the example of Sen 1968, then the slope is 4 and the interval holds his 26/7 to 35/8', () => {
    const x = [1, 2, 3, 4, 10, 12, 18];
    const y = [9, 15, 19, 20, 45, 55, 78];
    const trend = theilSen(x.map((each, i) => ({ x: each, y: y[i] ?? 0 })));
    expect(trend?.slope).toBe(4);
    expect(trend?.lo).toBeLessThanOrEqual(26 / 7);
    expect(trend?.hi).toBeGreaterThanOrEqual(35 / 8);
  });

  test('given fewer than five points, or all at one time, then there is no trend', () => {
    const points = [1, 2, 3, 4].map((x) => ({ x, y: x }));
    expect(theilSen(points)).toBeUndefined();
    expect(theilSen(points.concat(points).map(({ y }) => ({ x: 1, y })))).toBeUndefined();
  });

  test('given a line and one wild point, then the slope is that of the line', () => {
    const points = Array.from({ length: 20 }, (_, x) => ({ x, y: x === 7 ? 1e9 : 3 * x + 1 }));
    expect(theilSen(points)?.slope).toBeCloseTo(3, 9);
  });

  // The facts sheet on paging, §7: least squares would say −0.258.
  test('given 30 points that rise by 0.02 of which the last five fell by 10, then the slope is +0.020', () => {
    const points = Array.from({ length: 30 }, (_, x) => ({ x, y: 0.02 * x - (x >= 25 ? 10 : 0) }));
    expect(theilSen(points)?.slope).toBeCloseTo(0.02, 9);
  });

  // Of n = 30: 435 slopes, C = 109.9, so the interval is from rank 162.6 to 273.4; whole ranks are taken outwards.
  test('given 30 points whose slopes are all different, then the interval is that of ranks 162 and 274', () => {
    const points = Array.from({ length: 30 }, (_, x) => ({ x, y: Math.sin(x * 12.9898) * 43.7585 + x }));
    const slopes = points
      .flatMap((a, at) => points.slice(at + 1).map((b) => (b.y - a.y) / (b.x - a.x)))
      .sort((a, b) => a - b);
    expect(slopes).toHaveLength(435);
    expect(theilSen(points)).toEqual({ slope: slopes[217], lo: slopes[161], hi: slopes[273] });
  });
});

describe('kaplanMeier', () => {
  // Freireich et al. 1963, the 6-MP arm: S(6) = 0.857, S(7) = 0.807, S(10) = 0.753, S(13) = 0.690, S(22) = 0.538, S(23) = 0.448.
  const arrived = [6, 6, 6, 7, 10, 13, 16, 22, 23];
  const waiting = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];

  test.each([
    [0.14, 6],
    [0.19, 7],
    [0.24, 10],
    [0.25, 13],
    [0.5, 23],
    [0.6, undefined],
  ])('given the 6-MP data, then the quantile %d is %s', (quantile, time) => {
    expect(kaplanMeier(arrived, waiting, quantile)).toBe(time);
  });

  // The facts sheet on paging, §7: S(2) = .8889, S(3) = .6667, S(4) = .5556, S(5) = .4444; what arrived alone has a mean of 3.4.
  test.each([
    [0.11, 2],
    [0.12, 3],
    [0.33, 3],
    [0.34, 4],
    [0.44, 4],
    [0.45, 5],
    [0.5, 5],
    [0.55, 5],
    [0.56, undefined],
    [0.9, undefined],
  ])('given five that arrived and five that wait, then the quantile %d is %s', (quantile, time) => {
    expect(kaplanMeier([2, 3, 3, 4, 5], [1, 6, 10, 20, 60], quantile)).toBe(time);
  });

  test('given nothing censored, then it is the ordinary quantile', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(kaplanMeier(values, [], 0.95)).toBe(95);
  });

  test('given nothing that arrived, then nothing is known', () => {
    expect(kaplanMeier([], [5, 6], 0.5)).toBeUndefined();
    expect(kaplanMeier([], [], 0.5)).toBeUndefined();
  });
});
