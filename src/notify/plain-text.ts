/** Names, error texts and vendors' answers come from outside: what makes them safe and short enough to show. */

/** Characters that move the cursor, break the line or reorder text on a screen. */
const control = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;

/** A whole canary token; in a page it could flow back into the pipeline and be found there. */
const wholeToken = /lcn1[a-z2-7]{47}0/g;

/** One line of well-formed text: no control characters, no line feeds, no text direction tricks, no whole token. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(control, ' ')
    .replace(wholeToken, (token) => `${token.slice(0, 11)}…`)
    .replace(/ {2,}/g, ' ')
    .trim();
}

/** At most `max` code points (1 or more), the last one `…` when something was cut off. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // One code point is at most two UTF-16 units: a long text need not be taken apart as a whole.
  const points = Array.from(text.slice(0, 2 * max + 2));
  return points.length <= max ? text : `${points.slice(0, max - 1).join('')}…`;
}

/** Both: cleaned, then at most `max` code points. */
export function short(text: string, max: number): string {
  // Cleaning only shortens, but a bound first keeps a text of megabytes from costing seconds.
  return cut(clean(text.slice(0, 20 * max)), max);
}

/** Some of many names: `a, b, c and 7 more`. Empty for none. */
export function someOf(names: readonly string[], max: number, total: number = names.length): string {
  const shown = names.slice(0, max).map((name) => short(name, 63));
  const more = Math.max(total, names.length) - shown.length;
  if (shown.length === 0) return '';
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
