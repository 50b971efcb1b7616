import type { EpochMs } from '../lib/clock.ts';

/** A time as the page shows it: in UTC here, in the reader's zone by the page's script. */
export interface Moment {
  /** ISO 8601 in UTC with ms, for machines. */
  readonly iso: string;
  /** `18:02:05 UTC`, with the date before it when that is not the day of the picture. */
  readonly text: string;
}

/** Formats stamps and reads no clock. Swedish writes `2026-11-19 18:02:05`. */
const utc = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', dateStyle: 'short', timeStyle: 'medium' });

/** `2026-11-19T18:02:05.120Z` */
export function isoTime(at: EpochMs): string {
  const milliseconds = String(((Math.floor(at) % 1_000) + 1_000) % 1_000).padStart(3, '0');
  return `${utc.format(at).replace(' ', 'T')}.${milliseconds}Z`;
}

/** `reference` is the time of the picture. */
export function momentOf(at: EpochMs, reference: EpochMs): Moment {
  const written = utc.format(at);
  const [day = '', time = ''] = written.split(' ');
  const sameDay = utc.format(reference).startsWith(day);
  return { iso: isoTime(at), text: `${sameDay ? time : `${day} ${time}`} UTC` };
}
