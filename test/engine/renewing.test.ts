/** Channels that take an incident for over when they hear no more of it, and channels that edit what they wrote. */
import { describe, expect, test } from 'vitest';
import type { NotifierSpec } from '../../src/core/pipeline.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { chat, configOf, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;
const forgetful: NotifierSpec = { ...chat, name: 'forgetful', renewEveryMs: minute };

async function stopped(notify: readonly NotifierSpec[], changes = {}) {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ notify, pipelines: [sandboxPipeline(changes)] }));
  bench.run(minute);
  scene.stage('archive').stopped = true;
  bench.run(minute);
  return { scene, bench };
}

/** `state` that each message said, in order, with gaps in whole minutes. */
function story(bench: Bench, name = 'forgetful') {
  const mine = bench.sent.filter(({ row }) => row.notifier === name);
  return mine.map(({ row }) => `${row.action} ${row.facts.state}`);
}

describe('a channel that forgets', () => {
  test('given a stop that lasts, then it is told of it every minute, others once, and the ledger holds none of it', async () => {
    const { bench } = await stopped([pager, forgetful]);
    bench.run(10 * minute);
    const renewals = bench.sent.filter(({ row }) => row.action === 'renew');
    expect(renewals.length).toBeGreaterThanOrEqual(9);
    expect(renewals.length).toBeLessThanOrEqual(11);
    expect(bench.told('pager')).toEqual(['trigger stopped@archive']);
    const rows = bench.ledger.image().rows.outbox;
    expect(rows.map(({ notifier, action }) => `${notifier} ${action}`)).toEqual(['pager trigger', 'forgetful trigger']);
    expect(viewOf(bench.state, { ok: true, problems: [] }).notifications[1]).toMatchObject({ sent: 1, failed: 0 });
  });

  test('given a restart, then the first renewal comes at once, and the beginning is not told again', async () => {
    const { bench } = await stopped([forgetful]);
    bench.run(90_000);
    await bench.restart(10 * minute);
    const before = bench.sent.length;
    bench.run(1_000);
    expect(story(bench).slice(before)).toEqual(['renew open']);
  });

  test('given it is over, then its end is said again for 5 minutes, and no more', async () => {
    const { scene, bench } = await stopped([forgetful]);
    scene.stage('archive').stopped = false;
    bench.run(20 * minute);
    const said = story(bench);
    const end = said.indexOf('resolve resolved');
    expect(said.slice(end + 1)).toEqual(Array(said.length - end - 1).fill('renew resolved'));
    expect(said.length - end - 1).toBeGreaterThanOrEqual(4);
    expect(said.length - end - 1).toBeLessThanOrEqual(5);
  });

  test('given it begins anew soon after, then its old end is not said over the new beginning', async () => {
    const { scene, bench } = await stopped([forgetful]);
    scene.stage('archive').stopped = false;
    bench.runUntil(2 * minute, () => bench.open().length === 0);
    bench.run(2 * minute);
    const before = bench.sent.length - 1;
    scene.stage('archive').stopped = true;
    bench.runUntil(2 * minute, () => bench.open().length === 1);
    bench.run(5 * minute);
    const said = story(bench).slice(before);
    expect(said).toContain('renew resolved');
    expect(new Set(said.slice(said.indexOf('trigger open')))).toEqual(new Set(['trigger open', 'renew open']));
  });

  test('given it fails to renew, then the next renewal is tried in its time, and nothing waits for that', async () => {
    const { scene, bench } = await stopped([forgetful]);
    scene.notify = (row) => (row.action === 'renew' ? refusal(true) : undefined);
    bench.run(10 * minute);
    expect(story(bench).length).toBeLessThanOrEqual(12);
    scene.stage('archive').stopped = false;
    bench.run(minute);
    expect(story(bench)).toContain('resolve resolved');
  });

  test('given it takes nothing for 10 minutes, then no renewals pile up behind the beginning', async () => {
    const { scene, bench } = await stopped([forgetful]);
    scene.stage('archive').stopped = false;
    bench.run(8 * minute);
    scene.channels.set('forgetful', refusal(true));
    scene.stage('archive').stopped = true;
    bench.run(10 * minute);
    expect([...bench.state.outbox.values()].map(({ row }) => row.action)).toEqual(['trigger']);
    scene.channels.clear();
    const before = bench.sent.length;
    bench.run(2 * minute + 30_000);
    expect(story(bench).slice(before)[0]).toBe('trigger open');
    expect(bench.sent.length - before).toBeLessThanOrEqual(4);
  });

  test('given it does not want an incident, then that is not renewed', async () => {
    const { bench } = await stopped([{ ...forgetful, only: { kinds: ['reading'] } }]);
    bench.run(5 * minute);
    expect(bench.sent).toEqual([]);
  });
});

describe('a channel that edits', () => {
  test('given what it gave back for its first message, then it gets that with each later one, over restarts too', async () => {
    const { scene, bench } = await stopped([chat, pager], { pageAfterMs: 5 * minute });
    Object.assign(scene, { receipt: (row: { notifier: string }) => (row.notifier === 'chat' ? 'C1 1.2' : undefined) });
    scene.stage('archive').stopped = false;
    bench.run(3 * minute);
    scene.stage('archive').stopped = true;
    bench.run(3 * minute);
    await bench.restart(minute);
    bench.run(5 * minute);
    scene.stage('archive').stopped = false;
    bench.run(3 * minute);
    const last = bench.sent.filter(({ row }) => row.facts.id === bench.sent.at(-1)?.row.facts.id);
    const given = (name: string) =>
      last.filter(({ row }) => row.notifier === name).map(({ row, receipt }) => [row.action, receipt]);
    expect(given('chat')).toEqual([
      ['trigger', undefined],
      ['update', 'C1 1.2'],
      ['resolve', 'C1 1.2'],
    ]);
    expect(given('pager').map(([, receipt]) => receipt)).toEqual([undefined, undefined]);
  });
});
