/** What agents give up: told once, counted over restarts of the agent and of logcanary, never subtracted. */
import { describe, expect, test } from 'vitest';
import { viewOf } from '../../src/engine/view.ts';
import type { CheckResult, Drop, Reading } from '../../src/probe.ts';
import { Bench, startOfTime } from './harness.ts';
import { configOf, diskCheck, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;

function drop(node: string, total: number, incarnation = 'a', more: Partial<Drop> = {}): Drop {
  const agent = { kind: 'fluent-bit', node, name: node };
  return { agent, measure: 'records dropped', subject: 'output es.0', total, incarnation, counts: 'records', ...more };
}

function dropping(...drops: Drop[]): () => CheckResult {
  return () => ({ readings: [], problems: [], drops });
}

async function watched(...first: Drop[]) {
  const scene = new Scene();
  scene.readings = dropping(...first);
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ checks: [diskCheck] })] }));
  bench.run(30_000);
  const counted = () =>
    Object.fromEntries(
      viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.drops.map((each) => [each.node, each.records]) ??
        [],
    );
  const read = (...drops: Drop[]) => {
    scene.readings = dropping(...drops);
    bench.run(5_000);
  };
  return { scene, bench, counted, read };
}

describe('given an agent that had dropped records before we came', () => {
  test('when it is first read, then that is a baseline and nothing is told', async () => {
    const { bench, counted } = await watched(drop('node-a', 500));
    expect(bench.open('reading')).toEqual([]);
    expect(counted()).toEqual({ 'node-a': 0 });
  });

  test('when it drops more, then a warning says how many and where, and resolves once it drops no more', async () => {
    const { bench, counted, read } = await watched(drop('node-a', 500), drop('node-b', 0));
    read(drop('node-a', 539), drop('node-b', 0));
    const [incident] = [...bench.open('reading')];
    expect(incident?.detail).toBe('fluent-bit on node-a: 39 records dropped (output es.0).');
    expect(incident?.severity).toBe('warning');
    expect(counted()).toEqual({ 'node-a': 39, 'node-b': 0 });
    bench.run(minute);
    expect(bench.open()).toEqual([]);
    expect(bench.told('chat')).toEqual(['trigger reading@disk', 'resolve reading@disk']);
  });

  test('when it restarts and drops again, then all since its start count and the fall of the counter does not', async () => {
    const { counted, read } = await watched(drop('node-a', 500));
    read(drop('node-a', 0, 'b'));
    expect(counted()).toEqual({ 'node-a': 0 });
    read(drop('node-a', 7, 'b'));
    expect(counted()).toEqual({ 'node-a': 7 });
    read(drop('node-a', 3, 'c'));
    expect(counted()).toEqual({ 'node-a': 10 });
  });

  test('when nothing tells of its restart but a smaller total, then that total counts', async () => {
    const { counted, read } = await watched(drop('node-a', 500, ''));
    read(drop('node-a', 4, ''));
    expect(counted()).toEqual({ 'node-a': 4 });
  });

  test('when the old pod and the new one answer in turns, then nothing is counted twice', async () => {
    const { counted, read } = await watched(drop('node-a', 500));
    for (const _ of [1, 2, 3]) {
      read(drop('node-a', 2, 'b'));
      read(drop('node-a', 500, 'a'));
    }
    expect(counted()).toEqual({ 'node-a': 2 });
  });

  test('when a counter appears that it had not shown while we watched, then it counts from 0', async () => {
    const { counted, read } = await watched(drop('node-a', 0));
    read(drop('node-a', 0), drop('node-a', 5, 'a', { subject: 'output kinesis.1' }));
    expect(counted()).toEqual({ 'node-a': 5 });
  });

  test('when what it gave up is no lines, then it is told and not summed', async () => {
    const batches = { measure: 'batches given up', counts: 'other' } as const;
    const { bench, counted, read } = await watched(drop('node-a', 0, 'a', batches));
    read(drop('node-a', 2, 'a', batches));
    expect(bench.open('reading')[0]?.detail).toContain('2 batches given up');
    expect(counted()).toEqual({ 'node-a': 0 });
  });
});

describe('given a restart of logcanary', () => {
  test('when records were dropped meanwhile, then they are told, and those of before are not told again', async () => {
    const { scene, bench, counted, read } = await watched(drop('node-a', 500));
    read(drop('node-a', 510));
    bench.run(minute);
    expect(bench.open()).toEqual([]);
    scene.readings = dropping(drop('node-a', 530));
    await bench.restart(10 * minute);
    bench.run(2_000);
    expect(bench.open('reading')[0]?.detail).toContain(': 20 records dropped');
    expect(counted()).toEqual({ 'node-a': 30 });
  });

  test('when it died between the reading and the telling, then it is told all the same', async () => {
    const { scene, bench } = await watched(drop('node-a', 500));
    const [check] = bench.state.pipelines[0]?.checks ?? [];
    if (check === undefined) throw new Error('there is no check');
    bench.dispatch({ type: 'checked', check, result: dropping(drop('node-a', 501))() });
    expect(bench.open('reading')).toEqual([]);
    scene.readings = () => failure('timeout');
    await bench.restart();
    bench.run(3_000);
    expect(bench.open('reading')[0]?.detail).toContain('1 records dropped');
  });

  test('when the new version reads a counter that the old one did not, then that is a baseline', async () => {
    const { scene, bench, counted } = await watched(drop('node-a', 500));
    scene.readings = dropping(drop('node-a', 500), drop('node-a', 90, 'a', { measure: 'lines skipped' }));
    await bench.restart();
    bench.run(10_000);
    expect(counted()).toEqual({ 'node-a': 0 });
    expect(bench.open('reading')).toEqual([]);
  });
});

test.each([
  ['counted', '"counted":0', '"counted":-4'],
  ['totals', '500', '"many"'],
  ['counters', '"counters":[', '"counters":7,"x":['],
  ['the value', '{', '['],
])(
  'given a row whose %s is damaged, when logcanary restarts, then it says that the ledger is corrupt',
  async (_, from, to) => {
    const { bench } = await watched(drop('node-a', 500));
    const row = (await bench.ledger.load()).meta.find(({ key }) => key.startsWith('drops '));
    if (row === undefined) throw new Error('there is no row');
    const damaged = { key: row.key, value: row.value.replace(from, to) };
    await bench.ledger.commit([{ op: 'put', table: 'meta', row: damaged }]);
    await expect(bench.restart()).rejects.toMatchObject({ code: 'LEDGER', reason: 'corrupt' });
  },
);

test('given an agent that drops and then is silent, when the others go on, then that is not resolved', async () => {
  const { scene, bench, read } = await watched(drop('node-a', 0), drop('node-b', 0));
  read(drop('node-a', 3), drop('node-b', 0));
  scene.readings = () => ({ readings: [], problems: [], drops: [drop('node-b', 0)], why: failure('partial') });
  bench.run(5 * minute);
  expect(bench.open('reading')).toHaveLength(1);
  read(drop('node-b', 0));
  bench.run(minute);
  expect(bench.open('reading')).toEqual([]);
});

test('given a thousand nodes that drop, when it is told, then it is one incident of a readable length', async () => {
  const nodes = Array.from({ length: 1_000 }, (_, at) => `node-${1000 + at}`);
  const { bench, read } = await watched(...nodes.map((node) => drop(node, 0)));
  read(...nodes.map((node) => drop(node, 2)));
  const { detail = '' } = bench.open('reading')[0] ?? {};
  expect(detail).toContain('and 990 more: 2000 records dropped');
  expect(detail.length).toBeLessThan(300);
});

test('given nothing that is dropped, when agents are read again and again, then no row is written for it', async () => {
  const { bench, read } = await watched(drop('node-a', 500));
  const commit = bench.ledger.commit.bind(bench.ledger);
  const written: string[] = [];
  bench.ledger.commit = (changes) => {
    for (const change of changes)
      if (change.op === 'put' && change.table === 'meta' && change.row.key.startsWith('drops '))
        written.push(change.row.key);
    return commit(changes);
  };
  bench.run(minute);
  expect(written).toEqual([]);
  read(drop('node-a', 501));
  expect(new Set(written)).toEqual(new Set(['drops ["sandbox","disk","node-a"]']));
});

test('given a buffer that grows, when it is shown, then with how fast', async () => {
  const { scene, bench } = await watched();
  const base = { measure: 'buffer', subject: 'node-a', unit: 'bytes', limit: 1e9, limitName: 'Mem_Buf_Limit' } as const;
  scene.readings = () => ({ readings: [{ ...base, value: (bench.now - startOfTime) / 10 }], problems: [] });
  bench.run(minute);
  const [reading] = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.readings ?? [];
  expect(reading?.growth).toBeCloseTo(100, 0);
});

describe('given the buffers of agents', () => {
  const buffer = (node: string, value: number, more: Partial<Reading> = {}): Reading => ({
    ...{ measure: 'buffer', subject: `${node} tail.0`, unit: 'bytes', value, limit: 100, warnAt: 80 },
    ...{ limitName: 'Mem_Buf_Limit', lastingMs: minute, agent: { kind: 'fluent-bit', node, name: node }, ...more },
  });
  const full = (count: number, of = 10) =>
    Array.from({ length: of }, (_, at) => buffer(`node-${at}`, at < count ? 100 : 10));

  async function reading(readings: () => Reading[], ms: number) {
    const { scene, bench } = await watched();
    scene.readings = () => ({ readings: readings(), problems: [] });
    bench.run(ms);
    return bench;
  }

  test('when one is full for a moment, then that is a burst and no finding', async () => {
    expect((await reading(() => full(1), 50_000)).open()).toEqual([]);
  });
  test('when one of ten stays full, then that is a warning', async () => {
    const [incident] = (await reading(() => full(1), 2 * minute)).open('reading');
    expect(incident?.severity).toBe('warning');
    expect(incident?.detail).toContain('node-0 tail.0: 100 %, at or past Mem_Buf_Limit');
  });
  test('when two of ten stay full, then that is a page', async () => {
    const incidents = (await reading(() => full(2), 2 * minute)).open('reading');
    expect(incidents.map(({ severity }) => severity)).toEqual(['critical']);
  });
  test('when a hundred are full, then one incident names the worst and counts the others', async () => {
    const [incident] = (await reading(() => full(100, 100), 2 * minute)).open('reading');
    expect(incident?.detail).toContain('And 92 more.');
  });
  test('when an agent is not read again, then its old figure does not grow older into a finding', async () => {
    const bench = await reading(() => [buffer('node-0', 100, { asOf: 1_800_000_030_000 })], 5 * minute);
    expect(bench.open()).toEqual([]);
    const histories = [...(bench.state.pipelines[0]?.checks[0]?.history.values() ?? [])];
    expect(histories.map(({ points }) => points.length)).toEqual([1]);
  });
});
