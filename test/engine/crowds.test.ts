/** Many incidents, or one many times: what people are told then. */
import { describe, expect, test } from 'vitest';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { healthOf } from '../../src/engine/health.ts';
import { Bench } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;

describe('given very many pipelines whose stream stops at once', () => {
  /** All of them read the same places. */
  async function tenants(count: number, changes: Partial<PipelineSpec> = {}) {
    const scene = new Scene();
    const pipelines = Array.from({ length: count }, (_, at) =>
      sandboxPipeline({
        ...{ name: `tenant-${at + 1}`, inject: [injectSpec({ name: `node-${at + 1}` })] },
        ...{ hops: [hopSpec({ name: 'stream', withinMs: 8_000 })], ...changes },
      }),
    );
    const bench = await Bench.open(scene, configOf({ pipelines }));
    bench.run(minute);
    return { scene, bench };
  }

  test('when more than ten are told within two minutes, then the others are one message, and its end comes when all are over', async () => {
    const { scene, bench } = await tenants(16);
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    const told = bench.told('pager');
    expect(told.filter((each) => each === 'trigger stopped@stream')).toHaveLength(10);
    expect(told.filter((each) => each === 'trigger storm@logcanary')).toHaveLength(1);
    expect(told).toHaveLength(11);
    expect(bench.open('storm')[0]?.detail).toMatch(/^6 things went wrong at nearly the same time: stopped tenant-/);
    scene.stage('stream').stopped = false;
    bench.run(2 * minute);
    expect(bench.told('pager').slice(11).sort()).toEqual([
      ...new Array(10).fill('resolve stopped@stream'),
      'resolve storm@logcanary',
    ]);
    expect(bench.open()).toEqual([]);
  });

  test('when ten are told, then each is told', async () => {
    const { scene, bench } = await tenants(10);
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(new Array(10).fill('trigger stopped@stream'));
  });

  test('when all of them become a page in the same moment, then that channel hears of them once', async () => {
    const { scene, bench } = await tenants(12, { pageAfterMs: 2 * minute });
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual([]);
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger storm@logcanary']);
    expect(bench.open('storm')[0]?.severity).toBe('critical');
    scene.stage('stream').stopped = false;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger storm@logcanary', 'resolve storm@logcanary']);
  });

  test('when we start anew in the midst of it, then nobody is told again', async () => {
    const { scene, bench } = await tenants(16);
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    const before = bench.told('pager').length;
    await bench.restart(10_000);
    bench.run(2 * minute);
    expect(bench.told('pager')).toHaveLength(before);
    scene.stage('stream').stopped = false;
    bench.run(3 * minute);
    expect(bench.open()).toEqual([]);
    expect(bench.told('pager')).toHaveLength(2 * before);
  });

  test('when what is told as one is told to nobody by itself, then that is no fault of ours', async () => {
    const { scene, bench } = await tenants(12);
    scene.stage('stream').stopped = true;
    bench.run(7 * minute);
    expect(bench.open('storm')).toHaveLength(1);
    expect(healthOf(bench.state, undefined)).toEqual({ ok: true, problems: [] });
  });
});

describe('given a hop that stops and flows again and again', () => {
  async function flapped(times: number) {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ resolveAfterMs: minute })] }));
    bench.run(minute);
    const index = scene.stage('index');
    const cycle = () => {
      index.stopped = true;
      bench.run(40_000);
      index.stopped = false;
      bench.run(90_000);
    };
    for (let left = times; left > 0; left--) cycle();
    return { bench, cycle };
  }

  test('when it is the third time, then each was told with its end', async () => {
    const { bench } = await flapped(3);
    expect(bench.told('pager')).toEqual(new Array(3).fill(['trigger stopped@index', 'resolve stopped@index']).flat());
  });

  test('when it is the fourth time, then it is told that it flaps, and it stays open until it was good for long', async () => {
    const { bench, cycle } = await flapped(4);
    expect(bench.told('pager')).toHaveLength(7);
    expect(bench.open('stopped')[0]?.detail).toMatch(/came and went 4 times within 12 min: it is kept open/);
    cycle();
    cycle();
    expect(bench.told('pager')).toHaveLength(7);
    bench.run(4 * minute);
    expect(bench.open('stopped')).toHaveLength(1);
    bench.run(2 * minute);
    expect(bench.open('stopped')).toEqual([]);
    expect(bench.told('pager')).toHaveLength(8);
  });

  test('when it is long ago, then it is told as ever', async () => {
    const { bench, cycle } = await flapped(3);
    bench.run(15 * minute);
    cycle();
    expect(bench.told('pager')).toHaveLength(8);
  });
});

describe('given agents that feed two places', () => {
  async function twoRoots() {
    const scene = new Scene();
    const [first] = scene.stages;
    // what the scene calls archive is fed by the emitters, too
    const archive = scene.stage('archive');
    Object.assign(archive, { from: 'emitter', delayMs: 1_500 });
    const hops = [
      hopSpec({ name: 'stream', withinMs: 8_000 }),
      hopSpec({ name: 'archive', withinMs: 20_000 }),
      hopSpec({ name: 'index', after: 'stream' }),
    ];
    const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ hops })] }));
    bench.run(minute);
    const agents = (stopped: boolean) => {
      for (const stage of [first, archive]) if (stage) stage.stopped = stopped;
    };
    return { scene, bench, agents };
  }

  test('when they stop, then it is told once, with both places', async () => {
    const { bench, agents } = await twoRoots();
    agents(true);
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@stream']);
    const [incident] = bench.open('stopped');
    expect(incident?.behind.toSorted()).toEqual(['archive', 'index']);
    expect(incident?.detail).toMatch(/missing at archive, too/);
    agents(false);
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@stream', 'resolve stopped@stream']);
  });

  test('when one flows again and the other does not, then that is told by itself', async () => {
    const { scene, bench, agents } = await twoRoots();
    agents(true);
    bench.run(2 * minute);
    scene.stage('stream').stopped = false;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual([
      'trigger stopped@stream',
      'resolve stopped@stream',
      'trigger stopped@archive',
    ]);
  });

  test('when one stops long after the other, then it is still the same for those streams', async () => {
    const { scene, bench } = await twoRoots();
    scene.stage('archive').stopped = true;
    bench.run(2 * minute);
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@archive']);
  });
});

describe('given a stream that cannot be read', () => {
  test('when lines still arrive behind it, then that is said', async () => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(minute);
    scene.place('stream').unreadable = 'refused';
    bench.run(2 * minute);
    expect(bench.open('unreadable')[0]?.detail).toMatch(/at index, archive, test lines still arrive/);
  });

  test('when nothing arrives behind it either, then the span is named', async () => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(minute);
    scene.place('stream').unreadable = 'refused';
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    expect(bench.open().map(({ kind, hop }) => `${kind}@${hop}`)).toEqual(['unreadable@stream']);
    expect(bench.open('unreadable')[0]?.detail).toMatch(
      /at index, archive: it may have stopped anywhere between the emitters and there/,
    );
  });
});

test('given a hop that was stopped, when a single line slips through, then it is not over', async () => {
  const scene = new Scene();
  const bench = await Bench.open(
    scene,
    configOf({
      pipelines: [sandboxPipeline({ inject: [injectSpec({ name: 'node-a', everyMs: 5_000 })], stoppedEveryMs: 5_000 })],
    }),
  );
  bench.run(minute);
  const index = scene.stage('index');
  index.stopped = true;
  bench.run(2 * minute);
  index.waiting.length = 0;
  index.stopped = false;
  bench.run(12_000);
  expect(bench.open('stopped')).toHaveLength(1);
  bench.run(minute);
  expect(bench.open('stopped')).toEqual([]);
});

test('given a stream that cannot be read, when lines arrived behind it for a while and then stopped, then it is not said any more that they do', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(minute);
  scene.place('stream').unreadable = 'refused';
  bench.run(minute);
  expect(bench.open('unreadable')[0]?.detail).toMatch(/at index, archive, test lines still arrive/);
  scene.stage('stream').stopped = true;
  bench.run(2 * minute);
  const [incident] = bench.open('unreadable');
  expect(incident?.detail).not.toMatch(/still arrive/);
  expect(incident?.detail).toMatch(/may have stopped anywhere between the emitters and there/);
});

test('given a hop that was stopped, when its pipeline has no stream left at all, then it does not stay open for ever', async () => {
  const scene = new Scene();
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ hops })] }));
  bench.run(minute);
  scene.stage('stream').stopped = true;
  bench.run(minute);
  expect(bench.open('stopped')).toHaveLength(1);
  for (const name of ['node-a', 'node-b', 'node-c']) scene.gone.add(name);
  bench.run(minute);
  bench.state.streamsByNumber.clear();
  bench.run(minute);
  expect(bench.open('stopped')).toEqual([]);
});
