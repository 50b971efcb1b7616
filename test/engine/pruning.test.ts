/** Nodes come and go for days: what there was of them is kept as sums, and nothing else. */
import { describe, expect, test } from 'vitest';
import { clusterBench, minute } from './cluster-bench.ts';
import { injectSpec } from './sandbox-config.ts';

const hour = 60 * minute;

async function churned() {
  const bench = await clusterBench(['stays'], {
    inject: [injectSpec({ name: 'cluster', everyMs: 5 * minute })],
    keepCanariesMs: hour,
  });
  for (let n = 0; n < 5; n++) {
    bench.scene.join(`spot-${n}`);
    bench.bench.run(15 * minute);
    bench.scene.nodes.delete(`spot-${n}`);
  }
  return bench;
}

describe('given nodes that are gone for good', () => {
  test('when nothing of them can change any more, then they are dropped, and every sum stays as it was', async () => {
    const { bench, view } = await churned();
    bench.run(10 * minute);
    const gone = [...bench.state.streamsByNumber.values()].filter(({ name }) => name !== 'stays');
    expect(gone).toHaveLength(5);
    const ofGone = view()?.hops.map(({ canaries }) => canaries.excused + canaries.unverifiable);
    await bench.restart(80 * hour);
    bench.run(2 * minute);
    expect([...bench.state.streamsByNumber.values()].map(({ name }) => name)).toEqual(['stays']);
    const after = view();
    expect(after?.hops.map(({ canaries }) => canaries.excused + canaries.unverifiable)).toEqual(ofGone);
    for (const { canaries, expected } of after?.hops ?? []) {
      const { withheld: _, ...counted } = canaries;
      expect(Object.values(counted).reduce((sum, count) => sum + count)).toBe(expected);
    }
    expect((after?.injected ?? 0) + (after?.unconfirmed ?? 0)).toBe(after?.hops[0]?.expected);
  });

  test('when it restarts after that, then the sums are the same and no row of them is left', async () => {
    const { bench, view } = await churned();
    await bench.restart(85 * hour);
    bench.run(2 * minute);
    const before = view();
    await bench.restart();
    const after = view();
    expect(after?.hops.map(({ canaries }) => canaries)).toEqual(before?.hops.map(({ canaries }) => canaries));
    expect(after).toMatchObject({ injected: before?.injected, withheld: before?.withheld });
    const { stream, run, track, verdict, emission } = await bench.ledger.load();
    for (const rows of [run, track, verdict, emission])
      expect(new Set(rows.map((row) => row.stream))).toEqual(new Set(stream.map(({ number }) => number)));
    expect(stream).toHaveLength(1);
  });
});
