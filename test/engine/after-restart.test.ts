/** What a restart must not change: what is shown, what was counted, who was told, and which numbers are taken. */
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import { NotifyError } from '../../src/lib/errors.ts';
import { Bench, startOfTime } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxHops, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;
const heartbeat = { url: 'https://hc.example/ping/4e1f', everyMs: minute };
const loss = { budget: 0.001, windowMs: 2 * minute };
const watched: Partial<Config> = {
  pipelines: [sandboxPipeline({ loss })],
  heartbeats: [heartbeat],
  expectedPings: [{ name: 'cron', everyMs: minute, graceMs: minute }],
};

/** Of a view, what a restart in the same moment may not change. */
function lasting(bench: Bench): object {
  const { pipelines, incidents, notifications, heartbeats, pings } = viewOf(bench.state, { ok: true, problems: [] });
  return {
    ...{ notifications, heartbeats, pings: pings.map(({ name, at }) => ({ name, at })) },
    // What is counted of an open one is counted anew now and then, and not stored each time.
    incidents: incidents.map(({ counts, detail, evidence, looks, lossDecidedAt, streams, ...facts }) => ({
      ...facts,
      affected: streams.affected,
    })),
    pipelines: pipelines.map(({ name, injected, unconfirmed, withheld, hops }) => ({
      ...{ name, injected, unconfirmed, withheld },
      hops: hops.map(({ canaries, expected, entered, latency, oldestMissingMs }) => ({
        ...{ canaries, expected, entered, oldestMissingMs },
        latency: { boundsMs: latency.boundsMs, counts: latency.counts, sumMs: latency.sumMs },
      })),
    })),
  };
}

/** A past with a stop that is over, one that is open, lost and withheld canaries, duplicates, pings and a heartbeat. */
async function eventful(): Promise<{ scene: Scene; bench: Bench }> {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf(watched));
  bench.dispatch({ type: 'pinged', name: 'cron' });
  bench.dispatch({ type: 'heartbeat-sent', url: heartbeat.url });
  scene.channels.set('pager', refusal(true));
  bench.run(minute);
  scene.stage('archive').stopped = true;
  bench.run(minute);
  scene.channels.delete('pager');
  scene.stage('archive').stopped = false;
  scene.stage('index').duplicateEvery = 7;
  bench.run(minute);
  scene.stage('index').dropEvery = 4;
  scene.injection = 'withheld';
  bench.run(3_000);
  scene.injection = 'works';
  bench.run(1.5 * minute);
  scene.stage('stream').delayMs = 6_300;
  bench.run(10_000);
  scene.stage('stream').delayMs = 300;
  scene.stage('alert').stopped = true;
  bench.run(minute);
  return { scene, bench };
}

describe('given an eventful past', () => {
  test('when logcanary restarts, then it shows the same as before', async () => {
    const { bench } = await eventful();
    const before = lasting(bench);
    expect(bench.state.resolved.length).toBeGreaterThan(1);
    expect(bench.open().length).toBeGreaterThan(1);
    const resolved = bench.state.resolved.map(({ number }) => number);
    await bench.restart();
    expect(lasting(bench)).toEqual(before);
    expect(bench.state.resolved.map(({ number }) => number)).toEqual(resolved);
    expectIdentity(bench.state);
  });

  test('when it restarts and goes on, then no number is given twice, and what was told is not told again', async () => {
    const { scene, bench } = await eventful();
    const { next } = bench.state;
    const before = { ...next };
    const told = bench.told('chat');
    const writers = new Set(bench.ledger.image().rows.run.map(({ writer }) => writer));
    await bench.restart(1_000);
    bench.run(20_000);
    expect(bench.told('chat').slice(0, told.length)).toEqual(told);
    expect(bench.told('chat').slice(told.length).join()).not.toContain('trigger');
    for (const name of ['stream', 'run', 'hop', 'incident', 'look', 'outbox'] as const)
      expect(bench.state.next[name], name).toBeGreaterThanOrEqual(before[name]);
    const { rows } = bench.ledger.image();
    const newRuns = rows.run.filter(({ id }) => id >= before.run);
    expect(newRuns).toHaveLength(3);
    for (const { writer } of newRuns) expect(writers.has(writer)).toBe(false);
    expect(rows.unwatched).toHaveLength(1);
    expect((rows.unwatched[0]?.to ?? 0) - (rows.unwatched[0]?.from ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((rows.unwatched[0]?.to ?? 0) - (rows.unwatched[0]?.from ?? 0)).toBeLessThan(1_500);
    scene.stage('alert').stopped = false;
    scene.stage('index').dropEvery = 0;
    scene.stage('index').duplicateEvery = 0;
    bench.run(4 * minute);
    bench.dispatch({ type: 'pinged', name: 'cron' });
    bench.run(10_000);
    expect(bench.open()).toEqual([]);
    expectIdentity(bench.state);
  });

  test('when a deadline changes with the restart, then each observed latency stays, in the next bucket above', async () => {
    const { bench } = await eventful();
    const latency = (hop: number) => viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.hops[hop]?.latency;
    const before = latency(0);
    const hops = sandboxHops.map((hop) => (hop.name === 'stream' ? { ...hop, withinMs: 1_234 } : hop));
    await bench.restart(0, configOf({ ...watched, pipelines: [sandboxPipeline({ hops, loss })] }));
    const after = latency(0);
    expect(after?.boundsMs).toContain(1_234);
    expect(after?.sumMs).toBe(before?.sumMs);
    const upTo = (view: typeof before, bound: number) =>
      view?.counts.reduce((sum, count, at) => ((view.boundsMs[at] ?? Infinity) <= bound ? sum + count : sum), 0);
    for (const bound of [...(before?.boundsMs.filter((each) => after?.boundsMs.includes(each)) ?? []), Infinity])
      expect(upTo(after, bound), String(bound)).toBe(upTo(before, bound));
    expect(upTo(after, Infinity)).toBeGreaterThan(200);
  });
});

test('given a channel that waits for its next try, when logcanary restarts, then it goes on waiting, as long as it was told to', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(minute);
  const wait = 10 * minute;
  scene.channels.set(
    'chat',
    new NotifyError('HTTP 429', { reason: 'rate_limited', retryable: true, retryAfterMs: wait }),
  );
  scene.stage('archive').stopped = true;
  expect(bench.runUntil(minute, () => bench.sent.some(({ row }) => row.notifier === 'chat'))).toBe(true);
  bench.run(1_000);
  scene.channels.clear();
  const triedAt = bench.sent.findLast(({ row }) => row.notifier === 'chat')?.at ?? 0;
  await bench.restart();
  const entry = [...bench.state.outbox.values()].find(({ row }) => row.notifier === 'chat');
  expect(entry?.row).toMatchObject({ attempts: 1, lastError: 'HTTP 429' });
  bench.run(triedAt + wait - bench.now - 1_000);
  expect(bench.told('chat')).toEqual([]);
  bench.run(2_000);
  expect(bench.told('chat')).toEqual(['trigger stopped@archive']);
});

test('given an incident whose reach grew, when logcanary restarts, then it is known as it was', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ pageAfterMs: 60 * minute })] }));
  const affected = () => bench.open('injection')[0]?.streams.affected;
  bench.run(minute);
  const inject = scene.inject.bind(scene);
  const bad = new Set(['node-a']);
  scene.inject = (injector, lines, now) => {
    scene.injection = bad.has(injector.spec.name) ? 'withheld' : 'works';
    return inject(injector, lines, now);
  };
  expect(bench.runUntil(minute, () => affected() === 1)).toBe(true);
  bad.add('node-b');
  expect(bench.runUntil(minute, () => affected() === 2)).toBe(true);
  await bench.restart();
  expect(affected()).toBe(2);
});

describe('given a stream to which nothing is due for long', () => {
  async function listed(change: object) {
    const scene = new Scene();
    const inject = [injectSpec({ name: 'node-a', everyMs: 10 * minute })];
    const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
    const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject, hops })] }));
    expect(bench.runUntil(10 * minute, () => (streamOf(bench)?.nextSeq ?? 0) > 0)).toBe(true);
    bench.run(30_000);
    scene.list = () => [{ key: 'node-a', name: 'node-a', labels: { node: 'node-a' }, ...change }];
    bench.run(5_000);
    await bench.restart();
    return { scene, bench };
  }
  const streamOf = (bench: Bench) => bench.state.streamsByNumber.get(1);

  test('when it has new labels and logcanary restarts, then they are known before it is listed again', async () => {
    const { bench } = await listed({ labels: { zone: 'b' } });
    expect(streamOf(bench)?.labels).toEqual({ zone: 'b' });
  });

  test('when it is leaving and logcanary restarts, then that is known, and once it stays after all it has a new schedule', async () => {
    const leavingSince = startOfTime + minute;
    const { scene, bench } = await listed({ leavingSince });
    expect(streamOf(bench)?.leavingSince).toBe(leavingSince);
    const granted = streamOf(bench)?.nextSeq ?? 0;
    bench.run(40 * minute);
    expect(streamOf(bench)?.nextSeq).toBe(granted);
    scene.list = () => [{ key: 'node-a', name: 'node-a', labels: {} }];
    const back = bench.now;
    bench.run(25 * minute);
    expect(streamOf(bench)).toMatchObject({ leavingSince: undefined });
    expect(streamOf(bench)?.runs.at(-1)?.t0).toBeGreaterThan(back);
    expect(streamOf(bench)?.nextSeq).toBeLessThanOrEqual(granted + 3);
    expect(streamOf(bench)?.nextSeq).toBeGreaterThan(granted);
  });
});

test('given an injector that was taken out, when logcanary restarts, then its canaries are still judged, and it is not written to', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(20_500);
  const before = bench.state.streamsByNumber.get(1)?.nextSeq ?? 0;
  const inject = ['node-b', 'node-c'].map((name) => injectSpec({ name }));
  await bench.restart(0, configOf({ pipelines: [sandboxPipeline({ inject })] }));
  bench.run(minute);
  const stream = bench.state.streamsByNumber.get(1);
  expect(stream?.nextSeq).toBe(before);
  const [hop] = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.hops ?? [];
  expect(hop?.canaries.pending).toBeLessThan(12);
  expect(hop?.canaries.delivered).toBeGreaterThan(before);
  expect(bench.open()).toEqual([]);
  expectIdentity(bench.state);
});
