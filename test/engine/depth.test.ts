/** Where it broke, when hops on the way cannot be read: injectors at several depths tell. */
import { describe, expect, test } from 'vitest';
import type { Reason } from '../../src/lib/errors.ts';
import type { BatchLine, Emission } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { configOf, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;

/** What `straight` writes goes into the stream itself. */
class TwoDepths extends Scene {
  override inject(injector: Parameters<Scene['inject']>[0], lines: readonly BatchLine[], now: number) {
    if (injector.spec.name !== 'straight') return super.inject(injector, lines, now);
    for (const { text } of lines) {
      const token = text.split(' ')[1] ?? '';
      this.place('stream').lines.push({ token, at: now });
      this.feed('stream', text, now);
    }
    return lines.map((): Emission => ({ state: 'emitted', nb: now, na: now + 10 }));
  }
}

async function opened(unreadable: Reason) {
  const scene = new TwoDepths();
  const inject = [
    injectSpec({ name: 'node-a' }),
    injectSpec({ name: 'node-b' }),
    injectSpec({ name: 'straight', enters: 'stream' }),
  ];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject })] }));
  bench.run(minute);
  expect(bench.open()).toEqual([]);
  scene.place('stream').unreadable = unreadable;
  return { scene, bench };
}

describe('given a stream that we cannot read for a reason on our own side', () => {
  test('when lines of the agents vanish and those written into the stream arrive, then it broke before the stream', async () => {
    const { scene, bench } = await opened('auth');
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    const stops = bench.open('stopped').filter(({ hop }) => hop === 'index');
    expect(stops).toMatchObject([
      { between: { from: 'the emitters', to: 'stream' }, unreadable: [], streams: { affected: 2, total: 3 } },
    ]);
  });

  test('when those vanish everywhere as well, then it broke behind the stream', async () => {
    const { scene, bench } = await opened('auth');
    for (const to of ['index', 'archive']) scene.stage(to).stopped = true;
    bench.run(2 * minute);
    const stops = bench.open('stopped').filter(({ hop }) => hop === 'index');
    expect(stops).toMatchObject([
      { between: { from: 'stream', to: 'index' }, unreadable: [], streams: { affected: 3 } },
    ]);
  });
});

describe('given a stream that refuses to be read', () => {
  test('when lines of the agents vanish and those written into it arrive, then its page says that it stopped before it', async () => {
    const { scene, bench } = await opened('refused');
    scene.stage('stream').stopped = true;
    bench.run(2 * minute);
    expect(bench.open().map(({ kind, hop }) => `${kind}@${hop}`)).toEqual(['unreadable@stream']);
    expect(bench.open()[0]?.detail).toMatch(/Of what the emitters sent nothing arrives .* it stopped before stream\./);
  });
});

test('given a stream that nobody writes into, when it cannot be read by our own fault, then the whole span is named', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(minute);
  scene.place('stream').unreadable = 'auth';
  scene.stage('stream').stopped = true;
  bench.run(2 * minute);
  const stops = bench.open('stopped').filter(({ hop }) => hop === 'index');
  expect(stops).toMatchObject([{ between: { from: 'the emitters', to: 'index' }, unreadable: ['stream'] }]);
});

test('given a stream that we cannot read, when what is missing at the index is in the archive, then it broke behind the stream', async () => {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(minute);
  scene.place('stream').unreadable = 'auth';
  scene.stage('index').stopped = true;
  bench.run(2 * minute);
  const stops = bench.open('stopped').filter(({ hop }) => hop === 'index');
  expect(stops).toMatchObject([{ between: { from: 'stream', to: 'index' }, unreadable: [] }]);
});
