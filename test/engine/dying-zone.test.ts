/** More than half of the streams leaving excuses nobody. */
import { expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

/** Three nodes whose agents died; `nodes` of them say that they leave. */
async function dying(nodes: readonly string[]): Promise<{ scene: Scene; bench: Bench }> {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(30_000);
  scene.stage('stream').stopped = true;
  bench.run(5_000);
  for (const node of nodes) scene.leaving.set(node, bench.now);
  return { scene, bench };
}

function excusedAt(bench: Bench, hop: string): number {
  return bench.state.pipelines[0]?.hops.find((each) => each.spec.name === hop)?.counters.entered.excused ?? -1;
}

test('given two of three nodes leaving, when one of them vanishes before the other, then neither is excused', async () => {
  const { scene, bench } = await dying(['node-a', 'node-b']);
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
  scene.gone.add('node-a');
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
});

test('given all nodes leaving, when we restart and their injectors are listed one after the other, then nobody is excused', async () => {
  const { bench } = await dying(['node-a', 'node-b', 'node-c']);
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
  await bench.restart(1_000);
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
});

test('given all nodes leaving while we are suspended for 150 s, when their injectors are listed one after the other, then nobody is excused', async () => {
  const { bench } = await dying(['node-a', 'node-b', 'node-c']);
  const from = bench.now;
  bench.now += 150_000;
  bench.dispatch({ type: 'unwatched', from });
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
});

test('given two of three nodes leaving, when others take their place, then those two are not excused after all', async () => {
  const { scene, bench } = await dying(['node-a', 'node-b']);
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
  const list = scene.list.bind(scene);
  const newcomers = ['node-d', 'node-e'].map((name) => ({ key: name, name, labels: {} }));
  scene.list = (injector) => {
    const listed = list(injector);
    return injector.spec.name === 'node-c' && !(listed instanceof Error) ? [...listed, ...newcomers] : listed;
  };
  bench.run(10_000);
  expect(excusedAt(bench, 'stream')).toBe(0);
});

test('given one of three nodes leaving while another cannot be listed, when we restart and it is gone by then, then it is excused', async () => {
  const { scene, bench } = await dying(['node-a']);
  const list = scene.list.bind(scene);
  let broken = true;
  scene.list = (injector) => (broken && injector.spec.name === 'node-b' ? failure('timeout') : list(injector));
  bench.run(10_000);
  scene.gone.add('node-a');
  await bench.restart(1_000);
  broken = false;
  bench.run(180_000);
  expect(excusedAt(bench, 'stream')).toBeGreaterThan(0);
});
