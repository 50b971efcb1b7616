/** Real-world timings: periods of half a minute and more, sampled hops, lines that take far too long. */
import { describe, expect, test } from 'vitest';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxHops, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;

/** As in the design's example: a canary every 30 s, looked for every 30 s, three minutes allowed, six hours until loss. */
function everyday(changes: Partial<PipelineSpec> = {}): PipelineSpec {
  return sandboxPipeline({
    inject: ['node-a', 'node-b', 'node-c'].map((name) => injectSpec({ name, everyMs: 30_000 })),
    hops: [
      hopSpec({ name: 'stream', withinMs: 30_000, pollMs: 7_500 }),
      hopSpec({ name: 'index', after: 'stream', withinMs: 3 * minute, pollMs: 30_000, timeoutMs: 30_000 }),
    ],
    lostAfterMs: 6 * hour,
    pageAfterMs: 5 * minute,
    resolveAfterMs: 5 * minute,
    stoppedEveryMs: minute,
    ...changes,
  });
}

async function opened(pipeline = sandboxPipeline(), scene = new Scene()) {
  return { scene, bench: await Bench.open(scene, configOf({ pipelines: [pipeline] })) };
}

describe('given a canary every 30 s', () => {
  test('when every fifth is lost, then that is lossy although the window holds no 20 younger ones', async () => {
    const { scene, bench } = await opened(everyday());
    bench.run(hour);
    scene.stage('index').dropEvery = 5;
    expect(bench.runUntil(hour, () => bench.open('lossy').length > 0)).toBe(true);
    expect(bench.history()).toEqual(['lossy@index']);
    scene.stage('index').dropEvery = 0;
    bench.run(2 * hour);
    expect(bench.open()).toEqual([]);
    expect(bench.history()).toEqual(['lossy@index']);
    expectIdentity(bench.state);
  });

  test('when nothing is wrong for hours, then nothing is found', async () => {
    const { bench } = await opened(everyday());
    bench.run(3 * hour);
    expect(bench.history()).toEqual([]);
  });

  test('when lines come to take ten minutes, then the hop stays slow and is not called fine', async () => {
    const { scene, bench } = await opened(everyday());
    bench.run(hour);
    for (let more = 0; more < 40; more++) {
      scene.stage('index').delayMs += 15_000;
      bench.run(minute);
    }
    bench.run(2 * hour);
    expect(bench.open().map(({ kind, hop }) => `${kind}@${hop}`)).toEqual(['slow@index']);
    expect(bench.history()).toEqual(['slow@index']);
    scene.stage('index').delayMs = 500;
    bench.run(hour);
    expect(bench.open()).toEqual([]);
  });
});

test('given lines that take six times as long as they may, when that goes on, then it is slow', async () => {
  const { scene, bench } = await opened(sandboxPipeline({ lostAfterMs: 10 * minute }));
  bench.run(minute);
  scene.stage('index').delayMs = 60_000;
  bench.run(10 * minute);
  expect(bench.open().map(({ kind, hop }) => `${kind}@${hop}`)).toContain('slow@index');
});

describe('given an archive that expects one canary in 20', () => {
  const sampled = sandboxPipeline({
    hops: sandboxHops.map((hop) => (hop.name === 'archive' ? { ...hop, sample: { take: 1, of: 20 } } : hop)),
    lostAfterMs: 20 * minute,
  });

  test('when all arrive late but regularly, then it is slow, and stopped only while nothing came', async () => {
    const { scene, bench } = await opened(sampled);
    bench.run(10 * minute);
    for (let more = 0; more < 30; more++) {
      scene.stage('archive').delayMs += 2_000;
      bench.run(20_000);
    }
    bench.run(5 * minute);
    expect(bench.history()).toEqual(['slow@archive']);
    expect(bench.open('slow')).toHaveLength(1);
  });

  test('when it stops, then it is stopped once, until it was mended', async () => {
    const { scene, bench } = await opened(sampled);
    bench.run(10 * minute);
    scene.stage('archive').stopped = true;
    expect(bench.runUntil(3 * minute, () => bench.open('stopped').length > 0)).toBe(true);
    bench.run(5 * minute);
    scene.stage('archive').stopped = false;
    bench.run(10 * minute);
    expect(bench.history()).toEqual(['stopped@archive']);
    expect(bench.open()).toEqual([]);
  });
});

test('given hundreds that arrived and are folded away, when three are lost, then those hundreds count', async () => {
  const { scene, bench } = await opened(
    sandboxPipeline({
      inject: [injectSpec({ name: 'node-a' })],
      hops: [hopSpec({ name: 'stream', withinMs: 8_000 })],
      loss: { budget: 0.01, windowMs: 10 * minute },
    }),
  );
  bench.run(13 * minute);
  scene.stage('stream').dropEvery = 8;
  bench.run(24_000);
  scene.stage('stream').dropEvery = 0;
  bench.run(10 * minute);
  expect(bench.state.pipelines[0]?.hops[0]?.counters.entered.lost).toBe(3);
  expect(bench.history()).toEqual([]);
});

test('given an injector that enters at the index, when the page is drawn, then nothing is shown for the stream above', async () => {
  const inject = [injectSpec({ name: 'node-a', enters: 'index' })];
  const { bench } = await opened(sandboxPipeline({ inject }));
  bench.run(5_000);
  const [stream] = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.streams ?? [];
  expect(stream?.recent).toMatchObject({ stream: [], archive: [] });
});

test('given stopped_every far above within, when a stop lasts past page_after, then it pages then and not later', async () => {
  const { scene, bench } = await opened(everyday({ stoppedEveryMs: 30 * minute }));
  bench.run(hour);
  scene.stage('index').stopped = true;
  expect(bench.runUntil(10 * minute, () => bench.open('stopped').length > 0)).toBe(true);
  bench.run(5 * minute + 30_000);
  expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  await bench.restart(minute);
  scene.stage('index').stopped = false;
  bench.run(2 * hour);
  expect(bench.told('pager')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  expect(bench.history()).toEqual(['stopped@index']);
});
