/** Schedules and looks go through a control plane that may be away, cut answers, or show other pods. */
import { describe, expect, test } from 'vitest';
import { minute, clusterBench as opened, second } from './cluster-bench.ts';
import { injectSpec } from './sandbox-config.ts';

describe('given a control plane that goes away', () => {
  test('when it is away for 20 minutes, then lines keep flowing, nothing is lost, and only we are blind', async () => {
    const { scene, bench, counts } = await opened();
    bench.run(20 * minute);
    const before = counts()?.delivered ?? 0;
    scene.listing = 'timeout';
    scene.calls = { fails: 'timeout', delivered: false };
    bench.run(20 * minute);
    expect((counts()?.delivered ?? 0) - before).toBeGreaterThan(3 * 38);
    expect(bench.history()).toEqual(['blind@emitter']);
    expect(bench.open('blind')[0]).toMatchObject({ severity: 'warning' });
    scene.listing = undefined;
    scene.calls = undefined;
    bench.run(20 * minute);
    expect(bench.open()).toEqual([]);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0, withheld: 0 });
    expect(bench.told('pager')).toEqual([]);
  });

  test('when it is away longer than the schedules reach, then the rest is withheld and injection is told', async () => {
    const { scene, bench, counts } = await opened();
    bench.run(20 * minute);
    scene.listing = 'refused';
    scene.calls = { fails: 'refused', delivered: false };
    bench.run(50 * minute);
    expect(bench.open().map(({ kind }) => kind)).toContain('injection');
    scene.listing = undefined;
    scene.calls = undefined;
    bench.run(20 * minute);
    expect(bench.open()).toEqual([]);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0 });
  });

  test('when answers are lost after the lines came in, then each is printed once and proven later', async () => {
    const { scene, bench, counts } = await opened(['a']);
    bench.run(2 * minute);
    scene.calls = { fails: 'timeout', delivered: true };
    bench.run(7 * minute);
    scene.calls = undefined;
    bench.run(20 * minute);
    const printed = scene.printed('a');
    expect(new Set(printed).size).toBe(printed.length);
    expect(counts()).toMatchObject({ lost: 0, unverifiable: 0, withheld: 0 });
  });
});

describe('given trouble that passes', () => {
  test('when an emitter starts anew and loses a few lines, then nothing is told', async () => {
    const { scene, bench } = await opened(['a', 'b'], {
      inject: [injectSpec({ name: 'cluster', everyMs: second })],
    });
    bench.run(5 * minute);
    const { emitter } = scene.node('a');
    emitter.restart(false);
    bench.run(10 * minute);
    expect(bench.history()).toEqual([]);
  });

  test('when another pod is listed, then it is called at once and not at the next refill', async () => {
    const { scene, bench } = await opened(['a']);
    bench.run(16 * minute);
    scene.replacePod('a');
    const calls = scene.heard.length;
    bench.run(20 * second);
    expect(scene.heard.length).toBeGreaterThan(calls);
  });

  test('when an answer is cut, then nothing new is brought before it is known what became of the last lines', async () => {
    const { scene, bench } = await opened(['a']);
    bench.run(2 * minute);
    scene.calls = { fails: 'timeout', delivered: true };
    bench.run(4 * minute);
    scene.calls = undefined;
    scene.cut = true;
    const before = scene.heard.length;
    bench.run(3 * minute);
    expect(new Set(scene.heard.slice(before))).toEqual(new Set(['a:0']));
    expect(scene.heard.length - before).toBeGreaterThan(3);
    expect(bench.history()).toEqual([]);
    scene.cut = false;
    bench.run(10 * minute);
    expect(scene.heard.slice(-3).some((call) => call !== 'a:0')).toBe(true);
  });
});

test('given a complete look without one node, when its canaries are overdue, then nothing is said of them', async () => {
  const { scene, bench, counts } = await opened(['a', 'b']);
  bench.run(10 * minute);
  scene.without = ['a'];
  scene.node('a').agent = 'stopped';
  scene.node('b').agent = 'stopped';
  bench.run(5 * minute);
  expect(bench.open('stopped')[0]?.streams.names).toEqual(['b']);
  expect(counts()?.unverifiable).toBeGreaterThan(0);
});

describe('given a hop that is read through the same API server', () => {
  async function behind() {
    const rig = await opened();
    for (const hop of rig.bench.state.pipelines[0]?.hops ?? [])
      if (hop.spec.name === 'index') Object.assign(hop, { through: 'here' });
    rig.bench.run(20 * minute);
    rig.scene.place('index').unreadable = 'refused';
    return rig;
  }

  test('when the API server is away, then it is told once, as our blindness, and pages nobody', async () => {
    const { scene, bench } = await behind();
    scene.listing = 'refused';
    scene.calls = { fails: 'refused', delivered: false };
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['blind@emitter']);
    scene.listing = undefined;
    scene.calls = undefined;
    scene.place('index').unreadable = undefined;
    bench.run(15 * minute);
    expect([bench.open(), bench.told('pager')]).toEqual([[], []]);
  });

  test('when only that hop cannot be read, then we are blind there, which is a warning', async () => {
    const { bench } = await behind();
    bench.run(5 * minute);
    expect(bench.open()).toMatchObject([{ kind: 'blind', hop: 'index', severity: 'warning', behind: [] }]);
  });
});

test('given a zone whose agents stop, when told, then the incident names the zone', async () => {
  const nodes = ['a', 'b', 'c'].flatMap((zone) => [1, 2, 3, 4].map((n) => `${zone}${n}`));
  const { scene, bench } = await opened(nodes);
  bench.run(20 * minute);
  for (const name of nodes.filter((each) => each.startsWith('b'))) scene.node(name).agent = 'stopped';
  bench.run(6 * minute);
  expect(bench.open('stopped')[0]?.streams).toMatchObject({ affected: 4, total: 12, labels: ['zone=b'] });
});

test('given one node of many that loses every second line for a while, when told, then it is lossy there and is over soon', async () => {
  const { scene, bench } = await opened(Array.from({ length: 40 }, (_, n) => `n${n}`));
  bench.wakeEveryMs = 2_000; // nothing here depends on less, and it is a long time
  bench.run(20 * minute);
  const node = scene.node('n7');
  node.drops = 4;
  expect(bench.runUntil(20 * minute, () => bench.open('lossy').length > 0)).toBe(true);
  expect(bench.open('lossy')[0]?.streams.names).toEqual(['n7']);
  bench.run(60 * minute);
  expect(bench.open()).toEqual([]);
  expect(bench.history().filter((each) => each === 'lossy@stream')).toHaveLength(1);
});

test('given a bare node, when we restart and wait its grace anew, then what is told stays, and is told once', async () => {
  const { scene, bench } = await opened(['a', 'b'], { pageAfterMs: 5 * minute, resolveAfterMs: minute });
  scene.node('b').held = { why: 'CrashLoopBackOff', uncoveredSince: bench.now };
  bench.run(8 * minute);
  expect(bench.open()).toMatchObject([{ kind: 'uncovered' }]);
  scene.node('b').held = { why: 'CrashLoopBackOff', uncoveredSince: bench.now };
  await bench.restart(10 * second);
  bench.run(20 * minute);
  expect(bench.history()).toEqual(['uncovered@emitter']);
  scene.node('b').held = undefined;
  bench.run(5 * minute);
  expect(bench.open()).toEqual([]);
});

test('given a control plane that is away, when we restart, then it is not called back before it was asked', async () => {
  const { scene, bench } = await opened(['a', 'b'], { resolveAfterMs: 5 * second });
  bench.run(20 * minute);
  scene.listing = 'refused';
  scene.calls = { fails: 'refused', delivered: false };
  bench.run(5 * minute);
  await bench.restart(10 * second);
  bench.run(5 * minute);
  expect(bench.history()).toEqual(['blind@emitter']);
  expect(bench.open()).toHaveLength(1);
});

test('given a new node that gets its emitter while we are suspended, when we wake, then it is not told by what we knew before', async () => {
  const { scene, bench } = await opened(['a', 'b'], { pageAfterMs: 3 * minute });
  bench.run(5 * minute);
  scene.node('b').held = { why: 'no emitter yet', uncoveredSince: bench.now };
  bench.run(minute);
  scene.node('b').held = undefined;
  const from = bench.now;
  bench.now += 4 * minute;
  bench.dispatch({ type: 'unwatched', from });
  bench.run(5 * minute);
  expect(bench.history()).not.toContain('uncovered@emitter');
});
