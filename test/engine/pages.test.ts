/** From incidents to channels: severity that grows, restarts, crashes, refusals. */
import { describe, expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { chat, configOf, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const once = ['trigger stopped@index', 'resolve stopped@index'];

async function stoppedIndex(config = configOf()) {
  const scene = new Scene();
  const bench = await Bench.open(scene, config);
  bench.run(60_000);
  scene.stage('index').stopped = true;
  expect(bench.runUntil(20_000, () => bench.open('stopped').length > 0)).toBe(true);
  return { scene, bench };
}

test('given page_after of 5 minutes, when a stop lasts, then it is a warning first and pages once after 5 minutes', async () => {
  const { scene, bench } = await stoppedIndex(configOf({ pipelines: [sandboxPipeline({ pageAfterMs: 300_000 })] }));
  bench.run(290_000);
  expect(bench.told('chat')).toEqual(['trigger stopped@index']);
  expect(bench.told('pager')).toEqual([]);
  bench.run(120_000);
  expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  scene.stage('index').stopped = false;
  bench.run(120_000);
  expect(bench.told('pager')).toEqual(once);
  expect(bench.told('chat')).toEqual(['trigger stopped@index', 'update stopped@index', 'resolve stopped@index']);
});

test('given page_after of 5 minutes, when a stop ends before that, then the pager never hears of it', async () => {
  const { scene, bench } = await stoppedIndex(configOf({ pipelines: [sandboxPipeline({ pageAfterMs: 300_000 })] }));
  scene.stage('index').stopped = false;
  bench.run(120_000);
  expect(bench.told('pager')).toEqual([]);
  expect(bench.told('chat')).toEqual(once);
});

describe('given an open stop', () => {
  test.each([0, 60_000, 900_000])(
    'when logcanary restarts after %i ms, then nobody is told twice, and the resolve comes',
    async (downMs) => {
      const { scene, bench } = await stoppedIndex();
      bench.run(10_000);
      await bench.restart(downMs);
      bench.run(60_000);
      expect(bench.told('pager')).toEqual(['trigger stopped@index']);
      scene.stage('index').stopped = false;
      bench.run(300_000);
      expect(bench.told('pager')).toEqual(once);
      expect(bench.history()).toEqual(['stopped@index']);
    },
  );

  test('when it is mended while logcanary is down, then the resolve comes after the restart', async () => {
    const { scene, bench } = await stoppedIndex();
    bench.run(10_000);
    scene.stage('index').stopped = false;
    await bench.restart(120_000);
    bench.run(120_000);
    expect(bench.told('pager')).toEqual(once);
    expect(bench.history()).toEqual(['stopped@index']);
  });

  test('when logcanary dies between the commit and the send, then it is sent after the restart with the same key', async () => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(60_000);
    scene.stage('index').stopped = true;
    bench.onCommit = (each) => {
      each.deaf = each.state.open.size > 0;
    };
    expect(bench.runUntil(20_000, () => bench.open('stopped').length > 0)).toBe(true);
    const key = bench.open('stopped')[0]?.dedupKey;
    expect(bench.told('pager')).toEqual([]);
    bench.onCommit = () => {};
    await bench.restart(1_000);
    bench.run(1_000);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    expect(bench.sent.find(({ row }) => row.notifier === 'pager')?.row.facts.dedupKey).toBe(key);
  });

  test('when logcanary dies after the send and before it is noted, then the same page goes out again, and never after its resolve', async () => {
    const { scene, bench } = await stoppedIndex();
    bench.deaf = true;
    bench.run(15);
    await bench.restart(1_000);
    scene.stage('index').stopped = false;
    bench.run(120_000);
    const told = bench.told('pager');
    expect(told.at(-1)).toBe('resolve stopped@index');
    expect(told.slice(0, -1).every((each) => each === 'trigger stopped@index')).toBe(true);
    expect(told.length).toBeGreaterThanOrEqual(2);
  });
});

describe('given a channel that fails', () => {
  test('when it takes messages again after the incident is over, then trigger and resolve arrive in order, once', async () => {
    const scene = new Scene();
    scene.channels.set('pager', refusal(true));
    const bench = await Bench.open(scene, configOf());
    bench.run(60_000);
    scene.stage('index').stopped = true;
    bench.run(60_000);
    scene.stage('index').stopped = false;
    bench.run(60_000);
    expect(bench.open()).toEqual([]);
    scene.channels.delete('pager');
    bench.run(180_000);
    expect(bench.told('pager')).toEqual(once);
    expect(bench.state.outbox.size).toBe(0);
  });

  test('when it stays away, then tries get rarer: at most 2 minutes and a fifth apart', async () => {
    const scene = new Scene();
    scene.channels.set('pager', refusal(true));
    const bench = await Bench.open(scene, configOf());
    bench.run(60_000);
    scene.stage('index').stopped = true;
    bench.run(900_000);
    const tries = bench.sent.filter(({ row }) => row.notifier === 'pager').map(({ at }) => at);
    const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    expect(gaps[0]).toBeLessThan(3_000);
    expect(gaps.at(-1)).toBeGreaterThan(90_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(145_000);
    expect(tries.length).toBeLessThan(20);
  });

  test('when it refuses for good, then it is not tried again, and the other channel is served', async () => {
    const scene = new Scene();
    scene.channels.set('pager', refusal(false));
    const bench = await Bench.open(scene, configOf());
    bench.run(60_000);
    scene.stage('index').stopped = true;
    bench.run(60_000);
    expect(bench.sent.filter(({ row }) => row.notifier === 'pager')).toHaveLength(1);
    expect(bench.told('chat')).toEqual(['trigger stopped@index']);
    expect(bench.state.sent.get('pager')).toEqual({ sent: 0, failed: 1 });
  });

  test('when it is taken out of the configuration, then what waits for it is dropped and the others are told of the end', async () => {
    const scene = new Scene();
    scene.channels.set('pager', refusal(true));
    const bench = await Bench.open(scene, configOf({ notify: [pager, chat] }));
    bench.run(60_000);
    scene.stage('index').stopped = true;
    bench.run(60_000);
    await bench.restart(0, configOf({ notify: [chat] }));
    bench.run(140_000);
    expect(bench.state.outbox.size).toBe(0);
    scene.stage('index').stopped = false;
    bench.run(120_000);
    expect(bench.told('chat')).toEqual(once);
  });
});

test('given a stop that comes back, when it is told again, then trigger and resolve alternate under one key', async () => {
  const { scene, bench } = await stoppedIndex();
  for (let i = 0; i < 3; i++) {
    scene.stage('index').stopped = false;
    bench.run(120_000);
    scene.stage('index').stopped = true;
    bench.run(60_000);
  }
  expect(bench.told('pager')).toEqual([...once, ...once, ...once, 'trigger stopped@index']);
  expect(new Set(bench.sent.map(({ row }) => row.facts.dedupKey)).size).toBe(1);
});
