/** Whom it hits, and how seldom the wrong one is named. */
import { describe, expect, test } from 'vitest';
import { blame, type Labels } from '../../src/core/blame.ts';
import { unitHash } from '../../src/core/schedule.ts';
import { fisherExact } from '../../src/core/statistics.ts';

const many = (count: number, labels: (at: number) => Labels) => Array.from({ length: count }, (_, at) => labels(at));
const inZone = (zone: string, count: number) =>
  many(count, (at) => ({ node: `${zone}${at}`, zone, pool: `p${at % 2}` }));

describe('given broken and good streams', () => {
  test('when one zone is broken and the others are not, then it is named', () => {
    expect(blame(inZone('a', 5), [...inZone('b', 5), ...inZone('c', 5)])).toEqual({
      state: 'named',
      labels: ['zone=a'],
    });
  });

  test('when one of three zones of three nodes each is broken, then it is named: a name of a node is no guess', () => {
    const zone = (name: string) => many(3, (at) => ({ node: `${name}${at}`, zone: name }));
    expect(blame(zone('a'), [...zone('b'), ...zone('c')])).toEqual({ state: 'named', labels: ['zone=a'] });
  });

  test('when one of the zone still works, then it is named all the same', () => {
    const [works = {}, ...broken] = inZone('a', 8);
    expect(blame(broken, [works, ...inZone('b', 8)])).toEqual({ state: 'named', labels: ['zone=a'] });
  });

  test('when two labels always go together, then both are named', () => {
    const both = (labels: Labels) => ({ ...labels, agent_revision: `r-${labels.zone}` });
    const found = blame(inZone('a', 5).map(both), inZone('b', 9).map(both));
    expect(found).toEqual({ state: 'named', labels: ['agent_revision=r-a', 'zone=a'] });
  });

  test.each([
    ['only two are broken', inZone('a', 2), inZone('b', 20)],
    ['only two are good', inZone('a', 20), inZone('b', 2)],
    ['half of the zone works', inZone('a', 4), [...inZone('a', 4), ...inZone('b', 8)]],
    ['it is spread over zones', [...inZone('a', 3), ...inZone('b', 3)], [...inZone('a', 3), ...inZone('b', 3)]],
    ['three of three in a small cluster', inZone('a', 3), inZone('b', 3)],
    ['there are no labels', many(5, () => ({})), many(9, () => ({}))],
  ])('when %s, then it is not clear', (_, broken, good) => {
    expect(blame(broken, good)).toEqual({ state: 'unclear' });
  });

  test('when all are broken, then it says so', () => {
    expect(blame(inZone('a', 9), [])).toEqual({ state: 'all' });
  });

  test('when streams break by chance, then at most 0.8 % of the times some label is blamed', () => {
    let wrong = 0;
    const worlds = 5_000;
    for (let world = 0; world < worlds; world++) {
      const draw = (index: number) => unitHash(world, index);
      const size = 8 + Math.floor(draw(0) * 60);
      const streams = many(size, (at) => ({
        ...{
          node: `n${at}`,
          zone: `z${Math.floor(draw(at * 5 + 1) * 3)}`,
          pool: `p${Math.floor(draw(at * 5 + 2) * 4)}`,
        },
        ...{
          instance_type: `i${Math.floor(draw(at * 5 + 3) * 5)}`,
          agent_revision: `r${Math.floor(draw(at * 5 + 4) * 2)}`,
        },
      }));
      const share = 0.1 + 0.6 * draw(7_777);
      const isBroken = streams.map((_, at) => draw(10_000 + at) < share);
      const found = blame(
        streams.filter((_, at) => isBroken[at]),
        streams.filter((_, at) => !isBroken[at]),
      );
      if (found.state === 'named') wrong += 1;
    }
    expect(wrong / worlds).toBeLessThanOrEqual(0.008);
  });
});

test.each([
  [[3, 1, 1, 3], 17 / 70],
  [[4, 0, 0, 4], 1 / 70],
  [[5, 0, 0, 10], 1 / 3003],
  [[0, 5, 5, 5], 1],
] as const)('given the table %j, then by chance it is as far or further with %d', ([a, b, c, d], expected) => {
  expect(fisherExact(a, b, c, d)).toBeCloseTo(expected, 10);
});
