/** Clusters that sleep: nothing is sent and nothing told while they do, and one that does not wake up is noticed. */
import { describe, expect, test } from 'vitest';
import { activeHours, parseDays, parseHours } from '../../src/config/active-hours.ts';
import type { RestSpec } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench, startOfTime } from './harness.ts';
import { configOf, injectSpec, sandboxHops, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;
const healthy = { ok: true, problems: [] };

/** Every day from the hour of the first moment on, for so many hours. */
function hours(length: number): NonNullable<RestSpec['active']> {
  const first = new Date(startOfTime).getUTCHours();
  const text = `${String(first).padStart(2, '0')}:00-${String((first + length) % 24).padStart(2, '0')}:00`;
  const [days, span] = [parseDays('sun-sat'), parseHours(text)];
  if (!days.ok || !span.ok) throw new Error('no such hours');
  return { hours: activeHours(days.value, span.value, 'UTC'), text: `${text} UTC` };
}

async function opened(rest: Partial<RestSpec>, pageAfterMs = 0) {
  const scene = new Scene();
  const pipeline = sandboxPipeline({
    ...{ rest: { withoutNodes: false, warmUpMs: 5 * minute, ...rest }, pageAfterMs, stoppedEveryMs: 15_000 },
    inject: ['node-a', 'node-b', 'node-c'].map((name) => injectSpec({ name, everyMs: 15_000 })),
    hops: sandboxHops.map((hop) => ({ ...hop, withinMs: 30_000, pollMs: 15_000 })),
  });
  const bench = await Bench.open(scene, configOf({ pipelines: [pipeline] }));
  const everybody = ['node-a', 'node-b', 'node-c'];
  return {
    ...{ scene, bench },
    sleep: () => {
      for (const name of everybody) scene.gone.add(name);
    },
    wake: () => scene.gone.clear(),
    minted: () =>
      bench.state.pipelines[0]?.injectors
        .flatMap(({ streams }) => [...streams.values()])
        .reduce((sum, { nextSeq }) => sum + nextSeq, 0),
    states: () => viewOf(bench.state, healthy).pipelines[0]?.hops.map(({ state }) => state),
  };
}

describe('given a pipeline with active hours', () => {
  test('when they are over, then no canary goes out, its hops are off, and nobody is told that nothing arrives', async () => {
    const { scene, bench, minted, states } = await opened({ active: hours(2) });
    bench.run(2 * hour - minute);
    expect(states()).toEqual(['flowing', 'flowing', 'flowing', 'flowing']);
    bench.run(minute);
    const before = minted();
    for (const stage of scene.stages) stage.stopped = true;
    bench.run(10 * hour);
    expect(minted()).toBe(before);
    expect(states()).toEqual(['off', 'off', 'off', 'off']);
    const { rest } = viewOf(bench.state, healthy).pipelines[0] ?? {};
    expect(rest).toMatchObject({ state: 'hours', until: startOfTime + 24 * hour });
    expect([bench.history(), bench.sent]).toEqual([[], []]);
  });

  test('when they begin again, then it flows on, and what was on its way at their end is no trouble of now', async () => {
    const { scene, bench, states } = await opened({ active: hours(2) });
    bench.run(2 * hour - 5_000);
    for (const stage of scene.stages) stage.stopped = true;
    bench.run(10 * hour);
    for (const stage of scene.stages) Object.assign(stage, { stopped: false, waiting: [] });
    bench.run(14 * hour);
    expect(states()).toEqual(['flowing', 'flowing', 'flowing', 'flowing']);
    expect(bench.history()).toEqual([]);
  });

  test('when it is broken as they begin, then it is told once it had its time to warm up', async () => {
    const { scene, bench } = await opened({ active: hours(2) });
    bench.run(3 * hour);
    scene.stage('index').stopped = true;
    bench.run(21 * hour + 5 * minute);
    expect(bench.history()).toEqual([]);
    bench.run(3 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });

  test('when something is broken at their end, then it stays open over night and is over when it flows again', async () => {
    const { scene, bench } = await opened({ active: hours(2) });
    bench.run(2 * hour - 3 * minute);
    scene.stage('index').stopped = true;
    bench.run(12 * hour);
    expect(bench.open('stopped')).toHaveLength(1);
    scene.stage('index').stopped = false;
    bench.run(10 * hour + 3 * minute + 4 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    bench.run(5 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when no node comes although they have begun, then that is told after the time to warm up', async () => {
    const { bench, sleep, wake } = await opened({ active: hours(2) });
    bench.run(2 * hour + minute);
    sleep();
    bench.run(22 * hour);
    expect(bench.history()).toEqual([]);
    bench.run(5 * minute);
    expect(bench.told('chat')).toEqual(['trigger uncovered@emitter']);
    expect(bench.open('uncovered')[0]?.detail).toMatch(/did not wake up/);
    wake();
    bench.run(2 * minute);
    expect(bench.told('chat')).toEqual(['trigger uncovered@emitter', 'resolve uncovered@emitter']);
  });

  test('when we start within the time to warm up, then it is still waited for', async () => {
    const { scene, bench } = await opened({ active: hours(2) });
    bench.run(3 * hour);
    scene.stage('index').stopped = true;
    bench.run(21 * hour + minute);
    await bench.restart(minute);
    bench.run(2 * minute);
    expect(bench.history()).toEqual([]);
    bench.run(4 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });

  test('when the clock of the machine is wrong by hours, then the hours are those of that clock', async () => {
    const { bench, states } = await opened({ active: hours(2) });
    bench.run(minute);
    bench.wallOffset = 3 * hour;
    bench.run(minute);
    expect(states()).toEqual(['off', 'off', 'off', 'off']);
    expect(bench.told('chat')).toEqual(['trigger clock@logcanary']);
  });
});

describe('given a pipeline that is off while it has no node', () => {
  test('when its last node goes, then it is off; when one comes, it warms up and is watched', async () => {
    const { scene, bench, sleep, wake, states } = await opened({ withoutNodes: true });
    bench.run(10 * minute);
    sleep();
    bench.run(10 * hour);
    expect(states()).toEqual(['off', 'off', 'off', 'off']);
    scene.stage('stream').stopped = true;
    wake();
    bench.run(4 * minute);
    expect(bench.history()).toEqual([]);
    bench.run(3 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@stream']);
  });

  test('when its nodes cannot be listed, then it is not taken for off', async () => {
    const { scene, bench } = await opened({ withoutNodes: true });
    bench.run(10 * minute);
    scene.listing = 'timeout';
    scene.injection = 'throws';
    bench.run(5 * minute);
    expect(bench.open('injection')).toHaveLength(1);
  });
});

test('given a pipeline that never sleeps, when its last node goes, then it is uncovered, and not taken for flowing', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ pageAfterMs: 5 * minute })] }));
  bench.run(10 * minute);
  for (const name of ['node-a', 'node-b', 'node-c']) scene.gone.add(name);
  bench.run(4 * minute);
  expect(bench.told('chat')).toEqual([]);
  bench.run(2 * minute);
  expect(bench.told('chat')).toEqual(['trigger uncovered@emitter']);
  expect(viewOf(bench.state, healthy).pipelines[0]?.hops.map(({ state }) => state)).toEqual(
    new Array(4).fill('unknown'),
  );
});
