/** Vectors of the facts sheet on paging, §7. */
import { describe, expect, test } from 'vitest';
import { arrivalsPerLoss, cusumAfterLoss, meanRunLength, sprt } from '../../src/core/sequential.ts';
import { dice } from './dice.ts';

const rates = { healthy: 1e-4, bad: 1e-3 };

describe('given an SPRT of 0.01 % against 0.1 %', () => {
  const test95 = sprt(rates, 1e-3, 0.05);

  test('when it is set up, then its steps and bounds are those of the facts sheet', () => {
    expect(test95.loss).toBeCloseTo(Math.LN10, 4);
    expect(test95.arrived).toBeCloseTo(-0.0009005, 7);
    expect(test95.alarm).toBeCloseTo(6.8565, 4);
    expect(test95.accept).toBeCloseTo(-2.9947, 4);
  });

  test('when three are lost in a row, then it alarms; when 3326 arrive in a row, then it accepts', () => {
    expect(2 * test95.loss).toBeLessThan(test95.alarm);
    expect(3 * test95.loss).toBeGreaterThanOrEqual(test95.alarm);
    expect(3325 * test95.arrived).toBeGreaterThan(test95.accept);
    expect(3326 * test95.arrived).toBeLessThanOrEqual(test95.accept);
  });

  test('when its mean lengths are taken by Wald, then they are 4536 where it is bad and 4454 where it is good', () => {
    const meanOf = (p: number, alarms: number) =>
      (alarms * test95.alarm + (1 - alarms) * test95.accept) / (p * test95.loss + (1 - p) * test95.arrived);
    expect(meanOf(1e-3, 0.95)).toBeCloseTo(4536, -0.5);
    expect(meanOf(1e-4, 0.001)).toBeCloseTo(4454, -0.5);
  });
});

test.each([
  [1e-4, 1e-3, 2558],
  [1e-5, 1e-3, 4650],
])('given %d against %d, then one loss is undone by %i arrivals', (healthy, bad, perLoss) => {
  expect(arrivalsPerLoss({ healthy, bad })).toBe(perLoss);
});

describe('given the exact run length of a CUSUM', () => {
  test.each([
    [1e-4, 2558, 3, 3.28e6],
    [1e-3, 2558, 3, 4880],
    [1e-4, 2558, 4, 3.14e7],
    [1e-3, 2558, 4, 6488],
    [1e-5, 4650, 2, 9.57e7],
    [1e-3, 4650, 2, 3057],
  ])('when a share of %d is lost, m = %i and H = %i, then it is %d canaries', (p, perLoss, threshold, canaries) => {
    expect(meanRunLength(p, perLoss, threshold) / canaries).toBeCloseTo(1, 2);
  });

  test('when everything is lost, then it is as many canaries as it takes losses', () => {
    expect(meanRunLength(1, 2558, 3)).toBeCloseTo(4, 6);
  });

  test('when losses are ten times rarer, then it takes ten times as long, within 2 %', () => {
    const rarer = meanRunLength(1e-5, 25_583, 4);
    expect(rarer / (10 * meanRunLength(1e-4, 2558, 4))).toBeCloseTo(1, 1.4);
  });

  test('when it is simulated canary by canary, then the mean agrees within 5 %', () => {
    const roll = dice(7);
    let canaries = 0;
    const runs = 2_000;
    for (let run = 0; run < runs; run++) {
      let sum = 0;
      while (sum < 3) {
        // How many arrive before the next loss.
        const arrived = Math.floor(Math.log(1 - roll()) / Math.log(1 - 1e-3));
        canaries += arrived + 1;
        sum = cusumAfterLoss(sum, arrived, 2558);
      }
    }
    expect(canaries / runs / 4880).toBeGreaterThan(0.95);
    expect(canaries / runs / 4880).toBeLessThan(1.05);
  });
});
