/**
 * At how many used bytes a data path meets each watermark, by the rules of the cluster's own engine and version. Pure.
 * https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/cluster-level-shard-allocation-routing-settings
 */
import { ProbeError } from '../../src/probe.ts';

/** Flat settings as the cluster gives them: what was set wins over defaults, transient over persistent. */
export interface ClusterSettings {
  readonly transient: Readonly<Record<string, unknown>>;
  readonly persistent: Readonly<Record<string, unknown>>;
  readonly defaults: Readonly<Record<string, unknown>>;
}

export interface Line {
  /** Used bytes at which it is reached. */
  readonly usedBytes: number;
  /** As people know it: `95%`, `10gb free`. */
  readonly name: string;
}

const DISK = 'cluster.routing.allocation.disk';
type Level = 'low' | 'high' | 'flood_stage';
/** Used share, in percent; the same since Elasticsearch 5 and in OpenSearch. */
const DEFAULT_PERCENT: Readonly<Record<Level, string>> = { low: '85%', high: '90%', flood_stage: '95%' };
/** Free bytes that suffice on a large disk while the watermark is not set; Elasticsearch since 8.5 only. */
const DEFAULT_HEADROOM: Readonly<Record<Level, string>> = { low: '200gb', high: '150gb', flood_stage: '100gb' };

export function settingOf(settings: ClusterSettings, key: string): string | undefined {
  const value = settings.transient[key] ?? settings.persistent[key] ?? settings.defaults[key];
  return value === undefined || value === null ? undefined : String(value);
}

export function isWatermarked(settings: ClusterSettings): boolean {
  return settingOf(settings, `${DISK}.threshold_enabled`) !== 'false';
}

/** @throws ProbeError `bad_answer` for a watermark that cannot be read. */
export function lineOf(settings: ClusterSettings, level: Level, totalBytes: number): Line {
  const key = `${DISK}.watermark.${level}`;
  const mark = settingOf(settings, key) ?? DEFAULT_PERCENT[level];
  const free = bytesOf(mark);
  if (free !== undefined) return { usedBytes: Math.max(0, totalBytes - free), name: `${mark} free` };
  const ratio = ratioOf(mark);
  if (ratio === undefined)
    throw new ProbeError(
      `Cannot read the disk watermark ${key}: "${mark.slice(0, 40)}" is neither a share nor a size. Set it to a percentage.`,
      { reason: 'bad_answer' },
    );
  const byRatio = totalBytes * ratio;
  const headroom = headroomOf(settings, level, mark);
  if (headroom === undefined || totalBytes - headroom <= byRatio) return { usedBytes: Math.round(byRatio), name: mark };
  return { usedBytes: totalBytes - headroom, name: `${mark} or ${gigabytes(headroom)} free` };
}

/** The cap on the free space that a percentage asks for. Its default holds only while the watermark itself is not set. */
function headroomOf(settings: ClusterSettings, level: Level, mark: string): number | undefined {
  const key = `${DISK}.watermark.${level}.max_headroom`;
  const headroom = settingOf(settings, key);
  // Only versions that have it list it, so the number of the version need not be known (GET / may be forbidden).
  if (headroom === undefined) return undefined;
  const isSet =
    key in settings.transient || key in settings.persistent || bytesOf(headroom) !== bytesOf(DEFAULT_HEADROOM[level]);
  const markIsSet =
    `${DISK}.watermark.${level}` in settings.transient ||
    `${DISK}.watermark.${level}` in settings.persistent ||
    ratioOf(mark) !== ratioOf(DEFAULT_PERCENT[level]);
  return markIsSet && !isSet ? undefined : bytesOf(headroom);
}

/** `95%`, or `0.95` as a plain ratio. */
function ratioOf(text: string): number | undefined {
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text);
  if (percent !== null) return Number(percent[1]) / 100;
  return /^(0(\.\d+)?|1(\.0+)?)$/.test(text) ? Number(text) : undefined;
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
  pb: 1024 ** 5,
};

/** `500mb`, units of 1,024 as the cluster counts. `-1` and anything else: undefined. */
function bytesOf(text: string): number | undefined {
  const found = /^(\d+(?:\.\d+)?)\s*([kmgtp]?b)$/i.exec(text);
  return found === null ? undefined : Number(found[1]) * (units[(found[2] ?? '').toLowerCase()] ?? 1);
}

function gigabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 3)}gb`;
}
