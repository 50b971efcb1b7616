import type { EpochMs } from '../lib/clock.ts';

/** The longest wait we let another side ask for, ms: a page must not sleep for a day because of a broken proxy. */
export const retryAfterLimitMs = 3_600_000;

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * `Retry-After` in ms, seconds or HTTP-date (RFC 9110 §10.2.3), 0 to `retryAfterLimitMs`; undefined when absent or
 * unreadable. A date is compared with the answer's own `Date` (no skew between clocks), else with `wall`.
 */
export function retryAfterOf(headers: Headers, wall: EpochMs): number | undefined {
  const value = headerOf(headers, 'retry-after');
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, retryAfterLimitMs);
  const until = httpDateOf(value);
  if (until === undefined) return undefined;
  const from = httpDateOf(headerOf(headers, 'date') ?? '') ?? wall;
  return Math.min(Math.max(0, until - from), retryAfterLimitMs);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const imfFixdate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/** `Sun, 06 Nov 1994 08:49:37 GMT` (the one form that may be sent, RFC 9110 §5.6.7) in ms since 1970. */
function httpDateOf(text: string): EpochMs | undefined {
  const [, day, monthName, year, hour, minute, second] = imfFixdate.exec(text) ?? [];
  const month = months.indexOf(monthName ?? '');
  if (month < 0) return undefined;
  const days = daysBefore(Number(year), month) + Number(day) - 1;
  return (((days * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
}

/** Days from 1970-01-01 to the first of a month (0–11) in the Gregorian calendar, by hand since only the clock may use Date. */
function daysBefore(year: number, month: number): number {
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const leaps = (before: number) => Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  const ofYears = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
  return lengths.slice(0, month).reduce((sum, length) => sum + length, ofYears);
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value.trim() : value?.[0]?.trim();
}
