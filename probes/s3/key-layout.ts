/** Which parts of a bucket can hold what was written since some moment. */
import type { EpochMs } from '../../src/probe.ts';

/**
 * Firehose's own layout, in UTC; the hour is that of the oldest record in the object.
 * https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
 */
export const firehoseLayout = 'YYYY/MM/DD/HH/';

/** Hours that are listed one by one at most: a week. What goes further back is listed whole. */
const maxHours = 7 * 24;
const hourMs = 3_600_000;

/** Prefixes, ascending in time, that cover [from, to] under a layout with YYYY, MM, DD and HH; or the whole prefix. */
export function prefixesFor(prefix: string, layout: string, from: EpochMs, to: EpochMs): string[] {
  const first = Math.floor(from / hourMs);
  const last = Math.floor(to / hourMs);
  if (layout === 'flat' || last - first > maxHours) return [prefix];
  const hours = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * hourMs);
  return [...new Set(hours.map((hour) => prefix + fill(layout, hour)))];
}

function fill(layout: string, hour: EpochMs): string {
  const [year = '', month = '', day = '', hours = ''] = new Date(hour).toISOString().split(/[-T:]/);
  return layout.replace('YYYY', year).replace('MM', month).replace('DD', day).replace('HH', hours);
}

/** What a layout must look like: none, to be found out, or a pattern with at least a year. */
export const layoutForm = /^(auto|flat|[^{}]*YYYY[^{}]*)$/;

/** Firehose's layout when only years stand under the prefix, otherwise none. */
export function guessLayout(prefix: string, folders: readonly string[], objects: number): string {
  const years = folders.every((folder) => /^\d{4}\/$/.test(folder.slice(prefix.length)));
  return folders.length > 0 && years && objects === 0 ? firehoseLayout : 'flat';
}
