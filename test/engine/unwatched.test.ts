/** Time in which nobody watched excuses what could not be heard then, and nothing more. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxHops, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

/** The deadlines of the sample configuration. */
const slowAlert = sandboxPipeline({
  lostAfterMs: 6 * 3_600_000,
  inject: [injectSpec({ name: 'node-a', everyMs: 10_000 })],
  hops: sandboxHops.map((hop) =>
    hop.name === 'alert' ? hopSpec({ name: 'alert', after: 'index', withinMs: 300_000, pollMs: 30_000 }) : hop,
  ),
});

function pause(bench: Bench, ms: number): void {
  const from = bench.now;
  bench.now += ms;
  bench.dispatch({ type: 'unwatched', from });
}

test('given an alerter that stopped for good, when we pause for 4 s every 4 minutes, then its stop is told within two hours', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [slowAlert] }));
  bench.run(600_000);
  scene.stage('alert').stopped = true;
  for (let round = 0; round < 30; round++) {
    bench.run(240_000);
    pause(bench, 4_000);
  }
  expect(bench.history()).toContain('stopped@alert');
});

test('given an expected ping, when we were suspended for longer than it may be late, then it is not told as silent before it could come', async () => {
  const expectedPings = [{ name: 'alertmanager', everyMs: 60_000, graceMs: 30_000 }];
  const bench = await Bench.open(new Scene(), configOf({ expectedPings }));
  bench.run(30_000);
  bench.dispatch({ type: 'pinged', name: 'alertmanager' });
  bench.run(10_000);
  pause(bench, 120_000);
  bench.run(20_000);
  expect(bench.history()).toEqual([]);
});
