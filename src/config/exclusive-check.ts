import type { Finding } from './issue.ts';
import { type Item, itemsAt } from './items.ts';
import { isMap } from './path.ts';
import { frameKeys } from './schema.ts';

interface Watched extends Item {
  readonly pipeline: string;
  /** What is looked at, so that the same place reads the same. */
  readonly place: string;
}

/** Where pipelines share a place on purpose, each other's canaries are no strangers there. */
export function checkExclusive(value: unknown): Finding[] {
  const hops = itemsAt(value, ['pipelines']).flatMap(({ item, path }) =>
    itemsAt(item, ['hops'], path).flatMap((hop) => watched(String(item.name), hop)),
  );
  return hops.flatMap(({ item, path, pipeline, place }): Finding[] => {
    if (item.exclusive !== true) return [];
    const other = hops.find((each) => each.pipeline !== pipeline && each.place === place);
    if (other === undefined) return [];
    const what = `its canaries and those of pipeline "${other.pipeline}" come to the same place: hop "${String(other.item.name)}" there looks at it too`;
    return [
      { path: [...path, 'exclusive'], message: `${what}. Give each a place of its own, or leave exclusive out.` },
    ];
  });
}

/** A hook is reached by its hop's name, and is nobody else's. */
function watched(pipeline: string, { item, path }: Item): Watched[] {
  const kind = Object.keys(item).find((key) => !frameKeys.hops.includes(key));
  const options = kind === undefined ? undefined : item[kind];
  if (!isMap(options) || Object.keys(options).length === 0) return [];
  const sorted = Object.entries(options).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return [{ item, path, pipeline, place: JSON.stringify([kind, sorted]) }];
}
