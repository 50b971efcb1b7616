import { test } from 'vitest';
import { verdictOfCode } from '../../src/core/block.ts';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';
test('x', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  const hop = bench.state.pipelines[0]!.hops[0]!;
  const recorded = () => hop.counters.latency.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  bench.run(30_000);
  scene.stage('stream').stopped = true;
  bench.run(60_000);
  scene.stage('stream').stopped = false;
  scene.place('stream').partial = true;
  for (let i = 0; i < 14; i++) {
    bench.run(500);
    if (i === 6) scene.place('stream').partial = false;
    const t = hop.tracks[0]!;
    let implied = 0;
    for (const b of t.blocks.values()) for (const c of b.codes) if (c > 8) implied++;
    console.log(i, 'implied', implied, 'rec', recorded(), JSON.stringify((t.absent as any).flat), t.stream.nextSeq, t.stream.runs.map((r) => [r.fromSeq, r.t0 - bench.now, r.everyMs]), hop.looks.at(-1)?.coverage);
  }
  verdictOfCode;
});
