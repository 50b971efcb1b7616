/** Figures as people read them. A narrow no-break space (U+202F) groups digits and joins a figure to its unit. */
const thin = '\u202f';

/** `86 400` */
export function countText(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, thin);
}

/** `340 ms`, `3.2 s`, `5 min 3 s`, `3 h 20 min`, `2 d 4 h` */
export function durationText(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}${thin}ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')}${thin}s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return pair(minutes, 'min', seconds % 60, 's');
  if (hours < 24) return pair(hours, 'h', minutes % 60, 'min');
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** In `bytes` as `81.2 GiB`, in `seconds` as a duration, a `count` in digits, a `ratio` in percent. */
export function figureText(value: number, unit: 'bytes' | 'seconds' | 'count' | 'ratio'): string {
  if (unit === 'seconds') return durationText(value * 1_000);
  if (unit === 'count') return countText(Math.round(value));
  if (unit === 'ratio') return shareText(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1_024 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)}${thin}${units[power]}`;
}

/** A share from 0 to 1 as `93 %`, with two significant digits when small: `0.0035 %`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(2))}${thin}%`;
}

/** `1 canary`, `2 canaries` */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${large}${thin}${largeUnit}`;
  return small === 0 ? head : `${head} ${small}${thin}${smallUnit}`;
}
