/** Names in a sentence: so that a thousand nodes make one readable page. */

const shownNames = 10;

export function named(names: readonly string[]): string {
  const sorted = names.toSorted();
  const more = sorted.length - shownNames;
  return more > 0 ? `${sorted.slice(0, shownNames).join(', ')} and ${more} more` : sorted.join(', ');
}

/** One entry for each thing that is said, with all of whom it is said. */
export function grouped(
  said: readonly { readonly name: string; readonly what: string }[],
): { readonly what: string; readonly names: readonly string[] }[] {
  const groups = new Map<string, string[]>();
  for (const { name, what } of said) groups.set(what, [...(groups.get(what) ?? []), name]);
  return [...groups].map(([what, names]) => ({ what, names }));
}
