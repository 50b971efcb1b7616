/** Streams that come, go and stay after all, how fast they are written to, and where their canaries are expected. */
import { describe, expect, test } from 'vitest';
import type { InjectSpec } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import type { ListedStream } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;

async function opened(inject: readonly InjectSpec[], changes = {}) {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject, ...changes })] }));
  const hop = (at: number) => viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.hops[at];
  return { scene, bench, hop };
}
const listed = (name: string, leavingSince?: number): ListedStream => {
  const stream = { key: name, name, labels: {} };
  return leavingSince === undefined ? stream : { ...stream, leavingSince };
};

describe('given streams that leave', () => {
  async function leaving(names: readonly string[], gone: readonly string[]) {
    const { scene, bench, hop } = await opened([injectSpec({ name: 'all' })]);
    let since: number | undefined;
    scene.list = () => names.map((name) => listed(name, gone.includes(name) ? since : undefined));
    bench.run(minute);
    since = bench.now;
    scene.stage('stream').stopped = true;
    bench.run(7_000);
    scene.stage('stream').stopped = false;
    return hop(0)?.entered.excused ?? 0;
  }

  test.each([
    [['a', 'b', 'c', 'd'], ['a', 'b'], true],
    [['a', 'b', 'c', 'd'], ['a', 'b', 'c'], false],
    [['a', 'b', 'c'], ['a'], true],
    [['a', 'b', 'c'], ['a', 'b'], false],
    [['a'], ['a'], true],
  ] as const)('when of %j these leave at once: %j, then that they are excused is %s', async (names, gone, excused) => {
    expect((await leaving(names, gone)) > 0).toBe(excused);
  });

  test('when each has an injector of its own and most leave, then none excuses itself', async () => {
    const { scene, bench } = await opened(['a', 'b', 'c', 'd'].map((name) => injectSpec({ name })));
    let since: number | undefined;
    scene.list = ({ spec }) => [listed(spec.name, spec.name === 'd' ? undefined : since)];
    bench.run(minute);
    since = bench.now;
    scene.stage('stream').stopped = true;
    bench.run(7_000);
    const streams = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.streams ?? [];
    const excused = streams.filter(({ recent }) => recent.stream?.includes('excused')).map(({ name }) => name);
    expect(excused).toEqual([]);
  });

  test('when one stays after all, then it begins a new schedule and nothing is said of the time between', async () => {
    const { scene, bench } = await opened([injectSpec({ name: 'all' })]);
    let since: number | undefined;
    scene.list = () => [listed('a', since), listed('b')];
    bench.run(minute);
    since = bench.now;
    bench.run(5_000);
    const before = bench.state.streamsByNumber.get(1)?.nextSeq ?? 0;
    bench.run(minute);
    expect(bench.state.streamsByNumber.get(1)?.nextSeq).toBe(before);
    since = undefined;
    bench.run(30_000);
    const view = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0];
    expect(view?.withheld).toBe(0);
    expect((bench.state.streamsByNumber.get(1)?.nextSeq ?? 0) - before).toBeLessThanOrEqual(31);
    expect(bench.open()).toEqual([]);
    expectIdentity(bench.state);
  });

  test('when one is not listed any more, then nothing is written to it, and its silence is no stop', async () => {
    const { scene, bench } = await opened([injectSpec({ name: 'all' })]);
    let names = ['a', 'b'];
    scene.list = () => names.map((name) => listed(name));
    bench.run(minute);
    names = ['b'];
    bench.run(5_000);
    const before = bench.state.streamsByNumber.get(1)?.nextSeq;
    bench.run(2 * minute);
    expect(bench.state.streamsByNumber.get(1)?.nextSeq).toBe(before);
    expect(bench.open()).toEqual([]);
  });
});

describe('given a list that cannot be had', () => {
  test('when that is so now and then, then nothing is told; three times in a row it is', async () => {
    const { scene, bench } = await opened([injectSpec({ name: 'node-a' })]);
    const list = scene.list.bind(scene);
    let calls = 0;
    scene.list = (injector) => {
      calls += 1;
      return calls % 2 === 0 ? failure('timeout') : list(injector);
    };
    bench.run(2 * minute);
    expect(calls).toBeGreaterThan(20);
    expect(bench.history()).toEqual([]);
    scene.list = () => failure('timeout');
    expect(bench.runUntil(20_000, () => bench.open('injection').length > 0)).toBe(true);
    expect(bench.open()[0]?.detail).toContain('cannot be listed: told to fail: timeout');
    scene.list = list;
    bench.run(minute);
    expect(bench.open()).toEqual([]);
  });
});

describe('given a rate that an injector must keep', () => {
  test('when its streams would be faster, then each is as slow as it must, and they do not begin in one instant', async () => {
    const inject = [injectSpec({ name: 'all', everyMs: 1_000, maxPerSecond: 2 })];
    const { scene, bench } = await opened(inject, { hops: [hopSpec({ name: 'stream', withinMs: 20_000 })] });
    scene.list = () => Array.from({ length: 20 }, (_, at) => listed(`pod-${at}`));
    const sent: number[] = [];
    const write = scene.inject.bind(scene);
    scene.inject = (injector, lines, now) => {
      sent.push(...lines.map(() => now));
      return write(injector, lines, now);
    };
    bench.run(2 * minute);
    expect(sent.length).toBeGreaterThan(200);
    expect(sent.length).toBeLessThanOrEqual(250);
    for (let from = sent[0] ?? 0; from < bench.now; from += 5_000) {
      const burst = sent.filter((at) => at >= from && at < from + 5_000).length;
      expect(burst).toBeLessThanOrEqual(17);
    }
    expect(bench.open()).toEqual([]);
  });
});

test('given an injector that enters at the index, when its canaries pass, then they are expected there and behind it, and nowhere above', async () => {
  const { bench, hop } = await opened([injectSpec({ name: 'node-a', enters: 'index' })]);
  bench.run(minute);
  const granted = bench.state.streamsByNumber.get(1)?.nextSeq;
  expect([0, 1, 2, 3].map((at) => hop(at)?.expected)).toEqual([0, granted, 0, granted]);
  expectIdentity(bench.state);
});

test('given lines that fail to go out now and then, when never twice in a row, then nothing is told; when twice, then since the first', async () => {
  const { scene, bench } = await opened([injectSpec({ name: 'node-a' })]);
  bench.run(10_000);
  const write = scene.inject.bind(scene);
  let call = 0;
  let bad = (at: number) => at % 3 === 0;
  scene.inject = (injector, lines, now) => {
    call += 1;
    scene.injection = bad(call) ? 'withheld' : 'works';
    return write(injector, lines, now);
  };
  bench.run(2 * minute);
  expect(bench.history()).toEqual([]);
  const from = bench.now;
  bad = () => true;
  expect(bench.runUntil(10_000, () => bench.open('injection').length > 0)).toBe(true);
  bench.run(20_000);
  const [incident] = bench.open();
  expect(Math.abs((incident?.since ?? 0) - from)).toBeLessThanOrEqual(3_000);
  expect([...bench.state.streamsByNumber.values()][0]?.failedSince).toBeLessThan(from + 3_000);
});
