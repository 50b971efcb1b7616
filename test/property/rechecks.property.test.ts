/** Whatever re-checks answer, they change nothing that was counted: the same world with and without them, compared. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verdictCounts } from '../../src/engine/sums.ts';
import type { Look } from '../../src/probe.ts';
import { Bench } from '../engine/harness.ts';
import { expectIdentity, sumsAt } from '../engine/identity.ts';
import { hour, minute, RecheckScene, slowPipeline } from '../engine/recheck-scene.ts';
import { configOf } from '../engine/sandbox-config.ts';
import { failure } from '../engine/scene.ts';

const silent = { notify: [], pipelines: [slowPipeline({ retentionMs: 7 * 24 * hour })] };

type Answer = 'all' | 'none' | 'some' | 'partial' | 'error';

async function opened(answers: readonly Answer[] | undefined) {
  const scene = new RecheckScene();
  if (answers === undefined)
    scene.observer = (hop) => ({
      mode: hop === 'alert' ? 'push' : 'poll',
      finds: hop === 'stream' ? 'unique' : 'repeats',
    });
  const given = scene.recheck.bind(scene);
  let turn = 0;
  scene.recheck = (hop, question): Look | ReturnType<typeof failure> => {
    const look = given(hop, question);
    const answer = answers?.[turn++ % answers.length] ?? 'all';
    if (answer === 'error' || !('coverage' in look)) return failure('timeout');
    if (answer === 'partial') return { coverage: 'partial', finds: look.finds, why: failure('partial') };
    return { ...look, finds: look.finds.filter((_, i) => answer === 'all' || (answer === 'some' && i % 3 > 0)) };
  };
  return { scene, bench: await Bench.open(scene, configOf(silent)) };
}

/** Everything that is counted of the canaries themselves. (The answers wake the harness at other moments, so times differ by some ms.) */
function counted({ state }: Bench) {
  return state.pipelines[0]?.hops.map((hop) => {
    const { rechecked: _, vanished: __, inconsistent: ___, ...entered } = hop.counters.entered;
    const tracks = hop.tracks.map(({ stoppedLooks, newestSeenSeq, live, folded }) => [
      ...[stoppedLooks, newestSeenSeq, [...live], [...folded]],
    ]);
    const latencies = hop.counters.latency.counts.reduce((sum, count) => sum + count, 0);
    return { counts: verdictCounts(hop.tracks), sums: sumsAt(hop), entered, latencies, tracks };
  });
}

const answers = fc.array(fc.constantFrom<Answer>('all', 'none', 'some', 'partial', 'error'), {
  minLength: 1,
  maxLength: 6,
});

test('given any answers to re-checks, when an hour and a day have passed, then every figure is as it would be without them', async () => {
  const property = fc.asyncProperty(answers, fc.boolean(), async (given, restarts) => {
    const [asked, unasked] = [await opened(given), await opened(undefined)];
    for (const { bench } of [asked, unasked]) {
      bench.run(12 * minute);
      bench.now += 50 * minute;
      bench.run(15 * minute);
      if (restarts) await bench.restart(1_000);
      bench.now += 22 * hour + 40 * minute;
      bench.run(25 * minute);
      expectIdentity(bench.state);
    }
    expect(asked.scene.rechecks.length).toBeGreaterThan(1);
    expect(unasked.scene.rechecks).toEqual([]);
    expect(counted(asked.bench)).toEqual(counted(unasked.bench));
  });
  await fc.assert(property, { numRuns: 5 });
});
