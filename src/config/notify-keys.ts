import { formatPath, isMap, type Path } from './path.ts';
import { frameKeys } from './schema.ts';

export interface Hoisted {
  /** The document with those keys moved up. */
  readonly value: unknown;
  /** Where something stands in the file, given where it stands in `value`. */
  written(path: Path): Path;
}

/**
 * `name`, `min_severity` and their like may stand inside its kind's object (`slack: { webhook_url, min_severity }`). They
 * are not the notifier's own, so they are moved up beside the kind before its schema sees the rest.
 */
export function hoistNotifierKeys(document: unknown): Hoisted {
  const moved = new Map<string, Path>();
  const written = (path: Path) => moved.get(formatPath(path)) ?? path;
  if (!isMap(document) || !Array.isArray(document.notify)) return { value: document, written };
  const notify = document.notify.map((item: unknown, index) => (isMap(item) ? hoistItem(item, index, moved) : item));
  return { value: { ...document, notify }, written };
}

function hoistItem(item: Record<string, unknown>, index: number, moved: Map<string, Path>): Record<string, unknown> {
  const result: Record<string, unknown> = { ...item };
  for (const [kind, options] of Object.entries(item)) {
    if (!isMap(options)) continue;
    const rest = { ...options };
    for (const key of frameKeys.notify.filter((own) => Object.hasOwn(options, own))) {
      delete rest[key];
      result[key] = item[key] ?? options[key];
      if (!Object.hasOwn(item, key)) moved.set(formatPath(['notify', index, key]), ['notify', index, kind, key]);
    }
    result[kind] = rest;
  }
  return result;
}
