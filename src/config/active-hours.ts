/** Times of the week in which a pipeline is expected to flow: `active: { days: mon-fri, hours: "08:00-22:00" }`. */
import { Cron } from 'croner';
import type { ActiveHours } from '../core/active-hours.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { ParsedText } from '../lib/duration.ts';

/** Sunday is 0, as in cron. */
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const wholeDay = 24 * 60;
/** Windows that touch are walked over so far back: more than a week of days. */
const touchingAtMost = 8;
const secondMs = 1_000;

/** Minutes of the day; `to` is later than `from`, and above 24 h where the window ends on the next day. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

/** `mon-fri`, `fri-mon` (over the weekend), `mon,wed,sat-sun`. */
export function parseDays(text: string): ParsedText<readonly number[]> {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first, last, ...rest] = part
      .trim()
      .split('-')
      .map((each) => dayNames.indexOf(each.trim()));
    if (first === undefined || first < 0 || last === -1 || rest.length > 0)
      return { ok: false, message: `"${text}" names no days. Write mon-fri, or sat,sun.` };
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === (last ?? first)) break;
    }
  }
  return { ok: true, value: [...days].sort((a, b) => a - b) };
}

/** `08:00-22:00`; `22:00-06:00` ends on the next day, `00:00-24:00` is all of it. */
export function parseHours(text: string): ParsedText<Hours> {
  const found = /^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$/.exec(text);
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = (found ?? []).slice(1).map(Number);
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  const fits = fromMinute < 60 && toMinute < 60 && from < wholeDay && to <= wholeDay;
  if (!found || !fits) return { ok: false, message: `"${text}" is no span of a day. Write 08:00-22:00.` };
  if (from === to)
    return { ok: false, message: `"${text}" begins when it ends. Write 00:00-24:00 for all of the day.` };
  return { ok: true, value: { from, to: to > from ? to : to + wholeDay } };
}

/** As they were written, in the order of the week from Monday on: `mon-fri`, `mon,wed`. */
export function showDays(days: readonly number[]): string {
  const week = [1, 2, 3, 4, 5, 6, 0].filter((day) => days.includes(day));
  const spans: number[][] = [];
  for (const day of week) {
    const span = spans.at(-1);
    if (span !== undefined && (span.at(-1) ?? 0) + 1 === (day || 7)) span.push(day);
    else spans.push([day]);
  }
  const name = (day = 0) => dayNames[day] ?? '';
  return spans
    .map((span) => (span.length < 3 ? span.map(name).join(',') : `${name(span[0])}-${name(span.at(-1))}`))
    .join(',');
}

export function showHours({ from, to }: Hours): string {
  const shown = (minute: number) =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return `${shown(from)}-${shown(to > wholeDay ? to - wholeDay : to)}`;
}

/** Local times that a clock change leaves out or repeats are croner's to decide. */
export function activeHours(days: readonly number[], hours: Hours, timezone: string): ActiveHours {
  const starts = cronOf(days, hours.from, timezone);
  const ends = cronOf(days, hours.to, timezone);
  let known: { readonly from: EpochMs; readonly at: ReturnType<ActiveHours['at']> } | undefined;
  return {
    at(now) {
      if (known === undefined || now < known.from || now >= known.at.until) known = { from: now, at: stateAt(now) };
      return known.at;
    },
  };

  function stateAt(now: EpochMs): ReturnType<ActiveHours['at']> {
    const start = next(starts, now);
    let end = next(ends, now);
    if (start < end) return { active: false, since: last(ends, now), until: start };
    for (let left = touchingAtMost; left > 0 && next(starts, end - secondMs) === end; left--) end = next(ends, end);
    return { active: true, since: beganAt(now), until: end };
  }

  /** Where one window ends as the next begins, it has been active since the first of them began. */
  function beganAt(now: EpochMs): EpochMs {
    let start = last(starts, now);
    for (let left = touchingAtMost; left > 0 && last(ends, start) === start; left--)
      start = last(starts, start - secondMs);
    return start;
  }
}

function cronOf(days: readonly number[], minute: number, timezone: string): Cron {
  const later = Math.floor(minute / wholeDay);
  const inDay = minute % wholeDay;
  const on = days.map((day) => (day + later) % 7).join(',');
  return new Cron(`0 ${inDay % 60} ${Math.floor(inDay / 60)} * * ${on}`, { timezone, paused: true });
}

/** Strictly after. */
function next(cron: Cron, now: EpochMs): EpochMs {
  return cron.nextRun(new Date(now))?.getTime() ?? Number.POSITIVE_INFINITY;
}

/** At `now` or before. */
function last(cron: Cron, now: EpochMs): EpochMs {
  const [found] = cron.previousRuns(1, new Date(Math.floor(now / secondMs) * secondMs + secondMs));
  return found?.getTime() ?? 0;
}
