/** Drills of a running app: known to the ledger before anything goes out, one at a time, ended whatever happens to the process. */
import { expect, test, vi } from 'vitest';
import { outcomeOf } from '../src/core/drill.ts';
import type { Notification, Notifier } from '../src/core/notifier.ts';
import { type DrillDesk, openDrillDesk } from '../src/drill-desk.ts';
import type { Event } from '../src/engine/event.ts';
import { LedgerError } from '../src/lib/errors.ts';
import { silentLog } from '../src/lib/log.ts';
import { createVirtualClock } from './chaos/virtual-clock.ts';
import { Bench } from './engine/harness.ts';
import { configOf } from './engine/sandbox-config.ts';
import { Scene } from './engine/scene.ts';

const plan = { by: 'aki', timeoutMs: 60_000, holdMs: 0 };
const minute = 60_000;

interface Behaviour {
  send?(notification: Notification): Promise<string | undefined>;
  committed?(event: Event, bench: Bench): Promise<void>;
  readonly config?: Parameters<typeof configOf>[0];
}

function deskOn(bench: Bench, { send = async () => undefined, committed }: Behaviour = {}) {
  const clock = createVirtualClock(bench.now);
  const sent: string[] = [];
  const said: string[] = [];
  const open = (name: string): Notifier => ({
    ...{ name, kind: 'fake' },
    async send(notification) {
      sent.push(`${name} ${notification.action} ${notification.facts.id}`);
      return await send(notification);
    },
    prove: async () => ({ state: 'arrived', how: 'seen' }),
  });
  const note = (_: object, message: string) => void said.push(message);
  const desk = openDrillDesk({
    ...{ config: bench.config, state: bench.state, clock, notifiers: [open('pager'), open('chat')] },
    log: { ...silentLog, info: note, warn: note, error: note },
    committed: (event) => (committed ? committed(event, bench) : Promise.resolve(bench.dispatch(event))),
  });
  return { desk, clock, sent, said, pass: (ms: number) => clock.pass(clock.now() + ms) };
}

const opened = (changes: Behaviour['config'] = {}) => Bench.open(new Scene(), configOf(changes));
const outcomes = (desk: Pick<DrillDesk, 'drills'>) => desk.drills().map((drill) => [drill.id, outcomeOf(drill)]);

test('given two channels, when a drill is held, then it is in the ledger before anything is sent, and how it went, after', async () => {
  const bench = await opened();
  const known: unknown[] = [];
  const send = async () => {
    known.push(bench.state.drills.at(-1)?.id);
    return undefined;
  };
  const { desk, sent, said, pass } = deskOn(bench, { send });
  expect(await desk.hold(plan)).toMatchObject({
    id: 'drill-1',
    by: 'aki',
    channels: [{ state: 'sending' }, { state: 'sending' }],
  });
  await pass(minute);
  expect(outcomes(desk)).toEqual([['drill-1', 'good']]);
  expect(known[0]).toBe('drill-1');
  expect([...sent].sort()).toEqual([
    'chat resolve drill-1',
    'chat trigger drill-1',
    'pager resolve drill-1',
    'pager trigger drill-1',
  ]);
  expect(said).toEqual(['Drill drill-1: 2 of 2 channels proven.']);
});

test('given one under way, when another is asked for, then it is refused; afterwards the next is held', async () => {
  const { desk, pass } = deskOn(await opened());
  await desk.hold({ ...plan, holdMs: minute });
  expect(await desk.hold(plan)).toBeUndefined();
  await pass(2 * minute);
  expect(await desk.hold({ ...plan, notifiers: ['chat'] })).toMatchObject({
    id: 'drill-2',
    channels: [{ notifier: 'chat' }],
  });
  await pass(minute);
  expect(outcomes(desk)).toEqual([
    ['drill-1', 'good'],
    ['drill-2', 'good'],
  ]);
});

test('given a ledger that refuses, when one is asked for, then nothing is sent, and it can be held later', async () => {
  const committed = vi.fn<(event: Event, bench: Bench) => Promise<void>>(async (event, bench) => bench.dispatch(event));
  committed.mockRejectedValueOnce(new LedgerError('disk full', { reason: 'disk_full' }));
  const { desk, sent, pass } = deskOn(await opened(), { committed });
  await expect(desk.hold(plan)).rejects.toThrow('disk full');
  expect(sent).toEqual([]);
  await desk.hold(plan);
  await pass(minute);
  expect(outcomes(desk)).toEqual([['drill-1', 'good']]);
});

test('given a ledger that hangs in the middle, when we stop, then the test incident is resolved and nobody waits for it', async () => {
  let commits = 0;
  const committed = async (event: Event, bench: Bench) => {
    commits += 1;
    if (commits > 1) return await new Promise<void>(() => undefined);
    bench.dispatch(event);
  };
  const { desk, sent, said, pass } = deskOn(await opened(), { committed });
  await desk.hold({ ...plan, notifiers: ['pager'], holdMs: 5 * minute });
  await pass(minute);
  const closed = desk.close();
  await pass(minute);
  await closed;
  expect(sent).toEqual(['pager trigger drill-1', 'pager resolve drill-1']);
  expect(said).toContain('The drill could not be recorded: the ledger does not take writes.');
});

test('given a drill that is held open, when we stop, then it is resolved and recorded as over', async () => {
  const { desk, sent, pass } = deskOn(await opened());
  await desk.hold({ ...plan, notifiers: ['pager'], holdMs: 5 * minute });
  await pass(minute);
  await desk.close();
  expect(sent).toEqual(['pager trigger drill-1', 'pager resolve drill-1']);
  expect(outcomes(desk)).toEqual([['drill-1', 'good']]);
  expect(await desk.hold(plan)).toBeUndefined();
});

test('given a process that died in a drill, when the next one starts, then it resolves what was left open, with its receipt', async () => {
  const bench = await opened();
  const died = deskOn(bench, { send: async ({ action }) => (action === 'trigger' ? 'r-7' : undefined) });
  await died.desk.hold({ ...plan, holdMs: 5 * minute });
  await died.pass(minute);
  await bench.restart(5_000);
  const resolved: unknown[] = [];
  const send = async ({ receipt, facts }: Notification) => {
    resolved.push([receipt, facts.state, facts.dedupKey]);
    return undefined;
  };
  const { desk, sent, said, pass } = deskOn(bench, { send });
  desk.open();
  await pass(minute);
  expect([...sent].sort()).toEqual(['chat resolve drill-1', 'pager resolve drill-1']);
  expect(resolved).toEqual([
    ['r-7', 'resolved', expect.stringMatching(/^[0-9a-f]{40}$/)],
    ['r-7', 'resolved', expect.any(String)],
  ]);
  expect(outcomes(desk)).toEqual([['drill-1', 'good']]);
  expect(said[0]).toContain('was under way when logcanary ended');
});

test('given a schedule, when it is due, then one is held by it; not while a critical incident is open', async () => {
  const next = (after: number) => Math.ceil((after + 1) / (60 * minute)) * 60 * minute;
  const bench = await opened({ drill: { text: 'hourly', next, timeoutMs: minute, holdMs: 0, notifiers: ['chat'] } });
  const { desk, said, pass } = deskOn(bench);
  desk.open();
  await pass(61 * minute);
  expect(desk.drills()).toMatchObject([{ by: 'schedule', channels: [{ notifier: 'chat' }] }]);
  bench.run(minute);
  (bench.world as Scene).stage('index').stopped = true;
  bench.run(2 * minute);
  expect(bench.open('stopped')).toMatchObject([{ severity: 'critical' }]);
  await pass(70 * minute);
  expect(desk.drills()).toHaveLength(1);
  expect(said.at(-1)).toMatch(
    /^The drill that is due is postponed: inc-\d+ \(stopped at index\) is critical and open\.$/,
  );
  await desk.close();
});
