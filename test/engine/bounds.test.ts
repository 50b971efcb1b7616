/** What is kept: how many at most, for how long, and in which rows. */
import { describe, expect, test } from 'vitest';
import type { Change, LedgerTables, TableName } from '../../src/core/ledger.ts';
import { mintToken } from '../../src/core/token.ts';
import { nextWake } from '../../src/engine/step.ts';
import { createSigner } from '../../src/lib/signer.ts';
import type { Find, Reading } from '../../src/probe.ts';
import { Bench, startOfTime } from './harness.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const stranger = createSigner([{ id: 'a1', secret: 'somebody who guessed our key id' }]);
function strangeLine(seq: number): Find {
  const fields = { key: stranger.first, writer: 7, stream: 1, seq, plannedAt: startOfTime, shape: 0, length: 0 };
  return { token: mintToken(fields, stranger), kind: 'line' };
}
const strangeLines = (from: number, count: number) => Array.from({ length: count }, (_, at) => strangeLine(from + at));

/** Everything committed, oldest first. */
function changesOf(bench: Bench): Change[] {
  const changes: Change[] = [];
  const commit = bench.ledger.commit.bind(bench.ledger);
  bench.ledger.commit = (list) => {
    changes.push(...list);
    return commit(list);
  };
  return changes;
}

/** The rows put into a table. */
function rowsOf<T extends TableName>(changes: readonly Change[], table: T): LedgerTables[T][] {
  return changes.flatMap((change) =>
    change.op === 'put' && change.table === table ? [change.row as LedgerTables[T]] : [],
  );
}

test('given pipelines that keep canaries for different times, when rows are pruned, then at each full hour, and each table by its own time', async () => {
  const inject = [injectSpec({ name: 'node-a', everyMs: 20_000 })];
  const hops = [hopSpec({ name: 'stream', withinMs: minute, pollMs: 15_000 })];
  const pipelines = [
    sandboxPipeline({ inject, hops, keepCanariesMs: 2 * day, keepRollupsMs: 30 * day }),
    sandboxPipeline({ name: 'other', inject: [], hops, keepCanariesMs: 3 * day, keepRollupsMs: 20 * day }),
  ];
  const bench = await Bench.open(new Scene(), configOf({ pipelines }));
  const changes = changesOf(bench);
  bench.run(10 * minute);
  changes.length = 0;
  bench.run(50 * minute + 1_000);
  const pruned = changes.flatMap((change) => (change.op === 'prune' ? [[change.table, change.before] as const] : []));
  const kept = {
    look: 2 * day,
    emission: 3 * day,
    verdict: 3 * day,
    rollup: 30 * day,
    unwatched: 30 * day,
    incident: 30 * day,
    outbox: 3 * day,
  };
  expect(pruned.map(([table]) => table).sort()).toEqual(Object.keys(kept).sort());
  for (const [table, before] of pruned) {
    const age = startOfTime + hour - before;
    expect(age, table).toBeLessThanOrEqual(kept[table]);
    expect(age, table).toBeGreaterThan(kept[table] - 1_000);
  }
  bench.run(hour);
  const rollups = rowsOf(changes, 'rollup').filter(({ hop }) => hop === 1);
  expect(rollups.map((row) => row.hour)).toEqual([startOfTime + hour, startOfTime + 2 * hour]);
  const [first, second] = rollups.map((row) => JSON.parse(row.counters).entered.delivered as number);
  expect(first).toBeGreaterThan(175);
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(175);
});

test('given looks that succeed, deliver and fail, when they are written down, then each has a row of its own that says so', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  const changes = changesOf(bench);
  bench.run(minute);
  scene.place('index').unreadable = 'rate_limited';
  bench.run(10_000);
  scene.place('index').unreadable = undefined;
  scene.stage('index').stopped = true;
  bench.run(20_000);
  const looks = rowsOf(changes, 'look');
  expect(looks.map(({ id }) => id)).toEqual(looks.map((_, at) => at + 1));
  const index = looks.filter(({ hop }) => hop === 2);
  const failed = index.filter(({ coverage }) => coverage === 'failed');
  expect(failed.map(({ reason }) => reason)).toEqual(failed.map(() => 'rate_limited'));
  expect(failed.length).toBeGreaterThan(3);
  const entered = bench.state.pipelines[0]?.hops[1]?.counters.entered;
  // Those that were seen at the alert first are known by implication.
  const seen = index.reduce((sum, look) => sum + look.seen, 0);
  expect(seen).toBeGreaterThan(50);
  expect(seen).toBeLessThanOrEqual((entered?.delivered ?? 0) + (entered?.delayed ?? 0));
  const last = index.at(-1);
  expect(last?.seen).toBe(0);
  expect(last?.asked).toBeGreaterThan(30);
});

describe('given hours of everything', () => {
  test('when strange lines keep coming, then no list of them grows without bound', async () => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(10_000);
    for (let round = 0; round < 3; round++) {
      scene.strange.set('stream', strangeLines(round * 3_000, 3_000));
      bench.dispatch({ type: 'hooked', hop: 'alert', finds: strangeLines(round * 300, 300) });
      bench.run(4_000);
    }
    const hop = bench.state.pipelines[0]?.hops[0];
    expect(hop?.counters.entered.forged).toBe(9_000);
    expect(hop?.strange.size).toBeLessThanOrEqual(4_096);
    expect(hop?.odd.forged.length).toBeLessThanOrEqual(1_125);
    expect(hop?.odd.forged.length).toBeGreaterThanOrEqual(1_000);
    const { foreignAtHooks } = bench.state;
    expect(foreignAtHooks.size).toBe(512);
    expect(foreignAtHooks.has(strangeLine(899).token)).toBe(true);
    expect(foreignAtHooks.has(strangeLine(650).token)).toBe(true);
  });

  test('when incidents come and go and figures are read, then what is kept of them is bounded, newest first', async () => {
    const scene = new Scene();
    const inject = ['node-a', 'node-b'].map((name) => injectSpec({ name, everyMs: 250 }));
    const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
    const reading: Reading = { measure: 'disk', unit: 'bytes', value: 1, limit: 100, limitName: 'flood stage' };
    scene.readings = () => ({ readings: [reading], problems: [] });
    const bench = await Bench.open(
      scene,
      configOf({ pipelines: [sandboxPipeline({ inject, hops, checks: [diskCheck], resolveAfterMs: 1_000 })] }),
    );
    for (let flap = 0; flap < 210; flap++) {
      bench.wallOffset = flap % 2 === 0 ? 60_000 : 0;
      bench.run(4_000);
      bench.wallOffset = 0;
      bench.run(1_500);
    }
    const { resolved } = bench.state;
    expect(bench.state.next.incident).toBeGreaterThan(100);
    for (let flap = 0; flap < 200; flap++) {
      bench.wallOffset = 60_000;
      bench.run(600);
      bench.wallOffset = 0;
      bench.run(2_400);
    }
    // what comes and goes so often is kept open for a while
    bench.run(10_000);
    expect(resolved).toHaveLength(200);
    const times = resolved.map(({ facts }) => facts.resolvedAt ?? 0);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(resolved.some(({ number }) => number === bench.state.next.incident - 1)).toBe(true);
    const hop = bench.state.pipelines[0]?.hops[0];
    expect(hop?.looks).toHaveLength(10);
    expect(hop?.seenTimes.length).toBeLessThanOrEqual(5_625);
    expect(hop?.seenTimes.length).toBeGreaterThanOrEqual(5_000);
    expect(hop?.recentHi.length).toBeLessThanOrEqual(450);
    const [history] = bench.state.pipelines[0]?.checks[0]?.history.values() ?? [];
    expect(history?.points.length).toBeLessThanOrEqual(60);
    expect(history?.points[0]?.x).toBeLessThan(startOfTime + 10_000);
    expect(history?.recent).toHaveLength(8);
    expect(history?.recent.at(-1)?.x).toBeGreaterThan(bench.now - 3_000);
  });
});

test('given calls that do not come back, when all are under way, then the driver sleeps as long as it may', async () => {
  const bench = await Bench.open(new Scene(), configOf({ pipelines: [sandboxPipeline({ checks: [diskCheck] })] }));
  bench.run(10_000);
  bench.deaf = true;
  bench.run(10_000);
  expect(nextWake(bench.state, 250)).toBe(bench.state.now + 250);
});

test('given blocks that are full and settled, when they are written, then as settled, once, and with the time of their last canary', async () => {
  const inject = [injectSpec({ name: 'node-a' })];
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
  const bench = await Bench.open(new Scene(), configOf({ pipelines: [sandboxPipeline({ inject, hops })] }));
  const changes = changesOf(bench);
  bench.run(10 * minute);
  const rows = (table: 'verdict' | 'emission') => rowsOf(changes, table).filter(({ block }) => block === 0);
  for (const table of ['verdict', 'emission'] as const) {
    const settled = rows(table).filter((row) => row.settled);
    expect(settled, table).toHaveLength(1);
    expect(rows(table).at(-1)?.settled, table).toBe(true);
    expect(settled[0]?.endedAt, table).toBeGreaterThan(startOfTime + 255_000);
    expect(settled[0]?.endedAt, table).toBeLessThan(startOfTime + 265_000);
  }
  const totals = rowsOf(changes, 'track').filter(({ hop }) => hop === 0);
  expect(totals).toHaveLength(2);
});
