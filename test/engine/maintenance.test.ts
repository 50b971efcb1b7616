/** Expected trouble: measured and recorded as ever, told to nobody unless it outlives its window. */
import { describe, expect, test } from 'vitest';
import type { Maintenance } from '../../src/core/maintenance.ts';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;

async function opened() {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf());
  bench.run(minute);
  const maintain = (ms: number, place: Partial<Maintenance> = {}) => {
    let made: Maintenance | undefined;
    const wanted = { from: bench.now, until: bench.now + ms, reason: 'upgrade', by: 'ops', ...place };
    bench.dispatch({ type: 'maintain', wanted, told: (window) => (made = window) });
    return made?.id ?? '';
  };
  return { scene, bench, maintain };
}

describe('given a maintenance window', () => {
  test('when something stops and flows again within it, then it is recorded and nobody is told', async () => {
    const { scene, bench, maintain } = await opened();
    maintain(10 * minute);
    scene.stage('index').stopped = true;
    bench.run(2 * minute);
    expect(bench.open('stopped')).toHaveLength(1);
    scene.stage('index').stopped = false;
    bench.run(6 * minute);
    expect(bench.open()).toEqual([]);
    bench.run(10 * minute);
    expect([bench.told('pager'), bench.told('chat')]).toEqual([[], []]);
  });

  test('when it outlives the window, then it is told once, and its end, too', async () => {
    const { scene, bench, maintain } = await opened();
    maintain(3 * minute);
    scene.stage('index').stopped = true;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual([]);
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    scene.stage('index').stopped = false;
    bench.run(5 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when something began before it, then its end is told within it', async () => {
    const { scene, bench, maintain } = await opened();
    scene.stage('index').stopped = true;
    bench.run(2 * minute);
    maintain(10 * minute);
    scene.stage('index').stopped = false;
    bench.run(5 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when it is for another hop, then this one is told as ever', async () => {
    const { scene, bench, maintain } = await opened();
    maintain(10 * minute, { pipeline: 'sandbox', hop: 'archive' });
    scene.stage('index').stopped = true;
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });

  test('when it is ended early, then what is wrong is told then', async () => {
    const { scene, bench, maintain } = await opened();
    const id = maintain(60 * minute);
    scene.stage('index').stopped = true;
    bench.run(2 * minute);
    let ended = false;
    bench.dispatch({ type: 'maintained', id, told: (each) => (ended = each) });
    bench.run(10_000);
    expect([ended, bench.told('pager')]).toEqual([true, ['trigger stopped@index']]);
  });

  test('when logcanary restarts within it, then it still holds, and numbers go on', async () => {
    const { scene, bench, maintain } = await opened();
    expect(maintain(10 * minute)).toBe('mw-1');
    scene.stage('index').stopped = true;
    bench.run(minute);
    await bench.restart(5_000);
    bench.run(2 * minute);
    expect([bench.told('pager'), bench.told('chat')]).toEqual([[], []]);
    expect(maintain(minute)).toBe('mw-2');
    bench.run(10 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });
});
