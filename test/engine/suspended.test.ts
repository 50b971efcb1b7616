/** A process that was suspended (SIGSTOP, a laptop that slept) could neither look nor be posted to: nobody is accused of that. */
import { expect, test } from 'vitest';
import { ProbeError } from '../../src/lib/errors.ts';
import { Bench } from './harness.ts';
import { configOf, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test('given a watchdog that is suspended for 30 s, when it goes on and the posts that it could not take come in, then it accuses nobody', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline()] }));
  bench.run(60_000);
  expect(bench.history()).toEqual([]);
  // a suspended process takes no posts; the alerter tries again within 5 s of its coming back
  scene.stage('alert').stopped = true;
  const from = bench.now;
  bench.now += 30_000;
  bench.dispatch({ type: 'unwatched', from });
  bench.run(3_000);
  scene.stage('alert').stopped = false;
  bench.run(60_000);
  expect(bench.history()).toEqual([]);
  const hop = bench.state.pipelines[0]?.hops.find((each) => each.spec.name === 'alert');
  expect(hop?.counters.entered.delayed).toBe(0);
});

test('given a look that was under way while we were suspended, when it runs out of time, then that is not held against its target', async () => {
  const bench = await Bench.open(new Scene(), configOf({ pipelines: [sandboxPipeline()] }));
  bench.run(60_000);
  const [hop] = bench.state.pipelines[0]?.hops ?? [];
  if (!hop) throw new Error('no hop');
  const asOf = bench.now;
  bench.now += 30_000;
  bench.dispatch({ type: 'unwatched', from: asOf });
  const error = new ProbeError('No answer within 2 s.', { reason: 'timeout', retryable: true });
  const looked = { type: 'looked' as const, hop, asked: [], askedCount: 0, tookMs: 30_000, error };
  bench.dispatch({ ...looked, asOf });
  expect(hop.looks.at(-1)?.coverage).toBe('complete');
  expect(hop.settleUntil).toBeLessThan(Number.POSITIVE_INFINITY);
  bench.dispatch({ ...looked, asOf: bench.now });
  expect(hop.looks.at(-1)?.coverage).toBe('failed');
});
