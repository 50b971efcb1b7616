/** We are cut off only where nothing answers at all: a hop that is read on demand must have been asked before it counts as silent. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test('given a stream that is read on demand and would answer, when index and archive are silent, then we are not called isolated', async () => {
  const scene = new Scene({ stream: 'on-demand', alert: 'push' });
  const bench = await Bench.open(scene, configOf());
  bench.run(30_000);
  // it was asked and answered once, some time ago
  scene.stage('index').stopped = true;
  scene.stage('archive').stopped = true;
  bench.run(15_000);
  scene.stage('index').stopped = false;
  scene.stage('archive').stopped = false;
  bench.run(120_000);
  expect(bench.state.pipelines[0]?.hops[0]?.looks.at(-1)?.coverage).toBe('complete');
  scene.place('index').unreadable = 'timeout';
  scene.place('archive').unreadable = 'timeout';
  bench.run(60_000);
  expect(bench.history()).not.toContain('isolated@logcanary');
  expect(bench.history()).toContain('unreadable@index');
});
