/** Drills by the clock: at their times, not just after a start, not during a real page, and each once however the clock is set. */
import { expect, test } from 'vitest';
import { runAfter } from '../src/config/drill-times.ts';
import { keepDrillSchedule } from '../src/drill-schedule.ts';
import type { EpochMs } from '../src/lib/clock.ts';
import { silentLog } from '../src/lib/log.ts';
import { createVirtualClock } from './chaos/virtual-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Monday 2026-11-16, 09:00 in Tokyo. */
const monday = Date.UTC(2026, 10, 16, 0);
const text = (at: EpochMs) => new Date(at).toISOString().slice(0, 16);

function keeping(start: EpochMs, pattern = '0 10 * * mon', zone = 'Asia/Tokyo') {
  const clock = createVirtualClock(start);
  const stop = new AbortController();
  const held: string[] = [];
  const said: string[] = [];
  const now = { wallOffset: 0, obstacle: undefined as string | undefined, lastsMs: 2 * minute };
  const wall = () => clock.now() + now.wallOffset;
  const done = keepDrillSchedule({
    spec: { text: '', next: runAfter(pattern, zone), timeoutMs: minute, holdMs: 0 },
    clock: { ...clock, wall },
    log: { ...silentLog, warn: (_: object, message: string) => void said.push(message) },
    signal: stop.signal,
    obstacle: () => now.obstacle,
    async hold() {
      held.push(text(wall()));
      await clock.sleep(now.lastsMs);
    },
  });
  const pass = (ms: number) => clock.pass(clock.now() + ms);
  return { now, held, said, pass, stop, done };
}

test('given each Monday at ten in Tokyo, when two weeks pass, then a drill is held on both, at that time', async () => {
  const { held, pass } = keeping(monday - day);
  await pass(14 * day);
  expect(held).toEqual(['2026-11-16T01:00', '2026-11-23T01:00']);
});

test('given a zone with daylight saving, when it ends, then the drill stays at its local time', async () => {
  const { held, pass } = keeping(Date.UTC(2026, 9, 18), '0 10 * * mon', 'Europe/Berlin');
  await pass(14 * day);
  expect(held).toEqual(['2026-10-19T08:00', '2026-10-26T09:00']);
});

test('given a start just before its time, then it waits until logcanary has run for five minutes', async () => {
  const { held, said, pass } = keeping(monday + hour - minute);
  await pass(hour);
  expect(held).toEqual(['2026-11-16T01:04']);
  expect(said).toEqual(['The drill that is due is postponed: logcanary has only just started.']);
});

test('given a start after its time, then what was missed is not made up for', async () => {
  const { held, pass } = keeping(monday + hour + minute);
  await pass(6 * day);
  expect(held).toEqual([]);
});

test('given a real page that is open, when a drill is due, then it is held once that is over, and why is logged once', async () => {
  const { now, held, said, pass } = keeping(monday - day);
  now.obstacle = 'inc-7 (stopped at index) is critical and open';
  await pass(day + 3 * hour);
  expect(held).toEqual([]);
  now.obstacle = undefined;
  await pass(2 * minute);
  expect(held).toHaveLength(1);
  expect(said).toEqual(['The drill that is due is postponed: inc-7 (stopped at index) is critical and open.']);
});

test('given a page that stays open until the next drill is due, then the first is left out and not held twice', async () => {
  const { now, held, said, pass } = keeping(monday - day, '0 * * * *');
  now.obstacle = 'a real page';
  await pass(2 * hour + 30 * minute);
  now.obstacle = undefined;
  await pass(29 * minute);
  expect(held).toHaveLength(1);
  expect(said.filter((each) => each.includes('left out'))).toHaveLength(1);
});

test('given a wall clock that is set back over the time, then the same drill is not held again', async () => {
  const { now, held, pass } = keeping(monday);
  await pass(hour + 10 * minute);
  now.wallOffset = -30 * minute;
  await pass(2 * hour);
  expect(held).toEqual(['2026-11-16T01:00']);
});

test('given a wall clock that is set forward over several, then one is held, soon', async () => {
  const { now, held, pass } = keeping(monday, '0 * * * *');
  await pass(30 * minute);
  now.wallOffset = 5 * hour;
  await pass(2 * minute);
  expect(held).toHaveLength(1);
  await pass(27 * minute);
  expect(held).toHaveLength(1);
});

test('given a stop while it waits, then it ends, and no drill is begun', async () => {
  const { held, stop, done, pass } = keeping(monday);
  await pass(minute);
  stop.abort(new DOMException('stopping', 'AbortError'));
  await done;
  await pass(day);
  expect(held).toEqual([]);
});
