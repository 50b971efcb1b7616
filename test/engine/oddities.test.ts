/** Incidents that are not about the flow itself: forged lines, clocks, figures, hops that never worked. */
import { describe, expect, test } from 'vitest';
import { mintToken } from '../../src/core/token.ts';
import { createSigner } from '../../src/lib/signer.ts';
import type { CheckResult } from '../../src/probe.ts';
import { Bench, startOfTime } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, diskCheck, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const stranger = createSigner([{ id: 'a1', secret: 'somebody who guessed our key id' }]);

async function settledBench(scene: Scene, config = configOf()): Promise<Bench> {
  const bench = await Bench.open(scene, config);
  bench.run(60_000);
  expect(bench.history()).toEqual([]);
  return bench;
}

test('given lines signed with another secret, when they arrive at the stream and below, then forged is told once, at the stream', async () => {
  const scene = new Scene();
  const bench = await settledBench(scene);
  for (let seq = 0; seq < 10; seq++) {
    const fields = { key: stranger.first, writer: 1001, stream: 1, seq, plannedAt: startOfTime, shape: 0, length: 0 };
    const find = { token: mintToken(fields, stranger), kind: 'line' as const };
    for (const hop of ['stream', 'index', 'archive']) scene.strange.set(hop, [find]);
    bench.run(2_000);
  }
  expect(bench.history()).toEqual(['forged@stream']);
  bench.run(60_000);
  expect(bench.told('chat')).toEqual(['trigger forged@stream', 'resolve forged@stream']);
  expectIdentity(bench.state);
});

test('given a clock that is stepped, when it is put right, then clock is told once and resolved, and no verdict is affected', async () => {
  const bench = await settledBench(new Scene());
  bench.wallOffset = -3_600_000;
  bench.run(1_000);
  expect(bench.history()).toEqual(['clock@logcanary']);
  bench.run(60_000);
  bench.wallOffset = 0;
  bench.run(60_000);
  expect(bench.told('chat')).toEqual(['trigger clock@logcanary', 'resolve clock@logcanary']);
  expect(bench.history()).toHaveLength(1);
});

function disk(value: number): CheckResult {
  const reading = {
    measure: 'disk',
    subject: 'node-1',
    unit: 'bytes' as const,
    limit: 95,
    limitName: 'flood stage 95%',
  };
  return { readings: [{ ...reading, value, warnAt: 90 }], problems: [] };
}

describe('given a disk that is over its limit', () => {
  async function fullDisk() {
    const scene = new Scene();
    scene.readings = () => disk(50);
    const other = { ...diskCheck, name: 'age' };
    const bench = await settledBench(scene, configOf({ pipelines: [sandboxPipeline({ checks: [diskCheck, other] })] }));
    scene.readings = () => disk(96);
    bench.run(5_000);
    expect(bench.open('reading').map((facts) => facts.severity)).toEqual(['critical', 'critical']);
    return { scene, bench };
  }

  test('when it is emptied, then the incident is resolved', async () => {
    const { scene, bench } = await fullDisk();
    scene.readings = () => disk(50);
    bench.run(30_000);
    expect(bench.open()).toEqual([]);
  });

  test('when it cannot be read any more, then it is not resolved: no data is not zero', async () => {
    const { scene, bench } = await fullDisk();
    scene.readings = () => failure('timeout');
    bench.run(60_000);
    expect(bench.open('reading')).toHaveLength(2);
    expect(bench.told('pager').filter((told) => told.startsWith('resolve'))).toEqual([]);
  });

  test('when it cannot be read while another check can, then it is not resolved', async () => {
    const { scene, bench } = await fullDisk();
    scene.check = (check) => (check.spec.name === 'disk' ? failure('timeout') : disk(50));
    bench.run(60_000);
    expect(bench.open('reading').map((facts) => facts.hop)).toEqual(['disk']);
  });

  test('when logcanary restarts and cannot read it, then it is not resolved, and what it could not read before stays open', async () => {
    const { scene, bench } = await fullDisk();
    scene.readings = () => failure('timeout');
    bench.run(30_000);
    expect(bench.open('unreadable')).toHaveLength(2);
    const told = bench.sent.length;
    await bench.restart(1_000);
    bench.run(60_000);
    expect(
      bench
        .open()
        .map(({ kind, hop }) => `${kind}@${hop}`)
        .sort(),
    ).toEqual(['reading@age', 'reading@disk', 'unreadable@age', 'unreadable@disk']);
    expect(bench.sent.length).toBe(told);
  });
});

test('given a clock that is stepped and stays so, when an hour has passed, then it is taken as it is: resolved, and told again when it is stepped anew', async () => {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(30_000);
  bench.wallOffset = -90_000;
  bench.run(30_000);
  expect(bench.open('clock')).toHaveLength(1);
  bench.now += 3_600_000;
  bench.run(30_000);
  expect(bench.open('clock')).toHaveLength(0);
  bench.wallOffset = 0;
  bench.run(30_000);
  expect(bench.open('clock')).toHaveLength(1);
});

test('given a clock that drifts by a second an hour, when a day has passed, then nothing is told of it', async () => {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(10_000);
  for (let hour = 0; hour < 24; hour++) {
    bench.now += 3_600_000;
    bench.wallOffset += 1_000;
    bench.dispatch({ type: 'tick', wall: bench.now + bench.wallOffset });
  }
  expect(bench.told('chat').filter((what) => what.includes('clock'))).toEqual([]);
});

test('given a hop where canaries never arrive, when they are overdue, then it is unproven, a warning, and the hops behind it say nothing', async () => {
  const scene = new Scene();
  scene.stage('index').stopped = true;
  const bench = await Bench.open(scene, configOf());
  bench.run(120_000);
  expect(bench.history()).toEqual(['unproven@index']);
  expect(bench.told('pager')).toEqual([]);
  scene.stage('index').stopped = false;
  bench.run(120_000);
  expect(bench.told('chat')).toEqual(['trigger unproven@index', 'resolve unproven@index']);
  expectIdentity(bench.state);
});

test('given an unreadable stream, when nothing comes into it any more either, then the break is told as a span after the emitters', async () => {
  const scene = new Scene();
  const bench = await settledBench(scene);
  scene.place('stream').unreadable = 'auth';
  bench.run(30_000);
  expect(bench.history()).toEqual(['blind@stream']);
  scene.stage('stream').stopped = true;
  bench.run(60_000);
  expect(bench.history()).toEqual(['blind@stream', 'stopped@index']);
  const stopped = bench.open('stopped')[0];
  expect(stopped?.behind).toEqual(['alert', 'archive']);
  expect(stopped?.between).toEqual({ from: 'the emitters', to: 'index' });
  expect(stopped?.unreadable).toEqual(['stream']);
  scene.place('stream').unreadable = undefined;
  scene.stage('stream').stopped = false;
  bench.run(300_000);
  expect(bench.open()).toEqual([]);
  expect(bench.history()).toEqual(['blind@stream', 'stopped@index']);
});

test('given an index that cannot be read for five minutes, when it comes back, then nothing was ever called lost there or behind it', async () => {
  const scene = new Scene();
  const bench = await settledBench(scene);
  scene.place('index').unreadable = 'refused';
  scene.stage('index').stopped = true;
  bench.run(300_000);
  scene.place('index').unreadable = undefined;
  bench.run(3_000);
  scene.stage('index').stopped = false;
  bench.run(300_000);
  const lost = bench.state.pipelines[0]?.hops.map((hop) => [hop.spec.name, hop.counters.entered.lost]);
  expect(lost).toEqual([
    ['stream', 0],
    ['index', 0],
    ['archive', 0],
    ['alert', 0],
  ]);
  expect(bench.history()).toEqual(['unreadable@index']);
  expectIdentity(bench.state);
});

test('given a node that leaves, when its canaries are on their way, then they are excused and nothing is told', async () => {
  const scene = new Scene();
  const bench = await settledBench(scene);
  scene.leaving.set('node-b', bench.now);
  bench.run(120_000);
  scene.gone.add('node-b');
  bench.run(120_000);
  expect(bench.history()).toEqual([]);
  expect(bench.state.pipelines[0]?.hops[0]?.counters.entered.lost).toBe(0);
  expectIdentity(bench.state);
});

test('given a listing in which most nodes leave at once, when it is taken in, then nobody is excused, in whatever order they stand', async () => {
  const scene = new Scene();
  const names = ['a', 'b', 'c', 'd'];
  const going = new Map<string, number>();
  scene.list = () =>
    names.map((name) => {
      const leavingSince = going.get(name);
      return { key: name, name, labels: {}, ...(leavingSince === undefined ? {} : { leavingSince }) };
    });
  const inject = [injectSpec({ name: 'nodes' })];
  const bench = await settledBench(scene, configOf({ pipelines: [sandboxPipeline({ inject })] }));
  for (const name of ['a', 'b', 'c']) going.set(name, bench.now);
  bench.run(60_000);
  const excused = bench.state.pipelines[0]?.hops.map((hop) => hop.counters.entered.excused);
  expect(excused).toEqual([0, 0, 0, 0]);
});
