/** Canaries that had arrived are asked for again an hour and a day later. */
import { describe, expect, test } from 'vitest';
import { codeOf, impliedBit, isSeen } from '../../src/core/block.ts';
import { readToken } from '../../src/core/token.ts';
import type { HopState } from '../../src/engine/state.ts';
import type { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { hour, minute, type RecheckScene, recheckBench } from './recheck-scene.ts';

function hopOf(bench: Bench, name: string): HopState {
  const hop = bench.state.pipelines[0]?.hops.find((each) => each.spec.name === name);
  if (hop === undefined) throw new Error(`no hop ${name}`);
  return hop;
}

/** How old the canaries of each re-check were, in hours, rounded. */
function agesAsked(scene: RecheckScene): number[] {
  return [...new Set(scene.rechecks.map(({ asOf, since }) => Math.round((asOf - since) / hour)))].sort((a, b) => a - b);
}

describe('given canaries that arrived', () => {
  test('when they are asked for again an hour later and are there, then nothing is told, and few are asked for', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(30 * minute);
    bench.now += 30 * minute;
    bench.run(30 * minute);
    expect(scene.rechecks.length).toBeGreaterThanOrEqual(2);
    expect(scene.rechecks.length).toBeLessThanOrEqual(4);
    for (const { asOf, seenBy, since, count } of scene.rechecks) {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(33);
      expect(asOf - since).toBeGreaterThanOrEqual(hour);
      expect(seenBy).toBeLessThanOrEqual(asOf - minute);
    }
    const streams = new Set([...(scene.rechecks[1]?.tokens() ?? [])].map((token) => readToken(token)?.stream));
    expect(streams.size).toBe(4);
    expect(bench.history()).toEqual([]);
    expectIdentity(bench.state);
  });

  test('when the index is emptied, then that is told within the hour and a bit, as a warning, once; and resolved by later ones that are there', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(15 * minute);
    scene.empty();
    bench.run(15 * minute);
    bench.now += 30 * minute;
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['vanished@index']);
    const [facts] = bench.open('vanished');
    expect(facts?.severity).toBe('warning');
    expect(facts?.streams).toMatchObject({ affected: 4, total: 4 });
    expect(facts?.detail).toMatch(/^Looked for again at index after 60 min: \d+ of \d+ test lines/);
    bench.run(25 * minute);
    expect(bench.open()).toEqual([]);
    expect(bench.told('chat')).toEqual(['trigger vanished@index', 'resolve vanished@index']);
    expect(bench.told('pager')).toEqual([]);
    expectIdentity(bench.state);
  });

  test('when no more can be asked, then what vanished stays told: silence is no recovery', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(15 * minute);
    scene.empty();
    bench.now += 45 * minute;
    bench.run(15 * minute);
    expect(bench.open('vanished')).toHaveLength(1);
    scene.recheckPartial = true;
    bench.run(10 * minute);
    bench.now += 4 * hour;
    bench.run(10 * minute);
    expect(bench.open('vanished')).toHaveLength(1);
  });

  test('when answers are only partial, then nobody is accused', async () => {
    const { scene, bench } = await recheckBench();
    scene.recheckPartial = true;
    bench.run(20 * minute);
    scene.empty();
    bench.now += 40 * minute;
    bench.run(30 * minute);
    expect(scene.rechecks.length).toBeGreaterThan(2);
    expect(bench.history()).toEqual([]);
    expect(hopOf(bench, 'index').recheck?.last?.why).toContain('partial');
  });

  test('when two of them are gone, then nothing is told; with the third it is', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(40 * minute);
    bench.now += 20 * minute;
    scene.lose(2);
    bench.run(15 * minute);
    expect(scene.lost.size).toBe(2);
    expect(bench.history()).toEqual([]);
    scene.lose(1);
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['vanished@index']);
  });

  test('when the index cannot be read, then it is not asked again before its ordinary looks succeed', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(40 * minute);
    bench.now += 10 * minute;
    bench.run(5 * minute);
    scene.place('index').unreadable = 'server_error';
    bench.run(20 * minute);
    expect(scene.rechecks).toEqual([]);
    scene.place('index').unreadable = undefined;
    bench.run(15 * minute);
    expect(scene.rechecks.length).toBeGreaterThan(0);
    expect(bench.history()).toEqual(['unreadable@index']);
  });
});

describe('given how long lines are kept', () => {
  const cases = [
    [undefined, [1]],
    [70 * minute, []],
    [2 * hour, [1]],
    [24 * hour, [1]],
    [7 * 24 * hour, [1, 24]],
  ] as const;
  test.each(cases)(
    'when it is %s ms, then they are asked for again only while they must be there',
    async (retention, ages) => {
      const { scene, bench } = await recheckBench(retention === undefined ? {} : { retentionMs: retention });
      bench.run(90 * minute);
      bench.now += 22 * hour + 40 * minute;
      bench.run(30 * minute);
      expect(agesAsked(scene)).toEqual(ages);
      expectIdentity(bench.state);
    },
  );
});

describe('given a restart', () => {
  test('when canaries of before it are gone, whose blocks are folded away, then they have vanished all the same', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(hour);
    await bench.restart(5_000);
    scene.empty();
    for (const { blocks } of hopOf(bench, 'index').tracks) expect(blocks.has(0)).toBe(false);
    bench.run(30 * minute);
    expect(bench.history()).toEqual(['vanished@index']);
  });

  test('when it is told already, then it is neither told again nor resolved before a later one is good', async () => {
    const { scene, bench } = await recheckBench();
    bench.run(15 * minute);
    scene.empty();
    bench.run(15 * minute);
    bench.now += 30 * minute;
    bench.run(12 * minute);
    expect(bench.open('vanished')).toHaveLength(1);
    scene.recheckPartial = true;
    await bench.restart(5_000);
    bench.run(10 * minute);
    await bench.restart(5_000);
    bench.run(5 * minute);
    expect(bench.told('chat')).toEqual(['trigger vanished@index']);
    scene.recheckPartial = false;
    bench.run(20 * minute);
    expect(bench.told('chat')).toEqual(['trigger vanished@index', 'resolve vanished@index']);
  });
});

test('given a few that are gone, when logcanary restarts, then it takes as many good ones as before until that is over', async () => {
  const { scene, bench } = await recheckBench();
  bench.run(55 * minute);
  bench.now += 5 * minute;
  for (let batch = 1; batch <= 3; batch++) {
    scene.lose(1);
    expect(bench.runUntil(15 * minute, () => scene.lost.size === batch)).toBe(true);
  }
  bench.run(minute);
  expect(bench.open('vanished')).toHaveLength(1);
  await bench.restart(5_000);
  const asked = scene.rechecks.length;
  expect(bench.runUntil(15 * minute, () => scene.rechecks.length > asked)).toBe(true);
  bench.run(8 * minute);
  expect(bench.open('vanished')).toHaveLength(1);
  bench.run(30 * minute);
  expect(bench.open('vanished')).toEqual([]);
});

test('given canaries that only the alerter showed, when the index is asked for them again and has none, then it is inconsistent, not vanished', async () => {
  const { scene, bench } = await recheckBench();
  bench.run(5 * minute);
  const { tracks } = hopOf(bench, 'index');
  // As if nobody had looked meanwhile: told by the alerter alone.
  for (const { blocks } of tracks)
    for (const { codes } of blocks.values())
      for (const [i, code] of codes.entries()) if (isSeen(code)) codes[i] = codeOf.delivered + impliedBit;
  scene.empty();
  bench.now += 50 * minute;
  bench.run(20 * minute);
  expect(bench.history()).toEqual(['inconsistent@index']);
});
