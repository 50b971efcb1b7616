import { expect, test } from 'vitest';
import type { HopSpec, InjectSpec } from '../../src/core/pipeline.ts';
import { timeOf } from '../../src/engine/due.ts';
import { decidedMs } from '../../src/engine/flow.ts';
import { decidedOf } from '../../src/engine/losses.ts';
import type { HopState } from '../../src/engine/state.ts';
import { runOf, termsOf } from '../../src/engine/track.ts';
import { Bench } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;

/** One by one: canaries that are expected at a hop and were decided in a time. */
function counted(hop: HopState, from: number, to: number): number {
  let count = 0;
  for (const track of hop.tracks) {
    const { stream } = track;
    for (let seq = 0; seq < stream.dueSeq; seq++) {
      const decidedAt = timeOf(stream, seq) + decidedMs(track);
      const isExpected = termsOf(runOf(stream, seq), hop.id, stream.number, seq) !== undefined;
      if (isExpected && decidedAt > from && decidedAt <= to) count += 1;
    }
  }
  return count;
}

test.each<[string, Partial<InjectSpec>, Partial<HopSpec>]>([
  ['plain ones', {}, {}],
  ['bursts', { shapes: ['plain', 'burst'] }, {}],
  ['one in five', {}, { sample: { take: 1, of: 5 } }],
])(
  'given %s, a stop and a restart, when canaries are added up by their schedules, then that is what there were',
  async (_, inject, hop) => {
    const pipeline = sandboxPipeline({
      inject: ['node-a', 'node-b'].map((name) => injectSpec({ name, everyMs: 15_000, ...inject })),
      hops: [hopSpec({ name: 'stream', withinMs: minute, pollMs: 15_000, ...hop })],
      lostAfterMs: hour,
      stoppedEveryMs: minute,
    });
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf({ pipelines: [pipeline] }));
    bench.wakeEveryMs = 5_000;
    bench.run(2 * hour);
    scene.stage('stream').stopped = true;
    bench.run(40 * minute);
    scene.stage('stream').stopped = false;
    bench.run(hour);
    await bench.restart(20 * minute);
    bench.run(2 * hour);
    const [stream] = bench.state.pipelines[0]?.hops ?? [];
    if (!stream) throw new Error('no hop');
    const { trials } = decidedOf(stream.tracks, bench.now, []);
    for (const hours of [0.5, 1, 2, 3, 5, 72]) {
      const exact = counted(stream, bench.now - hours * hour, bench.now);
      expect(Math.abs(trials(bench.now - hours * hour, bench.now) - exact)).toBeLessThanOrEqual(
        Math.max(12, 0.03 * exact),
      );
      expect(exact).toBeGreaterThan(15);
    }
    const told = [{ from: bench.now - 72 * hour, to: bench.now - hour }];
    const left = decidedOf(stream.tracks, bench.now, told).trials(bench.now - 72 * hour, bench.now);
    expect(left).toBeLessThan(trials(bench.now - hour, bench.now) + 1);
    await bench.restart(minute);
    // Nothing is listed yet, and their pace is known all the same.
    const again = decidedOf(bench.state.pipelines[0]?.hops[0]?.tracks ?? [], bench.now, []).perMs * hour;
    const before = counted(stream, bench.now - 65 * minute, bench.now - 5 * minute);
    expect(again / before).toBeGreaterThan(0.95);
    expect(again / before).toBeLessThan(1.15);
  },
);
