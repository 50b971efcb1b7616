/** The simulation in short: every past failure again, some weather of each kind, and that it does see defects. */
import { describe, expect, test } from 'vitest';
import corpus from './corpus.json' with { type: 'json' };
import { EventQueue } from './event-queue.ts';
import { type Plan, planOf } from './plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

describe('given a history that once made logcanary lie', () => {
  for (const { found, plan } of corpus) {
    test(`when it is lived through again, then no promise is broken: ${found}`, async () => {
      expect((await simulate(plan as Plan)).violations).toEqual([]);
    });
  }
});

test('given calm weather, when half a day passes, then nothing is told and every canary arrives in its measured time', async () => {
  const outcome = await simulate(planOf({ seed: 11, hours: 12, streams: 1, cluster: false, kinds: [] }));
  expect(outcome.violations).toEqual([]);
  expect(outcome.incidents).toEqual([]);
  expect(outcome.canaries).toBeGreaterThan(1_400);
  expect(outcome.latencies.measured).toBeGreaterThan(1_400);
});

test('given a cluster in calm weather, when half a day passes, then nothing is told and every line goes out as it was planned', async () => {
  const outcome = await simulate(planOf({ seed: 11, hours: 12, streams: 1, cluster: true, kinds: [] }));
  expect(outcome.violations).toEqual([]);
  expect(outcome.incidents).toEqual([]);
  expect(outcome.latencies.measured).toBeGreaterThan(1_400);
});

for (const [seed, cluster] of [
  [21, false],
  [23, false],
  [31, true],
  [33, true],
] as const) {
  test(`given all kinds of trouble by seed ${seed}${cluster ? ' in a cluster' : ''}, when they are over, then each was told as it must be and no promise is broken`, async () => {
    const outcome = await simulate(planOf({ seed, hours: 7, streams: 3, cluster }));
    expect(outcome.violations).toEqual([]);
    expect(outcome.detections.length).toBeGreaterThan(0);
  });
}

test('given crashes around every effect and a real SQLite file, when hours pass, then the books are exact and no second owner gets in', async () => {
  const kinds = ['agent-stopped', 'crash', 'crash-before-commit', 'crash-after-commit', 'crash-after-effect'] as const;
  const outcome = await simulate(planOf({ seed: 5, hours: 6, streams: 2, cluster: false, kinds }), 'sqlite');
  expect(outcome.violations).toEqual([]);
  expect(outcome.restarts).toBeGreaterThan(0);
});

test('given crashes and calls to emitters that go wrong, when schedules come back from a real SQLite file, then no line is printed twice', async () => {
  const episodes: Plan['episodes'] = [
    { kind: 'calls-go-wrong', at: 600_000, forMs: 1_500_000, share: 0.5 },
    { kind: 'crash-after-effect', at: 700_000, forMs: 5_000 },
    { kind: 'crash-after-commit', at: 1_200_000, forMs: 20_000 },
    { kind: 'emitter-restarts', at: 1_500_000, forMs: 3_000, node: 0 },
    { kind: 'crash-before-commit', at: 1_600_000, forMs: 5_000 },
  ];
  const outcome = await simulate({ seed: 5, hours: 1, streams: 1, cluster: true, episodes }, 'sqlite');
  expect(outcome.violations).toEqual([]);
  expect(outcome.restarts).toBe(3);
});

test('given maintenance around one stop, at another hop than the next, and over before the third, when all is told, then of the first nobody heard', async () => {
  const minutes = (...times: [number, number]) => ({ at: times[0] * 60_000, forMs: times[1] * 60_000 });
  const episodes: Plan['episodes'] = [
    { kind: 'maintenance', ...minutes(20, 90) },
    { kind: 'agent-stopped', ...minutes(30, 15) },
    { kind: 'maintenance', ...minutes(200, 60) },
    { kind: 'agent-stopped', ...minutes(205, 30) },
    { kind: 'maintenance', ...minutes(400, 30) },
    { kind: 'agent-stopped', ...minutes(405, 60) },
    { kind: 'crash', ...minutes(415, 1) },
  ];
  const outcome = await simulate({ seed: 3, hours: 9, streams: 1, episodes });
  expect(outcome.violations).toEqual([]);
  expect([outcome.incidents.length, outcome.untold]).toEqual([3, 1]);
});

test('given agents that stop again and again, when that goes on for long, then people are told of some of it only', async () => {
  const outcome = await simulate(planOf({ seed: 3, hours: 12, streams: 1, cluster: false, kinds: ['agent-flaps'] }));
  expect(outcome.violations).toEqual([]);
  const flaps = outcome.plan.episodes.reduce((sum, { forMs }) => sum + Math.ceil(forMs / 690_000), 0);
  expect(outcome.beginnings).toBeGreaterThan(3);
  expect(outcome.beginnings).toBeLessThan(flaps);
});

test('given zones whose agents stop, when that is told, then the zone is named', async () => {
  const outcome = await simulate(planOf({ seed: 1, hours: 4, streams: 12, cluster: false, kinds: ['zone-stopped'] }));
  expect(outcome.violations).toEqual([]);
  expect(outcome.detections.length).toBeGreaterThan(0);
});

test('given a cluster that sleeps, when it is watched for days, then nothing is sent or told at night, and trouble by day is', async () => {
  for (const cluster of [false, true]) {
    const outcome = await simulate(planOf({ seed: 1, hours: 36, streams: 1, cluster, sleeps: true }));
    expect(outcome.violations).toEqual([]);
    expect(outcome.detections.length).toBeGreaterThan(0);
  }
});

test('given a plan, when it is lived through twice, then everything happens the same', async () => {
  for (const cluster of [false, true]) {
    const plan = planOf({ seed: 31, hours: 3, streams: 1, cluster });
    expect(await simulate(plan)).toEqual(await simulate(plan));
  }
});

test('given a plan that fails by one of its faults, when it is shrunk, then that fault alone is left, short and on one stream', async () => {
  const plan = planOf({ seed: 7, hours: 60, streams: 8, cluster: false });
  const guilty = plan.episodes[3];
  const small = await shrink(plan, async ({ episodes }) => episodes.some(({ at }) => at === guilty?.at));
  expect(small.episodes).toMatchObject([{ kind: guilty?.kind, at: guilty?.at }]);
  expect(small.streams).toBe(1);
  expect(small.hours).toBeLessThan(plan.hours);
});

test('given events pushed in any order, when they are popped, then they come by time, and in the order of arrival where times are equal', () => {
  const queue = new EventQueue();
  const fired: string[] = [];
  for (const [at, name] of [
    [3, 'd'],
    [1, 'a'],
    [2, 'b'],
    [2, 'c'],
    [9, 'e'],
  ] as const)
    queue.push(at, () => fired.push(name));
  for (let next = queue.pop(); next; next = queue.pop()) next.fire();
  expect(fired).toEqual(['a', 'b', 'c', 'd', 'e']);
});
