/** A bench on a `ClusterScene`, and the times of its tests. */
import { viewOf } from '../../src/engine/view.ts';
import { ClusterScene } from './cluster-scene.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';

export const second = 1_000;
export const minute = 60_000;
const hops = [
  hopSpec({ name: 'stream', withinMs: 30_000, pollMs: 5_000 }),
  hopSpec({ name: 'index', after: 'stream', withinMs: 60_000, pollMs: 5_000 }),
];

export async function clusterBench(nodes: readonly string[] = ['a', 'b', 'c'], changes = {}) {
  const scene = new ClusterScene();
  scene.join(...nodes);
  const pipeline = sandboxPipeline({
    inject: [injectSpec({ name: 'cluster', everyMs: 30 * second })],
    hops,
    lostAfterMs: 10 * minute,
    ...changes,
  });
  const bench = await Bench.open(scene, configOf({ pipelines: [pipeline] }));
  bench.onCommit = ({ state }) => expectIdentity(state);
  const view = () => viewOf(bench.state, { ok: true, problems: [] }).pipelines[0];
  const counts = (hop = 0) => view()?.hops[hop]?.canaries;
  return { scene, bench, view, counts };
}
