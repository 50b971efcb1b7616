import { expect, test } from 'vitest';
import { createRecentGrowth } from '../../../probes/agents/recent-growth.ts';

const minute = 60_000;

test('given a counter, when it is first read, then it has not grown, however much it says', () => {
  expect(createRecentGrowth(10 * minute).grown('a', 1_000, 0)).toBe(0);
});

test('given a counter that grows, when it is read, then what it grew by within the window counts, and each counter for itself', () => {
  const growth = createRecentGrowth(10 * minute);
  growth.grown('a', 5, 0);
  expect(growth.grown('a', 7, minute)).toBe(2);
  expect(growth.grown('b', 7, minute)).toBe(0);
  expect(growth.grown('a', 8, 5 * minute)).toBe(3);
  expect(growth.grown('a', 8, 11 * minute)).toBe(1);
  expect(growth.grown('a', 8, 15 * minute)).toBe(0);
});

test('given a counter that fell, when it is read, then it began anew at 0', () => {
  const growth = createRecentGrowth(10 * minute);
  growth.grown('a', 100, 0);
  expect(growth.grown('a', 3, minute)).toBe(3);
});

test('given a counter that was not read for long, when it comes back, then that is its first reading', () => {
  const growth = createRecentGrowth(minute);
  growth.grown('a', 1, 0);
  growth.grown('b', 1, 10 * minute);
  expect(growth.grown('a', 9, 10 * minute)).toBe(0);
});
