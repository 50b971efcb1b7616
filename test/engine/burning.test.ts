/** Losses that are too rare for the loss window: hours and days of them. */
import { describe, expect, test } from 'vitest';
import { detectable } from '../../src/config/detectable.ts';
import type { ActiveHours } from '../../src/core/active-hours.ts';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { dice } from '../core/dice.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Loses a share of the lines before the stream, as chance has it. */
class LeakyScene extends Scene {
  share = 0;
  /** Only of this injector, if one is named. */
  node: string | undefined;
  readonly lost: string[] = [];
  private readonly roll: () => number;

  constructor(seed: number) {
    super();
    this.roll = dice(seed);
  }

  protected override feed(from: string, text: string, now: number): void {
    const leaks = this.node === undefined || text.includes(`/${this.node} `);
    if (leaks && this.roll() < this.share) this.lost.push(text);
    else super.feed(from, text, now);
  }

  giveBack(now: number): void {
    for (const text of this.lost.splice(0)) super.feed('emitter', text, now);
  }
}

/** One hop, and a canary every 30 s on each of so many nodes. */
function everyday(nodes: number, everyMs = 30_000, changes: Partial<PipelineSpec> = {}): PipelineSpec {
  return sandboxPipeline({
    inject: Array.from({ length: nodes }, (_, n) => injectSpec({ name: `node-${n}`, everyMs })),
    hops: [hopSpec({ name: 'stream', withinMs: 2 * everyMs, pollMs: everyMs / 2 })],
    lostAfterMs: 6 * hour,
    pageAfterMs: 5 * minute,
    resolveAfterMs: 5 * minute,
    stoppedEveryMs: minute,
    ...changes,
  });
}

async function opened(pipeline: PipelineSpec, seed = 1) {
  const scene = new LeakyScene(seed);
  const bench = await Bench.open(scene, configOf({ pipelines: [pipeline] }));
  bench.wakeEveryMs = 5_000;
  return { scene, bench };
}

function loseOne(scene: LeakyScene, bench: Bench, node = 'node-1'): void {
  const before = scene.lost.length;
  scene.node = node;
  scene.share = 1;
  while (scene.lost.length === before) bench.run(1_000);
  scene.share = 0;
}

/** How long until it is told, ms, asking every so often. */
function timeToTell(bench: Bench, mostMs: number, everyMs: number): number {
  const from = bench.now;
  while (bench.now - from < mostMs && bench.open('lossy').length === 0) bench.run(everyMs);
  return bench.now - from;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe('given what validate says is detectable', () => {
  test.each([
    { loss: 'ten times the budget, three streams', nodes: 3, times: 10 },
    { loss: 'the budget, ten streams', nodes: 10, times: 1 },
  ])(
    'when a loss of $loss goes on, then it is told within that in the median',
    async ({ nodes, times }) => {
      const pipeline = everyday(nodes);
      const [promise] = detectable(pipeline);
      const promisedMs = (times === 1 ? promise?.budgetToldMs : promise?.tenfoldToldMs) ?? 0;
      const took: number[] = [];
      for (let seed = 101; seed <= 111; seed++) {
        const { scene, bench } = await opened(pipeline, seed);
        bench.run(5 * minute);
        scene.share = times * pipeline.loss.budget;
        took.push(timeToTell(bench, 4 * promisedMs, 5 * minute));
      }
      expect(median(took)).toBeLessThanOrEqual(promisedMs);
      expect(median(took)).toBeGreaterThan(promisedMs / 4);
    },
    90_000,
  );
});

describe('given three streams with a canary every 30 s of which one in 200 is lost', () => {
  test('when that goes on for hours, then it is told once with its numbers, stays over a restart, and is over when enough arrived', async () => {
    const { scene, bench } = await opened(everyday(3));
    bench.run(hour);
    scene.share = 0.005;
    const took = timeToTell(bench, 24 * hour, 5 * minute);
    expect(took).toBeGreaterThan(30 * minute);
    const [told] = bench.open();
    expect(told).toMatchObject({ kind: 'lossy', hop: 'stream', severity: 'warning', streams: { total: 3 } });
    expect(told?.detail).toMatch(/^\d of \d+ test lines .* \d h did not reach stream .* 0\.1 % are allowed\.$/);
    bench.run(2 * hour);
    await bench.restart(minute);
    bench.run(hour);
    expect(bench.open('lossy')).toHaveLength(1);
    scene.share = 0;
    bench.run(12 * hour);
    expect(bench.open()).toEqual([]);
    expect(bench.told('chat')).toEqual(['trigger lossy@stream', 'resolve lossy@stream']);
    expectIdentity(bench.state);
  }, 60_000);

  test('when the lost ones come after all, then nothing is told', async () => {
    const { scene, bench } = await opened(everyday(3), 3);
    bench.run(hour);
    scene.share = 0.005;
    bench.run(6 * hour);
    while (scene.lost.length < 4) bench.run(minute);
    scene.share = 0;
    const lost = scene.lost.length;
    scene.giveBack(bench.now);
    bench.run(12 * hour);
    expect(lost).toBeGreaterThanOrEqual(4);
    expect(bench.open()).toEqual([]);
  }, 60_000);
});

test('given a short burst of losses, when it is over, then it is told once and not again while it is in the long windows', async () => {
  const { scene, bench } = await opened(everyday(3));
  bench.run(2 * hour);
  scene.stage('stream').dropEvery = 4;
  bench.run(20 * minute);
  scene.stage('stream').dropEvery = 0;
  bench.run(2 * hour);
  expect(bench.history()).toEqual(['lossy@stream']);
  expect(bench.open()).toEqual([]);
  await bench.restart(minute);
  bench.run(8 * hour);
  loseOne(scene, bench);
  bench.run(2 * hour);
  expect(bench.history()).toEqual(['lossy@stream']);
}, 60_000);

test('given lines that were lost in a stop, when it is over, then they are that stop and no loss beside it', async () => {
  const { scene, bench } = await opened(everyday(3));
  bench.run(2 * hour);
  scene.share = 1;
  bench.run(hour);
  scene.share = 0;
  bench.run(4 * hour);
  expect(scene.lost.length).toBeGreaterThan(30);
  loseOne(scene, bench);
  bench.run(2 * hour);
  expect(bench.history()).toEqual(['stopped@stream']);
}, 60_000);

test('given one node of twenty that loses one line in 160, when told, then it is that node, though all together lose less than the budget', async () => {
  const { scene, bench } = await opened(everyday(20));
  bench.run(hour);
  scene.node = 'node-7';
  scene.share = 1 / 160;
  timeToTell(bench, 14 * hour, 10 * minute);
  expect(bench.open('lossy')).toMatchObject([{ streams: { affected: 1, total: 20, names: ['node-7'] } }]);
}, 60_000);

test('given five losses that were just enough, when they stop, then it is over when enough arrived and not when they look rarer', async () => {
  const { scene, bench } = await opened(everyday(3));
  bench.run(24 * hour);
  for (let lost = 0; lost < 5; lost++) {
    expect(bench.history()).toEqual([]);
    loseOne(scene, bench, `node-${lost % 3}`);
    // 600 canaries: a quarter of what undoes a loss.
    bench.run(100 * minute);
  }
  expect(bench.open('lossy')).toHaveLength(1);
  bench.run(2 * hour);
  expect(bench.open('lossy')).toHaveLength(1);
  bench.run(14 * hour);
  expect(bench.open()).toEqual([]);
  expect(bench.history()).toEqual(['lossy@stream']);
}, 60_000);

test('given a cluster that is switched off at night and loses what was on its way, when days pass, then that is no loss', async () => {
  const day = 24 * hour;
  const hours: ActiveHours = {
    at: (wall) => {
      const midnight = Math.floor(wall / day) * day;
      const [on, off] = [midnight + 8 * hour, midnight + 20 * hour];
      if (wall < on) return { active: false, since: off - day, until: on };
      return wall < off ? { active: true, since: on, until: off } : { active: false, since: off, until: on + day };
    },
  };
  const rest = { active: { hours, text: 'daily' }, withoutNodes: false, warmUpMs: 15 * minute };
  const { scene, bench } = await opened(everyday(3, 30_000, { rest }));
  for (let days = 0; days < 3; days++) {
    while (!hours.at(bench.now).active) bench.run(minute);
    bench.run(15 * minute);
    await bench.restart(minute);
    bench.run(hours.at(bench.now).until - bench.now - 90_000);
    scene.share = 1;
    bench.run(2 * minute);
    scene.share = 0;
  }
  expect(scene.lost.length).toBeGreaterThanOrEqual(18);
  expect(bench.history()).toEqual([]);
}, 60_000);

test('given a tenth of the budget lost for three days, then nothing is told', async () => {
  const { scene, bench } = await opened(everyday(3), 5);
  scene.share = everyday(3).loss.budget / 10;
  bench.run(72 * hour);
  expect(scene.lost.length).toBeGreaterThan(0);
  expect(bench.history()).toEqual([]);
}, 60_000);
