/** Durations as people write them: `90s`, `5m`, `2h30m`, `7d`, `500ms`. Whole numbers with units, larger units first. */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const form = /^(?:(\d{1,15})d)?(?:(\d{1,15})h)?(?:(\d{1,15})m)?(?:(\d{1,15})s)?(?:(\d{1,15})ms)?$/;

/** What became of a text that should have held a value: the value, or what it is and what to write instead. */
export type ParsedText<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** A duration in ms, from 0 up to what a number holds exactly. */
export function parseDuration(text: string): ParsedText<number> {
  if (/^\d+$/.test(text)) return { ok: false, message: `"${text}" has no unit. Write ${text}s.` };
  const parts = text === '' ? null : form.exec(text);
  const ms = parts ? units.reduce((sum, [, size], index) => sum + Number(parts[index + 1] ?? 0) * size, 0) : Number.NaN;
  if (Number.isSafeInteger(ms)) return { ok: true, value: ms };
  return { ok: false, message: `"${text}" is not a duration. Write one like 90s, 5m, 2h30m, 7d or 500ms.` };
}

/** The shortest way to write a duration given in ms, rounded to whole ms: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  let rest = Math.round(Math.abs(ms));
  let text = '';
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : `${ms < 0 ? '-' : ''}${text}`;
}
