/** Lines handed over ahead of their times: what is proven of them, and what follows when somebody in between goes away. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../src/engine/view.ts';
import { ClusterScene } from './cluster-scene.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';

const second = 1_000;
const minute = 60_000;
const hops = [
  hopSpec({ name: 'stream', withinMs: 30_000, pollMs: 5_000 }),
  hopSpec({ name: 'index', after: 'stream', withinMs: 60_000, pollMs: 5_000 }),
];

async function opened(nodes: readonly string[] = ['a', 'b', 'c'], changes = {}) {
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

describe('given emitters that answer', () => {
  test('when an hour passes, then every canary is delivered at its time and no call was in vain', async () => {
    const { scene, bench, counts, view } = await opened();
    bench.run(60 * minute);
    expect(bench.history()).toEqual([]);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0, unverifiable: 0, delayed: 0, withheld: 0 });
    expect(counts()?.delivered).toBeGreaterThan(3 * 115);
    // A question and a first schedule each, then one every five minutes.
    expect(scene.heard.length).toBeLessThan(3 * (2 + 60 / 5 + 2));
    const [hop] = view()?.hops ?? [];
    expect(hop?.latency.counts.reduce((sum, count) => sum + count)).toBeGreaterThan(3 * 115);
    expect(hop?.p95Ms).toBeLessThan(8 * second);
  });

  test('when the schedule is full, then half an hour is out, each line once', async () => {
    const { scene, bench } = await opened(['a']);
    bench.run(2 * minute);
    const [stream] = bench.state.streamsByNumber.values();
    expect(stream?.nextSeq).toBeGreaterThan(55);
    bench.run(40 * minute);
    const printed = scene.printed('a');
    expect(new Set(printed).size).toBe(printed.length);
  });

  test('when an agent stops on one node, then one incident names it, though receipts come only every five minutes', async () => {
    const { scene, bench } = await opened();
    bench.run(20 * minute);
    scene.node('b').agent = 'stopped';
    const found = bench.runUntil(4 * minute, () => bench.open('stopped').length > 0);
    expect([found, bench.open('stopped')[0]?.streams.names]).toEqual([true, ['b']]);
    expect(bench.history()).toEqual(['stopped@stream']);
  });

  test('when all agents stop, then it is one incident and what is out stays accounted for', async () => {
    const { scene, bench, counts } = await opened();
    bench.run(20 * minute);
    scene.stage('stream').stopped = true;
    bench.run(15 * minute);
    expect(bench.history()).toEqual(['stopped@stream']);
    expect(bench.open('stopped')[0]?.streams.affected).toBe(3);
    expect(counts()?.lost).toBeGreaterThan(0);
  });
});

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

describe('given an emitter that goes away', () => {
  test('when its container restarts, then what it had not printed is handed over again and printed in time', async () => {
    const { scene, bench, counts } = await opened(['a']);
    bench.run(20 * minute);
    const before = scene.printed('a').length;
    scene.node('a').emitter.restart(false);
    bench.run(30 * minute);
    expect(scene.printed('a').length - before).toBeGreaterThan(50);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0 });
    expect(bench.history()).toEqual([]);
  });

  test('when its pod is replaced, then the new one takes over what is later than a minute away', async () => {
    const { scene, bench, counts } = await opened(['a']);
    bench.run(20 * minute);
    scene.replacePod('a');
    bench.run(30 * minute);
    expect(scene.printed('a').length).toBeGreaterThan(45);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0 });
    expect(bench.history()).toEqual([]);
  });

  test('when the old pod is still listed, then nothing of its lines is handed to another', async () => {
    const { scene, bench } = await opened(['a']);
    bench.run(20 * minute);
    scene.others.add(scene.node('a').uid);
    const old = scene.node('a').emitter;
    scene.replacePod('a');
    bench.run(20 * minute);
    old.run();
    const both = [...old.printed.map(({ text }) => text), ...scene.printed('a')];
    expect(new Set(both).size).toBe(both.length);
  });

  test('when its stdout is blocked, then injection is told, and nothing is called lost', async () => {
    const { scene, bench, counts } = await opened(['a', 'b']);
    bench.run(20 * minute);
    scene.node('a').emitter.block(true);
    bench.run(10 * minute);
    expect(bench.open('injection')[0]).toMatchObject({ streams: { names: ['a'] } });
    expect(counts()).toMatchObject({ lost: 0 });
    scene.node('a').emitter.block(false);
    bench.run(15 * minute);
    expect(bench.open()).toEqual([]);
  });
});

describe('given nodes that come and go', () => {
  test('when one is deleted without a sign, then nobody is paged and its last canaries are excused', async () => {
    const { scene, bench, counts } = await opened();
    bench.run(20 * minute);
    scene.nodes.delete('b');
    bench.run(20 * minute);
    expect(bench.history()).toEqual([]);
    expect(counts()?.excused).toBeGreaterThan(0);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0 });
  });

  test('when one joins whose emitter never starts, then it is uncovered after page_after, and injection is not told', async () => {
    const { scene, bench } = await opened(['a'], { pageAfterMs: 5 * minute });
    bench.run(5 * minute);
    scene.join('new');
    scene.node('new').held = { why: 'CrashLoopBackOff', uncoveredSince: bench.now };
    bench.run(4 * minute);
    expect(bench.history()).toEqual([]);
    bench.run(3 * minute);
    expect(bench.open()).toMatchObject([{ kind: 'uncovered', hop: 'emitter', severity: 'warning' }]);
    expect(bench.open()[0]?.detail).toContain('new: CrashLoopBackOff');
    scene.node('new').held = undefined;
    bench.run(10 * minute);
    expect(bench.open()).toEqual([]);
  });

  test('when a node is not ready for a while, then nothing is planned there meanwhile', async () => {
    const { scene, bench, counts } = await opened(['a', 'b']);
    bench.run(5 * minute);
    scene.node('b').held = { why: 'node not ready: NodeStatusUnknown' };
    bench.run(60 * minute);
    scene.node('b').held = undefined;
    bench.run(40 * minute);
    expect(counts()).toMatchObject({ lost: 0, withheld: 0 });
    expect(bench.history()).toEqual([]);
  });
});

describe('given a restart of ours', () => {
  test('when it dies at any moment, then every line is printed once at most and the sums are exact', async () => {
    const { scene, bench, counts } = await opened(['a', 'b']);
    for (let round = 0; round < 30; round++) {
      bench.run(37 * second + round * 1_111);
      bench.deaf = round % 3 === 0;
      bench.run(40);
      await bench.restart(round % 2 === 0 ? 3 * second : 0);
    }
    bench.run(40 * minute);
    for (const name of ['a', 'b']) expect(new Set(scene.printed(name)).size).toBe(scene.printed(name).length);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0 });
    expect(bench.history()).toEqual([]);
  });

  test('when it is away for ten minutes, then what the emitters print meanwhile is delivered', async () => {
    const { scene, bench, counts } = await opened();
    bench.run(20 * minute);
    scene.passAlone(bench.now, 10 * minute);
    await bench.restart(10 * minute);
    bench.run(20 * minute);
    expect(counts()).toMatchObject({ lost: 0, overdue: 0, withheld: 0 });
    expect(counts()?.delivered).toBeGreaterThan(3 * 95);
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
