/** Nothing answers us: one trouble, whatever number of pipelines, lists and figures cannot be had because of it. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;

async function opened() {
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 }), hopSpec({ name: 'index', after: 'stream' })];
  const pipelines = [
    sandboxPipeline({ name: 'logs', hops, inject: [injectSpec({ name: 'a' })], checks: [diskCheck] }),
    sandboxPipeline({ name: 'audit', hops, inject: [injectSpec({ name: 'b' })] }),
    sandboxPipeline({ name: 'small', hops: hops.slice(0, 1), inject: [injectSpec({ name: 'c' })] }),
  ];
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines }));
  bench.run(minute);
  const cut = (off: boolean) => {
    for (const name of ['stream', 'index']) scene.place(name).unreadable = off ? 'network' : undefined;
    scene.listing = off ? 'network' : undefined;
    scene.readings = () => (off ? failure('network') : { readings: [], problems: [] });
  };
  return { scene, bench, cut };
}

test('given three pipelines, when our network is cut and back, then people hear of it once, and of nothing that follows from it', async () => {
  const { bench, cut } = await opened();
  cut(true);
  bench.run(5 * minute);
  cut(false);
  bench.run(5 * minute);
  expect(bench.history()).toEqual(['isolated@logcanary']);
  expect(bench.told('pager')).toEqual(['trigger isolated@logcanary', 'resolve isolated@logcanary']);
});

test('given three pipelines, when one of them has no target that answers while those of others do, then that is its own trouble', async () => {
  const { scene, bench } = await opened();
  const look = scene.look.bind(scene);
  scene.look = (hop, question, now) =>
    hop.pipeline.spec.name === 'small' ? failure('network') : look(hop, question, now);
  bench.run(minute);
  expect(bench.open().map(({ pipeline, kind, hop }) => `${pipeline} ${kind}@${hop}`)).toEqual(['small blind@stream']);
});
