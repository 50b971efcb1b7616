/** Pipelines in one deployment: what befalls one says nothing of the other. */
import { expect, test } from 'vitest';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;

/** From two nodes through the stream into one place. */
function pipelineTo(name: string, place: string): PipelineSpec {
  const inject = ['a', 'b'].map((node) => injectSpec({ name: `${name}-${node}` }));
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 }), hopSpec({ name: place, after: 'stream' })];
  return sandboxPipeline({ name, inject, hops, stoppedEveryMs: 10_000 });
}

async function opened(scene = new Scene()) {
  const pipelines = [pipelineTo('logs', 'index'), pipelineTo('audit', 'archive')];
  return { scene, bench: await Bench.open(scene, configOf({ pipelines })) };
}

function hopOf(bench: Bench, pipeline: number, hop: number) {
  return viewOf(bench.state, { ok: true, problems: [] }).pipelines[pipeline]?.hops[hop];
}

test('given a stop in one pipeline, when it lasts and is mended, then the other keeps its pace, its figures and its peace', async () => {
  const { scene, bench } = await opened();
  bench.run(minute);
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
  const [stop] = bench.open();
  expect(stop).toMatchObject({ pipeline: 'audit', hop: 'archive', streams: { affected: 2, total: 2 } });
  expect(stop?.streams.names).toEqual(['audit-a', 'audit-b']);
  const granted = () => [...bench.state.streamsByNumber.values()].map(({ nextSeq }) => nextSeq);
  const before = granted();
  bench.run(minute);
  const grown = granted().map((seq, at) => seq - (before[at] ?? 0));
  expect(Math.min(...grown.slice(0, 2))).toBeGreaterThanOrEqual(59);
  expect(Math.max(...grown.slice(2))).toBeLessThanOrEqual(8);
  expect(hopOf(bench, 0, 1)?.state).toBe('flowing');
  expect(bench.open()).toHaveLength(1);
  scene.stage('archive').stopped = false;
  bench.run(2 * minute);
  expect(bench.open()).toEqual([]);
  expect(bench.told('chat')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
  expectIdentity(bench.state);
});

test('given a stop in one pipeline, when all its streams are gone, then nothing that another pipeline sees ends it', async () => {
  const { scene, bench } = await opened();
  bench.run(minute);
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(minute, () => bench.open('stopped').length > 0)).toBe(true);
  scene.gone.add('audit-a').add('audit-b');
  bench.run(minute);
  expect(bench.open().map(({ kind, pipeline }) => [kind, pipeline])).toEqual([
    ['stopped', 'audit'],
    ['uncovered', 'audit'],
  ]);
});

test('given a clock that is stepped, when there are two pipelines, then people are told once', async () => {
  const { bench } = await opened();
  bench.run(minute);
  bench.wallOffset = minute;
  bench.run(10_000);
  bench.wallOffset = 0;
  bench.run(minute);
  expect(bench.history()).toEqual(['clock@logcanary']);
  expect(bench.told('chat')).toEqual(['trigger clock@logcanary', 'resolve clock@logcanary']);
});

test('given hops of the same name, when logcanary restarts, then each keeps its own counters, and later ones too', async () => {
  const { scene, bench } = await opened();
  scene.gone.add('audit-b');
  bench.run(5 * minute);
  const figures = () => [hopOf(bench, 0, 0)?.entered.delivered, hopOf(bench, 1, 0)?.entered.delivered];
  const before = figures();
  expect(before[0]).toBeGreaterThan(1.5 * (before[1] ?? 0));
  await bench.restart();
  expect(figures()).toEqual(before);
  expect(bench.state.pipelines.flatMap(({ hops }) => hops.map(({ id }) => id))).toEqual([1, 2, 3, 4]);
  bench.run(minute);
  expectIdentity(bench.state);
});

test('given an open incident at a hop of that name elsewhere, when logcanary restarts, then a hop that is read on demand is not read for it', async () => {
  const scene = new Scene({ stream: 'on-demand' });
  const { bench } = await opened(scene);
  const look = scene.look.bind(scene);
  const looked: string[] = [];
  scene.look = (hop, question, now) => {
    looked.push(`${hop.pipeline.spec.name}/${hop.spec.name}`);
    if (hop.pipeline.spec.name === 'audit') scene.place('stream').unreadable = 'server_error';
    else scene.place('stream').unreadable = undefined;
    return look(hop, question, now);
  };
  bench.run(minute);
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(2 * minute, () => bench.open('unreadable').length > 0)).toBe(true);
  scene.stage('archive').stopped = false;
  bench.run(20_000);
  await bench.restart();
  looked.length = 0;
  bench.run(30_000);
  expect(looked.filter((each) => each === 'audit/stream').length).toBeGreaterThan(3);
  expect(looked).not.toContain('logs/stream');
});

test('given streams of one pipeline that cannot be written to, when that is told, then only its own streams are counted', async () => {
  const { scene, bench } = await opened();
  bench.run(minute);
  const inject = scene.inject.bind(scene);
  scene.inject = (injector, lines, now) => {
    scene.injection = injector.pipeline.spec.name === 'logs' ? 'withheld' : 'works';
    return inject(injector, lines, now);
  };
  bench.run(20_000);
  expect(bench.open().map(({ pipeline, kind, streams }) => [pipeline, kind, streams.affected, streams.total])).toEqual([
    ['logs', 'injection', 2, 2],
  ]);
});
