/** What arrives after a long stop was late, and how late is known: it belongs into the histogram also where a hop behind was read first. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test.each([10_000, 60_000])('given a stream that stood for %i ms, when its backlog is seen behind it first, then each latency is recorded', async (ms) => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  const hop = bench.state.pipelines[0]?.hops[0];
  const recorded = () => hop?.counters.latency.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  bench.run(30_000);
  scene.stage('stream').stopped = true;
  // the backlog comes while the stream answers in parts, for less than its deadline; the index answers
  bench.run(ms);
  scene.stage('stream').stopped = false;
  scene.place('stream').partial = true;
  bench.run(3_000);
  scene.place('stream').partial = false;
  bench.run(30_000);
  const seen = (hop?.counters.entered.delivered ?? 0) + (hop?.counters.entered.delayed ?? 0);
  expect(recorded()).toBe(seen);
});
