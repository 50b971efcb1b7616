/** What must not be forgotten over a restart, and what must not grow. */
import { describe, expect, test } from 'vitest';
import { emission } from '../../src/core/block.ts';
import type { Spans } from '../../src/core/spans.ts';
import { everyMsOf } from '../../src/engine/injecting.ts';
import type { StreamState, Track } from '../../src/engine/state.ts';
import { nextWake } from '../../src/engine/step.ts';
import { applicableCount } from '../../src/engine/sums.ts';
import { emissionAt } from '../../src/engine/track.ts';
import { ByteWriter } from '../../src/lib/varint.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

function streamOf(bench: Bench, number = 1): StreamState {
  const stream = bench.state.streamsByNumber.get(number);
  if (!stream) throw new Error(`no stream ${number}`);
  return stream;
}

function trackAt(bench: Bench, hop: string): Track {
  const track = streamOf(bench).tracks.find((each) => each.hop.spec.name === hop);
  if (!track) throw new Error(`no track at ${hop}`);
  return track;
}

function bytesOf(spans: Spans): number {
  const writer = new ByteWriter();
  spans.encode(writer);
  return writer.finish().length;
}

test('given a crash after the very first grant and before its receipt, when the node never comes back, then the canary is unverifiable, not pending for ever', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.onCommit = (each) => {
    each.deaf = [...each.state.streamsByNumber.values()].some((one) => one.nextSeq > 0);
  };
  bench.run(3_000);
  bench.onCommit = () => {};
  for (const name of ['node-a', 'node-b', 'node-c']) scene.gone.add(name);
  await bench.restart(1_000);
  bench.run(120_000);
  expect(streamOf(bench).nextSeq).toBeGreaterThan(0);
  expect(emissionAt(streamOf(bench), 0)?.state).toBe(emission.unconfirmed);
  expect(bench.state.pipelines[0]?.hops[0]?.counters.entered.unverifiable).toBeGreaterThan(0);
  expectIdentity(bench.state);
});

test('given sightings committed before a crash, when logcanary restarts, then it knows when it last saw something', async () => {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(60_400);
  for (const hop of ['stream', 'index', 'archive', 'alert']) {
    const { lastSeenAt, newestSeenSeq } = trackAt(bench, hop);
    const before = { hop, lastSeenAt, newestSeenSeq };
    await bench.restart(0);
    expect({
      hop,
      lastSeenAt: trackAt(bench, hop).lastSeenAt,
      newestSeenSeq: trackAt(bench, hop).newestSeenSeq,
    }).toEqual(before);
    bench.run(30_100);
  }
});

test('given a hop that samples and canaries that come slowly, when a block is full and seen, then it is folded away', async () => {
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000, sample: { take: 1, of: 100 } })];
  const scene = new Scene();
  const inject = [injectSpec({ name: 'node-a', everyMs: 1_000 })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ hops, inject })] }));
  bench.run(900_000);
  expect(trackAt(bench, 'stream').blocks.size).toBeLessThanOrEqual(2);
  expect(streamOf(bench).emission.size).toBeLessThanOrEqual(2);
  expectIdentity(bench.state);
});

test('given a rate limit that one stream keeps, when many streams have come and gone, then it still keeps its period', async () => {
  const scene = new Scene();
  let generation = 0;
  scene.list = (injector) => {
    generation += 1;
    const name = `pod-${Math.floor(generation / 2)}`;
    return [{ key: `${injector.spec.name}/${name}`, name, labels: {} }];
  };
  const inject = [injectSpec({ name: 'node-a', everyMs: 1_000, maxPerSecond: 2 })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject })] }));
  bench.run(60_000);
  expect(bench.state.streamsByNumber.size).toBeGreaterThan(5);
  const newest = [...bench.state.streamsByNumber.values()].at(-1) as StreamState;
  expect(everyMsOf(bench.state, newest)).toBe(1_000);
});

describe('given nothing to do for a stream', () => {
  test('when it is leaving, then it does not keep the driver awake', async () => {
    const scene = new Scene();
    const inject = [injectSpec({ name: 'node-a', everyMs: 60_000 })];
    const bench = await Bench.open(
      scene,
      configOf({ pipelines: [sandboxPipeline({ inject, hops: [hopSpec({ name: 'stream' })] })] }),
    );
    bench.run(5_000);
    scene.leaving.set('node-a', bench.now);
    bench.run(120_000);
    bench.run(1);
    expect(nextWake(bench.state, 250)).toBeGreaterThan(bench.state.now);
  });

  test('when its injector has not answered yet, then it does not keep the driver awake', async () => {
    const bench = await Bench.open(new Scene(), configOf());
    bench.run(5_000);
    for (const injector of bench.state.pipelines[0]?.injectors ?? []) injector.injectInFlight = true;
    bench.run(3_000);
    const late = [...bench.state.streamsByNumber.values()].filter((each) => each.nextPlanned <= bench.state.now);
    expect(late.length).toBe(3);
    for (const hop of bench.state.pipelines[0]?.hops ?? []) hop.nextLookAt = bench.now + 1_000;
    expect(nextWake(bench.state, 250)).toBe(bench.state.now + 250);
  });
});

test('given a canary said to be withheld, when a hook shows it all the same, then the sums are exact at once', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(30_000);
  const texts: string[] = [];
  const inject = scene.inject.bind(scene);
  scene.inject = (injector, lines, now) => {
    texts.push(...lines.map(({ text }) => text));
    scene.injection = 'withheld';
    const answer = inject(injector, lines, now);
    scene.injection = 'works';
    return answer;
  };
  expect(bench.runUntil(5_000, () => texts.length > 0)).toBe(true);
  bench.run(100);
  const token = /lcn1[a-z2-7]{47}0/.exec(texts[0] ?? '')?.[0] ?? '';
  expectIdentity(bench.state);
  bench.dispatch({ type: 'hooked', hop: 'alert', finds: [{ token, kind: 'line' }] });
  expectIdentity(bench.state);
});

test('given an open incident, when its pipeline is taken out of the configuration, then it is resolved', async () => {
  const scene = new Scene();
  const other = sandboxPipeline({ name: 'other' });
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline(), other] }));
  bench.run(60_000);
  scene.stage('archive').stopped = true;
  bench.run(60_000);
  expect(bench.open('stopped').map(({ pipeline }) => pipeline)).toContain('sandbox');
  await bench.restart(0, configOf({ pipelines: [other] }));
  bench.run(2_000);
  expect(bench.open().map(({ pipeline }) => pipeline)).not.toContain('sandbox');
});

test('given an injector that hangs and comes back all day, when it misses slots each time, then they are withheld under the same schedule, and every canary counts', async () => {
  const scene = new Scene();
  const inject = [injectSpec({ name: 'node-a' })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject })] }));
  const [injector] = bench.state.pipelines[0]?.injectors ?? [];
  for (let i = 0; i < 200 && injector; i++) {
    injector.injectInFlight = true;
    bench.run(6_000);
    injector.injectInFlight = false;
    bench.run(3_000);
  }
  expectIdentity(bench.state);
  expect(applicableCount(streamOf(bench), 1)).toBe(streamOf(bench).nextSeq);
  expect(streamOf(bench).runs).toHaveLength(1);
});

test('given an hour in which everything works, when it is over, then nothing has piled up', async () => {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(1_800_000);
  for (const track of streamOf(bench).tracks) {
    expect(track.blocks.size).toBeLessThanOrEqual(2);
    // At most one for each canary of the block that is still open.
    expect(track.absent.size).toBeLessThanOrEqual(256);
    expect(bytesOf(track.absent)).toBeLessThan(4_096);
  }
  expect(streamOf(bench).emission.size).toBeLessThanOrEqual(2);
  expect(streamOf(bench).runs).toHaveLength(1);
  expect(bench.state.outbox.size).toBe(0);
  expect(bench.state.pending.length).toBeLessThan(100);
});
