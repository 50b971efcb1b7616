/** Vectors of the facts sheet on paging, §7. */
import { describe, expect, test } from 'vitest';
import { binomialAtLeast, poissonAtLeast, poissonInterval, poissonUpper, shareUpper } from '../../src/core/poisson.ts';

test.each([
  [0, 2.996],
  [1, 4.744],
  [2, 6.296],
  [3, 7.754],
  [5, 10.513],
])('given a count of %i, then its mean is below %d (95 %%, one-sided)', (count, bound) => {
  expect(poissonUpper(count)).toBeCloseTo(bound, 3);
});

test('given a count of 3, then its mean is within 0.619 and 8.767 (95 %, two-sided)', () => {
  const { lo, hi } = poissonInterval(3);
  expect(lo).toBeCloseTo(0.619, 3);
  expect(hi).toBeCloseTo(8.767, 3);
  expect(poissonInterval(0).lo).toBe(0);
});

describe('given a tail of the Poisson distribution', () => {
  test.each([
    [1, 0.5, 1 - Math.exp(-0.5)],
    [2, 3, 1 - 4 * Math.exp(-3)],
    [0, 3, 1],
    [3, 0, 0],
  ])('when at least %i are asked for of a mean of %d, then it is %d', (count, mean, probability) => {
    expect(poissonAtLeast(count, mean)).toBeCloseTo(probability, 12);
  });

  test('when the mean is large, then both ways of summing meet at it', () => {
    const below = poissonAtLeast(100_000, 100_000);
    const above = poissonAtLeast(100_001, 100_000);
    expect(below - above).toBeCloseTo(1 / Math.sqrt(2 * Math.PI * 100_000), 6);
  });
});

test.each([
  [0, 1000, 0.00299],
  [0, 86_400, 0.0000347],
  [0, 2880, 0.00104],
  [0, 120, 0.0247],
])('given %i lost of %i, then fewer than %d are lost (95 %%): the rule of three', (count, of, bound) => {
  expect(shareUpper(count, of) / bound).toBeCloseTo(1, 2);
});

test('given a bound of a share, then so few are seen at it in 5 % of cases', () => {
  for (const [count, of] of [
    [1, 1000],
    [3, 1000],
    [12, 8640],
  ] as const)
    expect(1 - binomialAtLeast(count + 1, of, shareUpper(count, of))).toBeCloseTo(0.05, 6);
  expect(shareUpper(5, 5)).toBe(1);
  expect(shareUpper(0, 0)).toBe(1);
});
