/** While the ledger refuses, hooks are turned away by us: that is our trouble, and nobody's delay or stop. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

test.each([500, 1_500, 3_000, 5_000])(
  'given a ledger that refused for longer than a hook may be late, when senders come again %i ms after it works, then no incident is told',
  async (retryMs) => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(60_000);
    // As in the runtime: no tick reaches the engine, and no hook is taken.
    scene.stage('alert').stopped = true;
    bench.now += 30_000;
    bench.dispatch({ type: 'unwatched', from: bench.now - 30_000 });
    bench.run(retryMs);
    scene.stage('alert').stopped = false;
    bench.run(120_000);
    expect(bench.history()).toEqual([]);
    expect(bench.state.pipelines[0]?.hops.find(({ mode }) => mode === 'push')?.counters.entered.lost).toBe(0);
  },
);

test('given a ledger that refused, when senders never come again, then the stop is told all the same', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(60_000);
  scene.stage('alert').stopped = true;
  bench.now += 30_000;
  bench.dispatch({ type: 'unwatched', from: bench.now - 30_000 });
  bench.run(60_000);
  expect(bench.open().map(({ kind, hop }) => `${kind}@${hop}`)).toEqual(['stopped@alert']);
});
