/** What an incident says: since when, of whom, how many, and until when something may still be lost. */
import { describe, expect, test } from 'vitest';
import type { ListedStream } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;
const refusedWrite = failure('disk_full');

/** `count` streams of one injector, and the stages of the scene for some of them alone. */
async function crowd(count: number, changes = {}) {
  const scene = new Scene();
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
  const inject = [injectSpec({ name: 'all' })];
  const names = Array.from({ length: count }, (_, at) => `pod-${String(at).padStart(2, '0')}`);
  scene.list = (): ListedStream[] => names.map((name) => ({ key: name, name, labels: {} }));
  const mute = new Set<string>();
  const write = scene.inject.bind(scene);
  scene.inject = (injector, lines, now) => {
    write(
      injector,
      lines.filter(({ stream }) => !mute.has(stream)),
      now,
    );
    return lines.map(() => ({ state: 'emitted', nb: now, na: now + 10 }));
  };
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ hops, inject, ...changes })] }));
  bench.run(minute);
  return { scene, bench, mute, names };
}

describe('given a stop', () => {
  test('when it lasts, then since its first missing canary, of those that are missing, at most 20 by name', async () => {
    const { scene, bench } = await crowd(25, { lostAfterMs: 30_000 });
    const from = bench.now;
    scene.stage('stream').stopped = true;
    expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
    const [opened] = bench.open();
    expect(opened?.streams).toMatchObject({ affected: 25, total: 25 });
    expect(opened?.streams.names).toHaveLength(20);
    expect(opened?.since).toBeGreaterThanOrEqual(from - 1_500);
    expect(opened?.since).toBeLessThanOrEqual(from + 1_500);
    expect(opened?.counts.delivered ?? 0).toBe(0);
    expect(opened?.counts.overdue).toBeGreaterThan(50);
    expect(opened?.lossDecidedAt).toBe((opened?.since ?? 0) + 30_000);
    bench.run(50_000);
    const [later] = bench.open();
    expect(later?.since).toBe(opened?.since);
    expect(later?.counts.lost).toBeGreaterThan(100);
    scene.gone.add('all');
    scene.list = () => [];
    bench.run(30_000);
  });

  test('when it is over, then what became of its canaries is counted as of its end', async () => {
    const { scene, bench } = await crowd(2);
    scene.stage('stream').stopped = true;
    expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
    bench.run(20_000);
    scene.stage('stream').stopped = false;
    bench.run(minute);
    const { counts, resolvedAt, openedAt } = bench.state.resolved[0]?.facts ?? { counts: {} };
    expect(counts.delayed).toBeGreaterThan(30);
    expect([counts.overdue, counts.lost]).toEqual([undefined, undefined]);
    expect(resolvedAt).toBeGreaterThan((openedAt ?? 0) + 20_000);
  });

  test.each([
    [1, 5, 'critical'],
    [1, 6, 'warning'],
    [2, 6, 'critical'],
  ] as const)('when it concerns %i of %i streams, then it is a matter for: %s', async (some, all, severity) => {
    const { bench, mute, names } = await crowd(all, { stoppedEveryMs: 1_000 });
    for (const name of names.slice(0, some)) mute.add(name);
    expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
    bench.run(2_000);
    expect(bench.open('stopped')[0]).toMatchObject({ severity, streams: { affected: some, total: all } });
  });
});

test('given a hop that cannot be read, when it is told, then since its first failed look', async () => {
  const { scene, bench } = await crowd(2);
  const from = bench.now;
  scene.place('stream').unreadable = 'server_error';
  bench.run(15_000);
  const since = bench.open('unreadable')[0]?.since ?? 0;
  expect(since).toBeGreaterThan(from);
  expect(since).toBeLessThanOrEqual(from + 2_100);
  bench.run(minute);
  expect(bench.open('unreadable')[0]?.since).toBe(since);
});

test('given a hop that loses lines, when it cannot be read for a while, then the loss is not over for that, and began with the first', async () => {
  const { scene, bench } = await crowd(3, { loss: { budget: 0.001, windowMs: 10 * minute } });
  const from = bench.now;
  scene.stage('stream').dropEvery = 10;
  expect(bench.runUntil(5 * minute, () => bench.open('lossy').length > 0)).toBe(true);
  expect(bench.open('lossy')[0]?.since).toBeLessThan(from + 10_000);
  bench.run(30_000);
  expect(bench.open('lossy')[0]?.since).toBeLessThan(from + 10_000);
  scene.place('stream').unreadable = 'server_error';
  bench.run(minute);
  expect(
    bench
      .open()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['lossy', 'unreadable']);
});

test('given two streams whose lines do not go out, when only one is mended, then that is not over', async () => {
  const { scene, bench } = await crowd(2);
  const bad = new Set(['pod-00', 'pod-01']);
  const write = scene.inject;
  scene.inject = (injector, lines, now) => {
    const sent = write(injector, lines, now);
    return Array.isArray(sent)
      ? sent.map((each, at) => (bad.has(lines[at]?.stream ?? '') ? { state: 'withheld', why: refusedWrite } : each))
      : sent;
  };
  bench.run(20_000);
  expect(bench.open('injection')[0]?.streams.affected).toBe(2);
  bad.delete('pod-00');
  bench.run(30_000);
  expect(bench.open('injection')[0]?.streams.affected).toBe(1);
  bad.delete('pod-01');
  bench.run(30_000);
  expect(bench.open()).toEqual([]);
});
