/** Canaries that were seen further down, at hops whose complete looks do not show them. */
import { describe, expect, test } from 'vitest';
import { expectIdentity } from './identity.ts';
import { minute, recheckBench } from './recheck-scene.ts';

describe('given an alerter that shows what the index should hold', () => {
  test('when our looks show nothing of it, then inconsistent is told and nothing else; and resolved once they do', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(10 * minute);
    scene.hidden = () => true;
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['inconsistent@index']);
    const [facts] = bench.open();
    expect(facts?.severity).toBe('warning');
    expect(facts?.detail).toMatch(/^\d+ test lines that were seen downstream \(alert\) cannot be found at index/);
    expect(facts?.streams.affected).toBe(4);
    bench.run(30 * minute);
    expect(bench.open()).toHaveLength(1);
    scene.hidden = () => false;
    bench.run(15 * minute);
    expect(bench.told('chat')).toEqual(['trigger inconsistent@index', 'resolve inconsistent@index']);
    expectIdentity(bench.state);
  });

  test('when our looks never showed any, as with a wrong index, then that is told from the beginning on', async () => {
    const { scene, bench } = await recheckBench();
    scene.hidden = () => true;
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['inconsistent@index']);
    expect(bench.open()[0]?.detail).toMatch(/; 0 others can\.$/);
  });

  test('when our looks come later than its posts, then nothing is told: each is asked for until it shows', async () => {
    const { scene, bench } = await recheckBench({ pollMs: 15_000 });
    scene.stage('alert').delayMs = 10;
    bench.run(30 * minute);
    expect(bench.history()).toEqual([]);
    const index = bench.state.pipelines[0]?.hops[1];
    expect(index?.awaited.contradicted).toEqual([]);
    expect(index?.awaited.waiting.size).toBeLessThan(20);
    expect(index?.awaited.seenHere.length).toBeGreaterThan(600);
    // Known from the alerter alone they would have none.
    expect(index?.counters.latency.counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(600);
  });

  test('when the index shows lines later than the alerter, within its deadline, then nothing is told', async () => {
    const { scene, bench } = await recheckBench();
    const arrived = new Map<string, number>();
    scene.hidden = (token) => {
      const at = arrived.get(token) ?? bench.now;
      arrived.set(token, at);
      return bench.now - at < 45_000;
    };
    bench.run(30 * minute);
    expect(bench.history()).toEqual([]);
    expect(bench.state.pipelines[0]?.hops[1]?.awaited.contradicted).toEqual([]);
  });

  test('when our looks are only partial, then nobody is accused of it', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(10 * minute);
    scene.hidden = () => true;
    scene.place('index').partial = true;
    bench.run(15 * minute);
    expect(bench.history().filter((told) => told.startsWith('inconsistent'))).toEqual([]);
  });

  test('when the index is deleted at one moment, then that alone is not inconsistent', async () => {
    const { scene, bench } = await recheckBench();
    scene.stage('alert').delayMs = 10;
    bench.run(10 * minute);
    scene.empty();
    bench.run(15 * minute);
    expect(bench.history()).toEqual([]);
  });

  test('when nothing arrives any more, then it stays told: silence is no recovery', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(10 * minute);
    scene.hidden = () => true;
    bench.run(15 * minute);
    scene.stage('index').stopped = true;
    bench.run(25 * minute);
    expect(bench.open('inconsistent')).toHaveLength(1);
  });

  test('when logcanary restarts meanwhile, then it stays told, and is not told again', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(10 * minute);
    scene.hidden = () => true;
    bench.run(15 * minute);
    await bench.restart(5_000);
    bench.run(15 * minute);
    expect(bench.told('chat')).toEqual(['trigger inconsistent@index']);
    expect(bench.open()).toHaveLength(1);
  });
});
