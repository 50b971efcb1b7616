import { describe, expect, test } from 'vitest';
import { activeHours, parseDays, parseHours, showDays, showHours } from '../../src/config/active-hours.ts';

const iso = (ms: number) => new Date(ms).toISOString();

function active(days: string, hours: string, timezone: string) {
  const [on, span] = [parseDays(days), parseHours(hours)];
  if (!on.ok || !span.ok) throw new Error('not parsed');
  const found = activeHours(on.value, span.value, timezone);
  return (time: string) => {
    const { active: is, since, until } = found.at(Date.parse(time));
    return [is, iso(since), iso(until)];
  };
}

describe('given working hours in Tokyo', () => {
  const at = active('mon-fri', '08:00-22:00', 'Asia/Tokyo');

  test.each([
    ['within them', '2026-11-20T12:59:59.999Z', true, '2026-11-19T23:00:00.000Z', '2026-11-20T13:00:00.000Z'],
    ['as they end', '2026-11-20T13:00:00Z', false, '2026-11-20T13:00:00.000Z', '2026-11-22T23:00:00.000Z'],
    ['at the weekend', '2026-11-22T22:59:59.900Z', false, '2026-11-20T13:00:00.000Z', '2026-11-22T23:00:00.000Z'],
    ['as they begin', '2026-11-22T23:00:00Z', true, '2026-11-22T23:00:00.000Z', '2026-11-23T13:00:00.000Z'],
  ])('when asked %s, then it says since when and until when', (_, time, is, since, until) => {
    expect(at(time)).toEqual([is, since, until]);
  });

  test('when asked for an earlier time than before, then the answer is that of then', () => {
    expect(at('2026-11-23T05:00:00Z')[0]).toBe(true);
    expect(at('2026-11-21T05:00:00Z')[0]).toBe(false);
    expect(at('2026-11-20T05:00:00Z')[0]).toBe(true);
  });
});

test('given whole days in a row, when asked in the midst of them, then they are one span', () => {
  const at = active('mon-fri', '00:00-24:00', 'UTC');
  expect(at('2026-11-18T00:00:00Z')).toEqual([true, '2026-11-16T00:00:00.000Z', '2026-11-21T00:00:00.000Z']);
  expect(at('2026-11-21T00:00:00Z')).toEqual([false, '2026-11-21T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
});

test('given hours over midnight and a change of the clock in between, when asked, then they end by the local clock', () => {
  const at = active('sat', '22:00-06:00', 'Europe/Berlin');
  // 2026-10-25 03:00 is 02:00 again
  expect(at('2026-10-25T01:30:00Z')).toEqual([true, '2026-10-24T20:00:00.000Z', '2026-10-25T05:00:00.000Z']);
});

describe('given days and hours as people write them', () => {
  test.each([
    ['mon-fri', [1, 2, 3, 4, 5]],
    ['fri-mon', [0, 1, 5, 6]],
    ['Sat, sun', [0, 6]],
    ['mon', [1]],
    ['mon,wed,fri-sat', [1, 3, 5, 6]],
  ])('when %s is read, then it is those days', (text, days) => {
    expect(parseDays(text)).toEqual({ ok: true, value: days });
  });

  test.each(['', 'monday', 'mon-', 'mon-tue-wed', 'mo', 'mon;tue', '1-5'])(
    'when "%s" is read, then it is refused with what to write',
    (text) => {
      expect(parseDays(text)).toEqual({ ok: false, message: `"${text}" names no days. Write mon-fri, or sat,sun.` });
    },
  );

  test.each([
    ['08:00-22:00', 480, 1320],
    ['8:00 - 9:30', 480, 570],
    ['22:00-06:00', 1320, 1800],
    ['00:00-24:00', 0, 1440],
    ['23:59-00:00', 1439, 1440],
  ])('when %s is read, then it is that span', (text, from, to) => {
    expect(parseHours(text)).toEqual({ ok: true, value: { from, to } });
  });

  test.each(['', '8-22', '24:00-06:00', '08:60-09:00', '08:00-24:01', '08:00', '-08:00'])(
    'when "%s" is read, then it is refused with what to write',
    (text) => {
      expect(parseHours(text)).toEqual({ ok: false, message: `"${text}" is no span of a day. Write 08:00-22:00.` });
    },
  );

  test('when it begins as it ends, then it is refused, since it may mean nothing or everything', () => {
    expect(parseHours('08:00-08:00')).toMatchObject({ ok: false });
  });

  test.each([
    ['mon-fri', 'mon-fri'],
    ['sun,sat', 'sat,sun'],
    ['sun-sat', 'mon-sun'],
    ['mon,tue,thu,fri,sat', 'mon,tue,thu-sat'],
  ])('when %s is shown, then it is %s', (text, shown) => {
    const days = parseDays(text);
    expect(days.ok && showDays(days.value)).toBe(shown);
  });

  test.each(['08:00-22:00', '22:00-06:00', '00:00-24:00'])('when %s is shown, then it is as it was written', (text) => {
    const hours = parseHours(text);
    expect(hours.ok && showHours(hours.value)).toBe(text);
  });
});
