/** When drills are held: `drill: { schedule: "0 10 * * mon", timezone: Asia/Tokyo }`. */
import { Cron } from 'croner';
import type { EpochMs } from '../lib/clock.ts';
import type { ParsedText } from '../lib/duration.ts';

/** A drill wakes people: more often than this it would only teach them not to look, ms. */
const leastBetweenMs = 3_600_000;
/** So many runs are looked at to find two that are too close: an hour's worth of minutes. */
const runsLookedAt = 61;
/** 2026-01-01T00:00:00Z, a Thursday: whether a pattern is good does not depend on when it is asked. */
const someTime = new Date(1_767_225_600_000);

/** The pattern as it is, if it is one that may be used: five fields, minutes first. */
export function parseSchedule(text: string): ParsedText<string> {
  const bad = (what: string): ParsedText<string> => ({
    ok: false,
    message: `"${text}" ${what}. Write five fields, minute hour day month weekday: "0 10 * * mon" is each Monday at 10:00.`,
  });
  if (text.trim().split(/\s+/).length !== 5) return bad('is no schedule');
  let runs: Date[];
  try {
    runs = new Cron(text, { mode: '5-part', timezone: 'UTC', paused: true }).nextRuns(runsLookedAt, someTime);
  } catch {
    return bad('is no schedule');
  }
  if (runs.length === 0) return bad('never comes');
  const close = runs.some((run, at) => run.getTime() - (runs[at - 1]?.getTime() ?? 0) < leastBetweenMs);
  return close ? bad('comes more than once an hour') : { ok: true, value: text };
}

/** The first run after a moment of the wall clock; undefined where there is none. Daylight saving is the zone's. */
export function runAfter(schedule: string, timezone: string): (after: EpochMs) => EpochMs | undefined {
  const cron = new Cron(schedule, { mode: '5-part', timezone, paused: true });
  return (after) => cron.nextRun(new Date(after))?.getTime();
}
