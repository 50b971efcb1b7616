import type { Finding } from './issue.ts';
import { isMap, type Path, valueAt } from './path.ts';

/** One entry of a list, with where it stands. */
export interface Item {
  readonly item: Record<string, unknown>;
  readonly path: Path;
}

/** The entries of a list that are mappings; none where there is no list. */
export function itemsAt(value: unknown, within: Path, base: Path = []): Item[] {
  const list = valueAt(value, within);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item, index) => (isMap(item) ? [{ item, path: [...base, ...within, index] }] : []));
}

/** A finding for each item whose text at `key` an earlier one already has. */
export function repeated(items: readonly Item[], key: string, noun: string): Finding[] {
  const seen = new Set<string>();
  return items.flatMap(({ item, path }) => {
    const text = item[key];
    if (typeof text !== 'string') return [];
    if (!seen.has(text)) return seen.add(text) && [];
    return [
      { path: [...path, key], message: `"${text}" is already the ${key} of another ${noun}. Choose another ${key}.` },
    ];
  });
}
