/** Evidence that does not come by itself, and people who are not told by themselves. */
import { describe, expect, test } from 'vitest';
import { healthOf } from '../../src/engine/health.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench, startOfTime } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { chat, configOf, diskCheck, hopSpec, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { failure, refusal, Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;

async function opened(pipeline = sandboxPipeline(), scene = new Scene()) {
  return { scene, bench: await Bench.open(scene, configOf({ pipelines: [pipeline] })) };
}

test('given a sender that repeats its last line for ever, when it sends nothing new, then it is stopped', async () => {
  const { scene, bench } = await opened();
  bench.run(minute);
  const last = scene.place('alert').lines.slice(-3);
  scene.stage('alert').stopped = true;
  const repeating = () => {
    bench.dispatch({ type: 'hooked', hop: 'alert', finds: last.map(({ token }) => ({ token, kind: 'line' })) });
    bench.run(1_000);
    return bench.open('stopped').some(({ hop }) => hop === 'alert');
  };
  expect(Array.from({ length: 60 }, repeating)).toContain(true);
});

describe('given a stream that is read on demand', () => {
  async function unreadableStream() {
    const made = await opened(sandboxPipeline(), new Scene({ alert: 'push', stream: 'on-demand' }));
    const { scene, bench } = made;
    bench.run(minute);
    scene.stage('index').stopped = true;
    scene.stage('archive').stopped = true;
    scene.place('stream').unreadable = 'server_error';
    expect(bench.runUntil(2 * minute, () => bench.open('unreadable').length > 0)).toBe(true);
    return made;
  }
  test('when nothing calls for a look any more, then one that failed is made good, and what is behind is judged', async () => {
    const { scene, bench } = await unreadableStream();
    scene.place('stream').unreadable = undefined;
    scene.stage('index').stopped = false;
    scene.stage('archive').stopped = false;
    bench.run(2 * minute);
    expect(bench.open()).toEqual([]);
    scene.stage('index').stopped = true;
    expect(bench.runUntil(minute, () => bench.open('stopped').some(({ hop }) => hop === 'index'))).toBe(true);
  });

  test('when logcanary restarts and nothing calls for a look, then there is one all the same', async () => {
    const { scene, bench } = await unreadableStream();
    scene.stage('index').stopped = false;
    scene.stage('archive').stopped = false;
    bench.run(minute);
    scene.place('stream').unreadable = undefined;
    await bench.restart();
    bench.run(2 * minute);
    expect(bench.open()).toEqual([]);
  });

  test('when a canary never went out, then later looks do not read back to it', async () => {
    const scene = new Scene({ alert: 'push', stream: 'on-demand' });
    const asked: number[] = [];
    const look = scene.look.bind(scene);
    scene.look = (hop, question, now) => {
      if (hop.spec.name === 'stream') asked.push(now - question.since);
      return look(hop, question, now);
    };
    const { bench } = await opened(sandboxPipeline(), scene);
    bench.run(minute);
    scene.injection = 'withheld';
    bench.run(2_000);
    scene.injection = 'works';
    bench.run(20 * minute);
    asked.length = 0;
    scene.stage('index').stopped = true;
    scene.stage('archive').stopped = true;
    bench.run(30_000);
    expect(asked.length).toBeGreaterThan(0);
    expect(Math.max(...asked)).toBeLessThan(minute);
  });
});

test('given a node that went with a line unaccounted for, when days pass, then it is no longer looked for', async () => {
  const scene = new Scene();
  const asked: number[] = [];
  const { bench } = await opened(
    sandboxPipeline({ hops: [hopSpec({ name: 'stream', withinMs: 8_000, pollMs: minute })] }),
    scene,
  );
  bench.run(minute);
  scene.stage('stream').stopped = true;
  bench.run(5_000);
  scene.gone.add('node-a').add('node-b').add('node-c');
  bench.run(10 * minute);
  await bench.restart(4 * 24 * hour);
  const look = scene.look.bind(scene);
  scene.look = (hop, question, now) => {
    asked.push(now - question.since);
    return look(hop, question, now);
  };
  bench.run(20 * minute);
  expect(Math.max(...asked)).toBeLessThan(hour);
  expect(viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.hops[0]?.oldestMissingMs).toBe(0);
  expectIdentity(bench.state);
});

describe('given a channel', () => {
  async function stopped(changes = {}) {
    const made = await opened();
    await made.bench.restart(0, configOf({ ...changes }));
    made.bench.run(minute);
    return made;
  }

  test('when it is renamed while an incident is open, then its new name hears of it, and of its end', async () => {
    const { scene, bench } = await stopped();
    scene.stage('index').stopped = true;
    expect(bench.runUntil(minute, () => bench.told('pager').length === 1)).toBe(true);
    await bench.restart(1_000, configOf({ notify: [{ ...pager, name: 'oncall' }, chat] }));
    bench.run(20_000);
    scene.stage('index').stopped = false;
    bench.run(2 * minute);
    expect(bench.told('oncall')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
    expect(bench.told('chat')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when it is renamed while a resolve waits, then its new name gets the resolve', async () => {
    const { scene, bench } = await stopped();
    scene.stage('index').stopped = true;
    expect(bench.runUntil(minute, () => bench.told('pager').length === 1)).toBe(true);
    scene.channels.set('pager', refusal(true));
    scene.stage('index').stopped = false;
    expect(bench.runUntil(2 * minute, () => bench.open().length === 0)).toBe(true);
    await bench.restart(1_000, configOf({ notify: [{ ...pager, name: 'oncall' }, chat] }));
    bench.run(10_000);
    expect(bench.told('oncall')).toEqual(['resolve stopped@index']);
  });

  test('when all refuse a page for good, then health says so, and a restart with the right key sends it', async () => {
    const { scene, bench } = await stopped();
    scene.channels.set('pager', refusal(false)).set('chat', refusal(false));
    scene.stage('index').stopped = true;
    bench.run(7 * minute);
    expect(healthOf(bench.state, undefined).problems.join()).toMatch(/inc-\d+ was not accepted by any channel/);
    scene.channels.clear();
    await bench.restart(1_000);
    bench.run(10_000);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    expect(healthOf(bench.state, undefined).problems).toEqual([]);
  });
});

describe('given an expected ping', () => {
  const config = configOf({ expectedPings: [{ name: 'watchdog', everyMs: minute, graceMs: minute }] });

  test('when logcanary was down for longer than its grace, then the ping is not called late for that', async () => {
    const bench = await Bench.open(new Scene(), config);
    bench.dispatch({ type: 'pinged', name: 'watchdog' });
    await bench.restart(hour);
    bench.run(30_000);
    expect(viewOf(bench.state, { ok: true, problems: [] }).pings[0]?.state).toBe('ok');
    bench.dispatch({ type: 'pinged', name: 'watchdog' });
    bench.run(minute);
    expect(bench.history()).toEqual([]);
  });

  test('when it is silent and logcanary restarts, then only a ping resolves that', async () => {
    const bench = await Bench.open(new Scene(), config);
    bench.dispatch({ type: 'pinged', name: 'watchdog' });
    bench.run(3 * minute);
    expect(bench.open('silent')).toHaveLength(1);
    await bench.restart(1_000);
    bench.run(minute);
    expect(bench.open('silent')).toHaveLength(1);
    bench.dispatch({ type: 'pinged', name: 'watchdog' });
    bench.run(minute);
    expect(bench.open('silent')).toEqual([]);
  });
});

test('given a full disk, when its node answers no more and the others do, then that is not resolved', async () => {
  const { scene, bench } = await opened(sandboxPipeline({ checks: [diskCheck] }));
  const disk = { measure: 'disk', unit: 'bytes' as const, limit: 95, limitName: 'flood stage 95%', capacity: 100 };
  scene.readings = () => ({ readings: [{ ...disk, subject: 'one', value: 97 }], problems: [] });
  bench.run(minute);
  expect(bench.open('reading')).toHaveLength(1);
  scene.readings = () => ({ readings: [], problems: [], why: failure('partial') });
  bench.run(5 * minute);
  expect(bench.open('reading')).toHaveLength(1);
  scene.readings = () => ({ readings: [{ ...disk, subject: 'one', value: 50 }], problems: [] });
  bench.run(minute);
  expect(bench.open('reading')).toEqual([]);
});

test('given three streams that flow, when a fourth never arrived at all, then that is a warning and no page', async () => {
  const names = ['node-a', 'node-b', 'node-c', 'node-d'];
  const scene = new Scene();
  const feed = scene.inject.bind(scene);
  scene.inject = (injector, lines, now) => {
    if (injector.spec.name !== 'node-d') return feed(injector, lines, now);
    return lines.map(() => ({ state: 'emitted', nb: now, na: now + 10 }));
  };
  const { bench } = await opened(sandboxPipeline({ inject: names.map((name) => injectSpec({ name })) }), scene);
  bench.run(5 * minute);
  expect(bench.told('chat')).toEqual(['trigger stopped@stream']);
  expect(bench.told('pager')).toEqual([]);
});

test('given streams that were away for an hour, when they are back, then no loop counts as wedged meanwhile', async () => {
  const scene = new Scene();
  const inject = [injectSpec({ name: 'node-a', everyMs: 30_000 })];
  const { bench } = await opened(sandboxPipeline({ inject }), scene);
  bench.run(minute);
  scene.gone.add('node-a');
  bench.run(hour);
  scene.gone.clear();
  const problems = new Set<string>();
  for (let second = 0; second < 60; second++) {
    bench.run(1_000);
    for (const problem of healthOf(bench.state, undefined).problems) problems.add(problem);
  }
  expect([...problems]).toEqual([]);
});

test('given the sums of an hour, when logcanary restarts later, then they stay as that hour ended', async () => {
  const { bench } = await opened();
  bench.run(hour + minute);
  const sums = async () => (await bench.ledger.find('rollup', {})).filter(({ hour: at }) => at === startOfTime + hour);
  const before = await sums();
  expect(before).toHaveLength(4);
  bench.run(10 * minute);
  await bench.restart();
  bench.run(2 * minute);
  expect(await sums()).toEqual(before);
});
