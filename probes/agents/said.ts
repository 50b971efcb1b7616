/** Text that other systems wrote, as it may stand in one line of a page. */

/** No control characters and no canary, which a page must not repeat; at most `most` characters. */
export function said(text: string, most = 160): string {
  const line = text
    .replace(/lcn1[a-z2-7]{4,}0?/g, 'lcn1…')
    .replace(/\p{C}+|\s+/gu, ' ')
    .trim();
  const points = [...line];
  return points.length > most ? `${points.slice(0, most - 1).join('')}…` : line;
}
