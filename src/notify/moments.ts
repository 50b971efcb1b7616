import type { EpochMs } from '../lib/clock.ts';

/** Days, times and durations as people read them. Pure: formats stamps, reads no clock. */

const isoParts: Intl.DateTimeFormatOptions = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
};

/** Zones that are UTC by another name; `Etc/Unknown` is what ICU says when no zone is set. */
const utcNames = /^(UTC|GMT|Etc\/.*)$/;

/** The machine's zone, for example `Asia/Tokyo`. */
export function localZone(): string {
  const zone = new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
  return utcNames.test(zone) ? 'UTC' : zone;
}

/** ISO 8601 in UTC with milliseconds: `2026-11-19T18:02:00.000Z`. */
export function isoUtc(at: EpochMs): string {
  const { date, time, seconds } = partsOf(at, 'UTC');
  return `${date}T${time}:${seconds}Z`;
}

/** Each knows the short names of its own region only: nobody else knows JST. */
const regions = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'ja-JP'];

/** What people there call it at that time of the year, `JST`, `CEST`; its IANA name where it has no short one. */
export function zoneName(at: EpochMs, zone: string): string {
  const names = regions.map((region) =>
    new Intl.DateTimeFormat(region, { timeZone: zone, timeZoneName: 'short' })
      .formatToParts(at)
      .find(({ type }) => type === 'timeZoneName'),
  );
  return names.find((name) => name !== undefined && /^[A-Z]{3,5}$/.test(name.value))?.value ?? zone;
}

/**
 * `03:02 JST (18:02Z)`, or `18:02Z` where the zone is UTC; with the date before it when that is not the day of
 * `reference` in the same zone.
 */
export function spokenTime(at: EpochMs, reference: EpochMs, zone: string): string {
  const local = briefTime(at, reference, zone);
  return zone === 'UTC' ? `${local}Z` : `${local} ${zoneName(at, zone)} (${partsOf(at, 'UTC').time}Z)`;
}

/** The same where the zone was said before: `03:02 (18:02Z)`. */
export function timeAgain(at: EpochMs, reference: EpochMs, zone: string): string {
  const local = briefTime(at, reference, zone);
  return zone === 'UTC' ? `${local}Z` : `${local} (${partsOf(at, 'UTC').time}Z)`;
}

/** The same without its zone: `03:02`, `2026-11-20 03:02`. */
export function briefTime(at: EpochMs, reference: EpochMs, zone: string): string {
  const { date, time } = partsOf(at, zone);
  return date === partsOf(reference, zone).date ? time : `${date} ${time}`;
}

/** How a language writes the units of a duration, spaces included. */
export interface DurationUnits {
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
  /** Between two units. */
  readonly gap: string;
}

const symbols: DurationUnits = { day: ' d', hour: ' h', minute: ' min', second: ' s', gap: ' ' };

/** `45 s`, `24 min`, `2 h 10 min`, `3 d 4 h`: the two largest units, rounded down. Negative is `0 s`. */
export function spokenDuration(ms: number, units: DurationUnits = symbols): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (large: string, small: number, unit: string) =>
    small === 0 ? large : `${large}${units.gap}${small}${unit}`;
  if (minutes === 0) return `${seconds}${units.second}`;
  if (hours === 0) return `${minutes}${units.minute}`;
  if (hours < 24) return two(`${hours}${units.hour}`, minutes % 60, units.minute);
  return two(`${Math.floor(hours / 24)}${units.day}`, hours % 24, units.hour);
}

function partsOf(at: EpochMs, timeZone: string): { date: string; time: string; seconds: string } {
  const parts = new Intl.DateTimeFormat('en-US', { ...isoParts, timeZone }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? '';
  return {
    date: `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    seconds: `${part('second')}.${part('fractionalSecond')}`,
  };
}
