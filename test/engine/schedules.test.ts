/** Lines handed over ahead of their times: what is proven of them, and what follows when emitters and nodes come and go. */
import { describe, expect, test } from 'vitest';
import { minute, clusterBench as opened, second } from './cluster-bench.ts';

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
    // Two or three that may have gone out; what was planned for later did not.
    expect([1, 2, 3, 4]).toContain(counts()?.excused);
    expect(counts()?.withheld).toBeGreaterThan(40);
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
