/** A re-check from the engine to the simulated index and back: by the real loops' part, the real probe and the ledger. */
import { afterEach, describe, expect, test } from 'vitest';
import { lineOf } from '../../src/engine/injecting.ts';
import { createPerformer } from '../../src/engine/performing.ts';
import { newestSlot } from '../../src/engine/recheck-book.ts';
import { pickFor } from '../../src/engine/recheck-pick.ts';
import type { HopState } from '../../src/engine/state.ts';
import { runOf } from '../../src/engine/track.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Observer } from '../../src/probe.ts';
import { context } from '../contract/bench.ts';
import { closeScenes, type Scene as ElasticScene, openScene } from '../fakes/elastic-scene.ts';
import type { Bench } from './harness.ts';
import { hour, minute, recheckBench } from './recheck-scene.ts';

afterEach(closeScenes);

interface Rig {
  readonly bench: Bench;
  readonly hop: HopState;
  readonly elastic: ElasticScene;
  /** Asks once, as the loops would, and hands the outcome to the engine. */
  ask(observer?: Partial<Observer>): Promise<void>;
}

/** An hour has passed, and the index holds what was asked of it, in two indices, as after a rollover. */
async function rig(): Promise<Rig> {
  const { bench } = await recheckBench();
  bench.run(55 * minute);
  bench.now += 20 * minute;
  bench.run(10_000);
  const hop = bench.state.pipelines[0]?.hops[1] as HopState;
  const book = hop.recheck as NonNullable<HopState['recheck']>;
  const slot = newestSlot(book, hour, bench.now);
  const refs = pickFor(hop, book, slot);
  const elastic = await openScene();
  const texts = refs.map(({ stream, seq }) => {
    const run = runOf(stream, seq);
    return run === undefined ? '' : lineOf(bench.state, stream, run, seq);
  });
  await elastic.bench.put(texts.slice(0, 10), 'logs-000001');
  await elastic.bench.put(texts.slice(10), 'logs-000002');
  const ask: Rig['ask'] = async (observer = {}) => {
    const ports = {
      observer: () => ({ ...elastic.observer, ...observer }),
    } as unknown as Parameters<typeof createPerformer>[0]['ports'];
    const { signal: stopped } = new AbortController();
    const { state, ledger } = bench;
    const perform = createPerformer({ state, clock: context.clock, log: silentLog, ledger, ports, stopped });
    const picked = { ageMs: hour, slot, at: bench.now, refs };
    bench.dispatch(await perform({ type: 'recheck', hop, picked, asOf: bench.now, timeoutMs: 10_000 }));
  };
  return { bench, hop, elastic, ask };
}

const newest = (hop: HopState) => hop.recheck?.series.get(hour)?.batches.at(-1);

describe('given canaries of an hour ago whose blocks are folded away', () => {
  test('when they are asked for in the index, then all are found, also in the older of two indices', async () => {
    const { hop, ask } = await rig();
    expect(hop.tracks.every(({ blocks }) => !blocks.has(0))).toBe(true);
    await ask();
    expect(newest(hop)).toMatchObject({ asked: 33, vanished: 0, inconsistent: 0 });
  });

  test('when the older index is deleted, then the first answer, of other indices than were known, says nothing, and the next tells what vanished', async () => {
    const { bench, hop, elastic, ask } = await rig();
    await ask();
    await elastic.bench.remove('logs-000001');
    await ask();
    expect(newest(hop)).toMatchObject({ asked: 33, vanished: 0 });
    expect(hop.recheck?.last?.why).toContain('came or went');
    await ask();
    expect(newest(hop)).toMatchObject({ asked: 33, vanished: 10, inconsistent: 0 });
    bench.run(30_000);
    expect(bench.history()).toEqual(['vanished@index']);
  });

  test('when their rows are not kept any more, then they are not asked for: nobody knows whether they were seen', async () => {
    const { bench, hop, ask } = await rig();
    void bench.ledger.commit([{ op: 'prune', table: 'verdict', before: bench.now }]);
    await ask();
    expect(hop.recheck?.last).toMatchObject({ asked: 0, missing: 0 });
    expect(newest(hop)).toBeUndefined();
  });

  test('when the call fails or hangs, then that is said, it is tried again soon, and nothing is concluded', async () => {
    const { bench, hop, ask } = await rig();
    const look = () => Promise.reject(new Error('boom'));
    await ask({ recheck: { everyMs: 1, spanMs: 1, look } });
    expect(hop.recheck).toMatchObject({ inFlight: false, last: { asked: 33, missing: 0, why: 'boom' } });
    expect((hop.recheck?.nextAt ?? 0) - bench.now).toBe(2.5 * minute);
    expect(newest(hop)).toBeUndefined();
  });
});
