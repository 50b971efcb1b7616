/** Stamps for machines are in UTC wherever this machine stands. */
import process from 'node:process';
import { afterEach, expect, test } from 'vitest';
import { isoUtc, localZone, spokenTime, zoneName } from '../../src/notify/moments.ts';

const before = process.env.TZ;
afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

test.each(['Asia/Tokyo', 'America/St_Johns'])(
  'given a machine in %s, when a stamp is written for machines, then it is UTC',
  (zone) => {
    process.env.TZ = zone;
    expect(localZone()).toBe(zone);
    expect(isoUtc(Date.UTC(2026, 10, 19, 18, 2, 3, 4))).toBe('2026-11-19T18:02:03.004Z');
  },
);

test('given a moment on the same day in one zone and another in UTC, when it is said, then the day is that of the zone', () => {
  const evening = Date.UTC(2026, 10, 19, 18, 2);
  expect(spokenTime(evening, Date.UTC(2026, 10, 20, 15, 30), 'Asia/Tokyo')).toBe('2026-11-20 03:02 JST (18:02Z)');
  expect(spokenTime(evening, Date.UTC(2026, 10, 19, 15, 30), 'Asia/Tokyo')).toBe('03:02 JST (18:02Z)');
  expect(spokenTime(evening, Date.UTC(2026, 10, 19, 3, 0), 'Asia/Tokyo')).toBe('2026-11-20 03:02 JST (18:02Z)');
});

test.each([
  ['Asia/Tokyo', 0, 'JST'],
  ['Europe/Berlin', 0, 'CET'],
  ['Europe/Berlin', 6, 'CEST'],
  ['America/New_York', 6, 'EDT'],
  ['Asia/Seoul', 0, 'Asia/Seoul'],
  ['America/St_Johns', 0, 'America/St_Johns'],
])('given %s in month %i, then it is called %s: by a short name only where it has one', (zone, month, expected) => {
  expect(zoneName(Date.UTC(2026, month, 15), zone)).toBe(expected);
});
