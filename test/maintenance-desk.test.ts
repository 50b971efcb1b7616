/** Windows are checked against the configuration, committed, and noted where a channel keeps a history of changes. */
import { expect, test, vi } from 'vitest';
import type { Announcement, Notifier } from '../src/core/notifier.ts';
import { silentLog } from '../src/lib/log.ts';
import { openDesk } from '../src/maintenance-desk.ts';
import { Bench } from './engine/harness.ts';
import { configOf } from './engine/sandbox-config.ts';
import { Scene } from './engine/scene.ts';
import { handClock } from './fakes/hand-clock.ts';

async function opened(announce: (announcement: Announcement) => Promise<void>) {
  const bench = await Bench.open(new Scene(), configOf());
  const send = async () => undefined;
  const notifiers: Notifier[] = [
    { name: 'pager', kind: 'fake', send, announce },
    { name: 'chat', kind: 'fake', send },
  ];
  const desk = openDesk({
    ...{ config: bench.config, state: bench.state, clock: handClock(bench.now), log: silentLog, notifiers },
    committed: async (event) => bench.dispatch(event),
  });
  const wanted = { from: bench.now, until: bench.now + 60_000, reason: 'upgrade', by: 'ops' };
  return { bench, desk, wanted };
}

test('given a window, when set and ended, then it is kept, and a channel with a history notes both', async () => {
  const announced: string[] = [];
  const { bench, desk, wanted } = await opened(async ({ what }) => void announced.push(what));
  expect(await desk.maintain({ ...wanted, pipeline: 'sandbox', hop: 'index' })).toMatchObject({ id: 'mw-1' });
  bench.run(1_000);
  expect(await desk.endMaintenance('mw-1')).toBe(true);
  expect(announced).toEqual([
    'Maintenance mw-1 of sandbox/index: upgrade',
    'Maintenance mw-1 of sandbox/index was ended',
  ]);
  expect(await desk.endMaintenance('mw-1')).toBe(false);
});

test.each([{ pipeline: 'no-such' }, { pipeline: 'sandbox', hop: 'no-such' }])(
  'given %j, when set, then nothing is kept',
  async (place) => {
    const announce = vi.fn(async () => undefined);
    const { desk, wanted } = await opened(announce);
    expect(await desk.maintain({ ...wanted, ...place })).toBeUndefined();
    expect([desk.maintenance(), announce.mock.calls]).toEqual([[], []]);
  },
);

test('given a channel that refuses the note, when a window is set, then it holds all the same', async () => {
  const { desk, wanted } = await opened(() => Promise.reject(new Error('down')));
  expect(await desk.maintain(wanted)).toMatchObject({ id: 'mw-1' });
});
