/** What a stop will run into, said with it: forecasts of the same pipeline's figures. */
import { expect, test } from 'vitest';
import type { Reading } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { configOf, diskCheck, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;

function reading(subject: string, value: number): Reading {
  return { measure: 'used', subject, unit: 'bytes', value, limit: 1_000, limitName: 'flood stage' };
}

/** Two disks that fill at the given rates, in thousandths an hour, from an eighth on. */
async function filling(perHour: Readonly<Record<string, number>>) {
  const scene = new Scene();
  const pipelines = [sandboxPipeline({ checks: [diskCheck] })];
  const bench = await Bench.open(scene, configOf({ pipelines }));
  const begin = bench.now;
  scene.readings = () => ({
    readings: Object.entries(perHour).map(([subject, rate]) =>
      reading(subject, 125 + (rate * (bench.now - begin)) / hour),
    ),
    problems: [],
  });
  bench.run(minute);
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
  const runway = () => bench.open('stopped')[0]?.runway ?? [];
  return { scene, bench, begin, runway };
}

test('given figures that rise, when the flow stops, then it says which ends when, soonest first, with its interval', async () => {
  const { runway, begin } = await filling({ 'es-1': 100, 'es-2': 200, 'es-3': 50 });
  expect(runway().map(({ what }) => what)).toEqual(['fake-disk es-2: flood stage', 'fake-disk es-1: flood stage']);
  const [first] = runway();
  expect(Math.abs((first?.at ?? 0) - (begin + (875 / 200) * hour))).toBeLessThan(minute);
  expect(first?.earliest).toBeLessThanOrEqual(first?.at ?? 0);
  expect(first?.latest).toBeGreaterThanOrEqual(first?.at ?? 0);
});

test('given figures that stand still or end in days, when the flow stops, then there is nothing to say', async () => {
  const { runway } = await filling({ 'es-1': 0, 'es-2': 5 });
  expect(runway()).toEqual([]);
});

test('given a figure that cannot be read any more, when the incident goes on, then its runway is not said any more', async () => {
  const { scene, bench, runway } = await filling({ 'es-1': 100 });
  expect(runway()).toHaveLength(1);
  scene.readings = () => failure('timeout');
  bench.run(minute);
  expect(runway()).toEqual([]);
});

test('given an incident that is none of the flow, when figures rise, then it has no runway', async () => {
  const { bench } = await filling({ 'es-1': 100 });
  bench.wallOffset = minute;
  bench.run(5_000);
  expect(bench.open('clock')).toHaveLength(1);
  expect(bench.open('clock')[0]).not.toHaveProperty('runway');
});
