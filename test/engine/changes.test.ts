/** "Changed shortly before": what an incident says of rollouts, configuration and nodes that came or went. */
import { describe, expect, test } from 'vitest';
import type { ChangeBefore } from '../../src/core/incident.ts';
import {
  type ChangeBook,
  changedBefore,
  type ListedNode,
  newChangeBook,
  noteChanges,
  noteNodes,
} from '../../src/engine/changes.ts';
import type { ListedStream } from '../../src/probe.ts';
import { Bench, startOfTime } from './harness.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const rollout = 'DaemonSet logging/fluent-bit: revision 7c9f begins to roll out';

/** A pipeline of one hop, whose check tells what `changes` holds, and whose nodes are `nodes`. */
async function pipelineWith(count: number) {
  const scene = new Scene();
  const changes: ChangeBefore[] = [];
  let nodes = Array.from({ length: count }, (_, at) => `node-${String(at).padStart(2, '0')}`);
  scene.readings = () => ({ readings: [], problems: [], changes: [...changes] });
  scene.list = (): ListedStream[] => nodes.map((name) => ({ key: name, name: `x-${name}`, labels: { node: name } }));
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 })];
  const pipeline = sandboxPipeline({ hops, inject: [injectSpec({ name: 'all' })], checks: [diskCheck] });
  const bench = await Bench.open(scene, configOf({ pipelines: [pipeline] }));
  bench.run(minute);
  const stop = () => {
    scene.stage('stream').stopped = true;
    expect(bench.runUntil(2 * minute, () => bench.open('stopped').length > 0)).toBe(true);
  };
  const setNodes = (change: (before: string[]) => string[]) => {
    nodes = change(nodes);
  };
  const changed = () => bench.open('stopped')[0]?.changed ?? [];
  return { scene, bench, changes, stop, setNodes, changed };
}

describe('given a check that tells of a rollout', () => {
  test('when lines stop 5 min later, then the incident, its row and its page name it, with its time', async () => {
    const { bench, changes, stop, changed } = await pipelineWith(3);
    const at = bench.now;
    changes.push({ at, what: rollout });
    bench.run(5 * minute);
    stop();
    expect(changed()).toEqual([{ at, what: rollout }]);
    expect(bench.sent.find(({ row }) => row.facts.kind === 'stopped')?.row.facts.changed).toEqual(changed());
    await bench.restart(10_000);
    expect(changed()).toEqual([{ at, what: rollout }]);
  });

  test('when lines stop 61 min later, then it is not named', async () => {
    const { bench, changes, stop, changed } = await pipelineWith(2);
    changes.push({ at: bench.now, what: rollout });
    bench.run(61 * minute);
    stop();
    expect(changed()).toEqual([]);
    expect(bench.open('stopped')[0]).not.toHaveProperty('changed');
  });

  test('when it is found only after lines stopped, then it is added, stays, and tells nobody anew', async () => {
    const { bench, changes, stop, changed } = await pipelineWith(2);
    bench.run(10 * minute);
    const at = bench.now - 2 * minute;
    stop();
    const told = bench.sent.length;
    changes.push({ at, what: rollout });
    bench.run(20_000);
    expect(changed()).toEqual([{ at, what: rollout }]);
    changes.length = 0;
    await bench.restart(1_000);
    bench.run(10_000);
    expect(changed()).toEqual([{ at, what: rollout }]);
    expect(bench.sent).toHaveLength(told);
  });

  test('when it was done after the incident was opened, then it did not bring it about', async () => {
    const { bench, changes, stop, changed } = await pipelineWith(2);
    stop();
    bench.run(10_000);
    changes.push({ at: bench.now, what: 'DaemonSet logging/fluent-bit: revision 5d8c begins to roll out' });
    bench.run(minute);
    expect(changed()).toEqual([]);
  });
});

describe('given nodes', () => {
  test('when they are listed first, then nobody joined; when two come and one goes, then that is said', async () => {
    const { bench, stop, setNodes, changed } = await pipelineWith(4);
    setNodes((before) => [...before.slice(1), 'node-08', 'node-09']);
    bench.run(10_000);
    stop();
    expect(changed().map(({ what }) => what)).toEqual(['node-08, node-09 joined', 'node-00 left']);
  });

  test('when 14 go within minutes, then that is one line', async () => {
    const { bench, stop, setNodes, changed } = await pipelineWith(20);
    for (let at = 0; at < 7; at += 1) {
      setNodes((before) => before.slice(2));
      bench.run(10_000);
    }
    stop();
    expect(changed().map(({ what }) => what)).toEqual(['14 nodes left']);
  });

  test('when the engine restarts, then those that are listed again did not join', async () => {
    const { bench, stop, changed } = await pipelineWith(3);
    await bench.restart(minute);
    bench.run(20_000);
    stop();
    expect(changed()).toEqual([]);
  });
});

test('given a clock that was set after a rollout, when that is an incident, then the rollout is not named', async () => {
  const { bench, changes } = await pipelineWith(2);
  changes.push({ at: bench.now, what: rollout });
  bench.run(10_000);
  bench.wallOffset = 60_000;
  bench.run(10_000);
  expect(bench.open('clock')).toHaveLength(1);
  expect(bench.open('clock')[0]).not.toHaveProperty('changed');
});

describe('the book', () => {
  const beginning = { kind: 'stopped', since: startOfTime, openedAt: startOfTime + minute } as const;
  const node = (name: string, changes: Partial<ListedNode> = {}): ListedNode => {
    const listed = { name, labels: { node: name }, listed: true, leavingSince: undefined };
    return { ...listed, ...changes };
  };
  const whatOf = (book: ChangeBook) => changedBefore(book, beginning).map(({ what }) => what);

  test('given many changes, when told, then the newest five, newest first', () => {
    const book = newChangeBook();
    const changes = Array.from({ length: 9 }, (_, at) => ({ at: startOfTime - at * minute, what: `change ${at}` }));
    noteChanges(book, changes.toReversed(), startOfTime);
    expect(whatOf(book)).toEqual(['change 0', 'change 1', 'change 2', 'change 3', 'change 4']);
  });

  test('given more in its time than are told, when asked again, then it is the same list, so that no row is written anew', () => {
    const book = newChangeBook();
    const changes = Array.from({ length: 9 }, (_, at) => ({ at: startOfTime - at * minute, what: `change ${at}` }));
    noteChanges(book, changes, startOfTime);
    const changed = changedBefore(book, beginning);
    expect(changedBefore(book, { ...beginning, changed })).toBe(changed);
    expect(changedBefore(newChangeBook(), { ...beginning, changed })).toBe(changed);
  });

  test('given the same change found again a little earlier, when told, then it is one; done again later, two', () => {
    const book = newChangeBook();
    const what = 'ConfigMap logging/fluent-bit: changed by helm';
    for (const at of [0, -900, 1_200]) noteChanges(book, [{ at: startOfTime - minute + at, what }], startOfTime);
    expect(whatOf(book)).toEqual([what]);
    noteChanges(book, [{ at: startOfTime - 10 * minute, what }], startOfTime);
    expect(whatOf(book)).toEqual([what, what]);
  });

  test('given a stamp of the future, when noted, then it is now; given a long text, it is cut', () => {
    const book = newChangeBook();
    noteChanges(book, [{ at: startOfTime + day, what: '𝕏'.repeat(5_000) }], startOfTime);
    expect(changedBefore(book, beginning)).toEqual([{ at: startOfTime, what: '𝕏'.repeat(200) }]);
  });

  test('given a thousand changes and nodes that come and go for days, when noted, then 200 of a day are kept', () => {
    const book = newChangeBook();
    const changes = Array.from({ length: 1_000 }, (_, at) => ({ at: startOfTime - at * minute, what: `change ${at}` }));
    noteChanges(book, changes, startOfTime);
    expect(book.told).toHaveLength(200);
    for (let at = 0; at < 900; at += 1) noteNodes(book, 0, at % 2 ? [] : [node('a')], startOfTime + at);
    expect(book.moves).toHaveLength(200);
    noteChanges(book, [], startOfTime + day);
    expect(book.told).toHaveLength(1);
  });

  test('given a node with a leaving sign, when it is noticed, then it left at its sign', () => {
    const book = newChangeBook();
    noteNodes(book, 0, [node('a'), node('b')], startOfTime - minute);
    const sign = { leavingSince: startOfTime - 90_000 };
    noteNodes(book, 0, [node('a', sign), node('b')], startOfTime);
    expect(changedBefore(book, beginning)).toEqual([{ at: startOfTime - 90_000, what: 'a left' }]);
  });

  test('given two routes through one node, when it goes, then it is named once; streams without a node are streams', () => {
    const book = newChangeBook();
    const team = (name: string) => node('n-1', { name });
    const files = ['f1', 'f2', 'f3', 'f4'].map((name) => node(name, { labels: {} }));
    noteNodes(book, 0, [team('a'), team('b')], startOfTime - 2);
    noteNodes(book, 1, [team('c')], startOfTime - 2);
    noteNodes(book, 2, [], startOfTime - 2);
    noteNodes(book, 0, [], startOfTime - 1);
    noteNodes(book, 1, [], startOfTime - 1);
    noteNodes(book, 2, files, startOfTime);
    expect(whatOf(book)).toEqual(['4 streams joined', 'n-1 left']);
  });

  test('given a node that was replaced by one of its name between two listings, when noted, then nothing is said', () => {
    const book = newChangeBook();
    noteNodes(book, 0, [node('a')], startOfTime - 1);
    noteNodes(book, 0, [node('a', { listed: false }), node('a')], startOfTime);
    expect(whatOf(book)).toEqual([]);
  });
});
