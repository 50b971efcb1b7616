/** Health figures: their trends, what is told of them and how loud, and checks that cannot be read. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../src/engine/view.ts';
import type { Reading } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;
const base = { measure: 'disk', unit: 'bytes' as const, limit: 1_000, limitName: 'flood stage 95%', capacity: 1_100 };

/** A check every minute of figures that are functions of the time since the beginning, beside a pipeline that flows. */
async function reading(
  figures: (sinceMs: number) => readonly Omit<Reading, 'measure' | 'unit' | 'limit' | 'limitName'>[],
) {
  const scene = new Scene();
  const hops = [hopSpec({ name: 'stream', withinMs: 2 * minute, pollMs: 30_000 })];
  const inject = [injectSpec({ name: 'node-a', everyMs: minute })];
  const checks = [{ ...diskCheck, everyMs: minute }];
  const bench = await Bench.open(
    scene,
    configOf({ pipelines: [sandboxPipeline({ inject, hops, checks, resolveAfterMs: minute })] }),
  );
  const begin = bench.now;
  scene.check = (_, now) => ({ readings: figures(now - begin).map((each) => ({ ...base, ...each })), problems: [] });
  const shown = () => viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.readings ?? [];
  return { scene, bench, shown };
}

/** As much of a figure as it rises in an hour, from a value on. */
const rising = (from: number, perHour: number) => (ms: number) => [
  { subject: 'node-1', value: from + (perHour * ms) / hour },
];

describe('given a disk that fills steadily', () => {
  test('when it is below 70 % of its limit, then nothing is told, however near the end of the forecast', async () => {
    const { bench, shown } = await reading(rising(100, 500));
    bench.run(hour);
    expect(shown()[0]?.full?.ms).toBeLessThan(hour);
    expect(bench.history()).toEqual([]);
  });

  test('when it is past that and will be full in three hours, then that is a page, with the whole interval', async () => {
    const { bench, shown } = await reading(rising(720, 60));
    bench.run(hour);
    expect(bench.open('reading')[0]).toMatchObject({ severity: 'critical', hop: 'disk' });
    expect(bench.open('reading')[0]?.detail).toMatch(
      /node-1: 7\d(\.\d)? %; flood stage 95% in about 4 h \(4 h to 4 h\)|in about 4 h/,
    );
    const full = shown()[0]?.full;
    expect(full?.loMs).toBeLessThanOrEqual(full?.ms ?? 0);
    expect(full?.hiMs).toBeGreaterThanOrEqual(full?.ms ?? Infinity);
  });

  test('when it will be full in ten hours, then nothing is told', async () => {
    const { bench, shown } = await reading(rising(720, 27));
    bench.run(hour);
    expect(shown()[0]?.full?.ms).toBeGreaterThan(9 * hour);
    expect(bench.history()).toEqual([]);
  });

  test('when it wavers so that it may be soon and may be late, then that warns and does not page', async () => {
    let turn = 0;
    const { bench, shown } = await reading((ms) => {
      turn += 1;
      return [{ value: 750 + (80 * ms) / hour + ((turn * 7) % 10) * 2 }];
    });
    expect(bench.runUntil(hour, () => bench.open('reading').length > 0)).toBe(true);
    const full = shown()[0]?.full;
    expect(full?.ms).toBeLessThan(4 * hour);
    expect(full?.hiMs).toBeGreaterThan(4 * hour);
    expect(full?.loMs).toBeLessThan(full?.ms ?? 0);
    expect(bench.open('reading')[0]?.severity).toBe('warning');
  });

  test('when it fills ten times as fast of late, then the newest readings count', async () => {
    const { bench, shown } = await reading((ms) => [
      { value: ms < 2 * hour ? 720 + ms / hour : 722 + (100 * (ms - 2 * hour)) / hour },
    ]);
    bench.run(2 * hour);
    expect(shown()[0]?.full?.ms).toBeGreaterThan(100 * hour);
    expect(bench.history()).toEqual([]);
    bench.run(10 * minute);
    expect(shown()[0]?.full?.ms).toBeLessThan(3 * hour);
    expect(bench.open('reading')).toHaveLength(1);
  });

  test('when something is deleted, then what was before is no trend of now', async () => {
    const { bench, shown } = await reading((ms) => [{ value: ms < hour ? 600 + (60 * ms) / hour : 640 }]);
    bench.run(hour);
    expect(shown()[0]?.full?.ms).toBeGreaterThan(0);
    bench.run(3 * minute);
    expect(shown()[0]?.full).toBeUndefined();
    bench.run(30 * minute);
    expect(shown()[0]?.full).toBeUndefined();
  });
});

test('given two disks, when only one fills, then each has a trend of its own', async () => {
  const { bench, shown } = await reading((ms) => [
    { subject: 'calm', value: 200 },
    { subject: 'filling', value: 500 + (60 * ms) / hour },
  ]);
  bench.run(hour);
  expect(shown().map(({ subject, full }) => [subject, full === undefined])).toEqual([
    ['calm', true],
    ['filling', false],
  ]);
});

test('given a figure at its very limit and others near theirs, when told, then together, worst first and as loud as the worst', async () => {
  const { bench } = await reading(() => [
    { subject: 'near', value: 900, warnAt: 900 },
    { subject: 'full', value: 1_000 },
    { subject: 'fine', value: 899, warnAt: 900 },
  ]);
  bench.run(2 * minute);
  expect(bench.open().map(({ kind, severity }) => [kind, severity])).toEqual([['reading', 'critical']]);
  const detail = bench.open()[0]?.detail ?? '';
  expect(detail).toMatch(/^fake-disk full: 90\.9 %, at or past flood stage 95%\. fake-disk near: 81\.8 %; /);
  expect(detail).not.toContain('fine');
});

test('given a figure past its warning only, when told, then that is a warning', async () => {
  const { bench } = await reading(() => [{ value: 950, warnAt: 900 }]);
  bench.run(2 * minute);
  expect(bench.open().map(({ kind, severity }) => [kind, severity])).toEqual([['reading', 'warning']]);
});

test('given a target that reports a problem, when there is no figure at all, then the problem is told', async () => {
  const { scene, bench } = await reading(() => []);
  scene.check = () => ({ readings: [], problems: ['index logs-1 refuses writes (read_only_allow_delete)'] });
  bench.run(2 * minute);
  expect(bench.open()[0]).toMatchObject({ kind: 'reading', severity: 'warning' });
  expect(bench.open()[0]?.detail).toBe('index logs-1 refuses writes (read_only_allow_delete).');
});

describe('given a check that cannot be read', () => {
  test('when it failed twice, then nothing is told, its last figures are not shown, and successes between start anew', async () => {
    const { scene, bench, shown } = await reading(() => [{ value: 1 }]);
    bench.run(2 * minute);
    const works = scene.check;
    for (let round = 0; round < 4; round++) {
      scene.check = () => failure('timeout');
      bench.run(2 * minute);
      expect(shown()).toEqual([]);
      scene.check = works;
      bench.run(minute);
      expect(shown()).toHaveLength(1);
    }
    expect(bench.history()).toEqual([]);
  });

  test('when it failed three times, then it is unreadable, and its last figures are judged no more', async () => {
    const { scene, bench } = await reading((ms) => [{ value: ms < 3 * minute ? 1_000 : 0 }]);
    bench.run(2 * minute);
    expect(bench.open('reading')).toHaveLength(1);
    scene.check = () => failure('server_error');
    bench.run(5 * minute);
    const last = bench.state.open.get(JSON.stringify(['sandbox', 'disk', 'reading']))?.lastBadAt ?? 0;
    expect(bench.now - last).toBeGreaterThan(minute);
    expect(bench.open('unreadable').map(({ hop }) => hop)).toEqual(['disk']);
  });

  test('when its credentials are wrong, then we are blind', async () => {
    const { scene, bench } = await reading(() => []);
    scene.check = () => failure('auth');
    bench.run(5 * minute);
    expect(bench.history()).toEqual(['blind@disk']);
  });

  test('when the hop at the same place cannot be read either, then that alone is told', async () => {
    const scene = new Scene();
    const check = { ...diskCheck, name: 'index' };
    const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ checks: [check] })] }));
    bench.run(minute);
    scene.place('index').unreadable = 'server_error';
    scene.check = () => failure('server_error');
    bench.run(20_000);
    expect(bench.open().map(({ kind, hop, detail }) => [kind, hop, detail.startsWith('We cannot look')])).toEqual([
      ['unreadable', 'index', true],
    ]);
  });
});
