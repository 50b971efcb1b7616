/** Only where nothing answers at all are we cut off: a hop read on demand must be asked. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test.each(['push', 'poll'] as const)(
  'given a stream that is read on demand and would answer, when index and archive are silent, then we are not called isolated (alerts come by %s)',
  async (alert) => {
    const scene = new Scene({ stream: 'on-demand', alert });
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
    if (alert === 'poll') scene.place('alert').unreadable = 'timeout';
    bench.run(600_000);
    expect(bench.history()).not.toContain('isolated@logcanary');
    expect(bench.history()).toContain('unreadable@index');
  },
);

test('given a hop that was blind, when one look fails for another reason just before it can be read, then nothing new is told', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(60_000);
  scene.place('index').unreadable = 'auth';
  bench.run(20_000);
  expect(bench.history()).toEqual(['blind@index']);
  scene.place('index').unreadable = 'server_error';
  bench.run(2_000);
  scene.place('index').unreadable = undefined;
  bench.run(60_000);
  expect(bench.history()).toEqual(['blind@index']);
});
