import { keyNumberOf } from '../lib/signer.ts';
import { checkExclusive } from './exclusive-check.ts';
import { checkHops } from './hop-check.ts';
import type { Finding } from './issue.ts';
import { itemsAt, repeated } from './items.ts';
import { checkNotify } from './notify-check.ts';
import { checkPeers } from './peer-check.ts';

/**
 * What no single field can tell: references, names given twice, times that contradict each other. Works on the document as
 * it stands, whatever else is wrong with it; parts of a wrong type are skipped, since the schema reports them.
 */
export function crossCheck(value: unknown): Finding[] {
  const pipelines = itemsAt(value, ['pipelines']);
  return [
    ...repeated(pipelines, 'name', 'pipeline'),
    ...pipelines.flatMap(({ item, path }) => checkHops(item, path)),
    ...checkHooks(value),
    ...checkExclusive(value),
    ...checkKeys(value),
    ...checkNotify(value),
    ...repeated(itemsAt(value, ['expected_pings']), 'name', 'expected ping'),
    ...checkPeers(value),
  ];
}

/** Hooks are reached by the hop's name alone, so it must be unique over all pipelines. */
function checkHooks(value: unknown): Finding[] {
  const pipelines = itemsAt(value, ['pipelines']);
  const hooks = pipelines.map(({ item, path }) => itemsAt(item, ['hops'], path).filter((hop) => 'webhook' in hop.item));
  const seen = new Set<unknown>();
  return hooks.flatMap((hops) => {
    const taken = hops.filter(({ item }) => seen.has(item.name));
    for (const { item } of hops) seen.add(item.name);
    return taken.map(({ item, path }) => ({
      path: [...path, 'name'],
      message: `"${String(item.name)}" is already a webhook hop of another pipeline, and both would answer at the same hook. Choose another name.`,
    }));
  });
}

function checkKeys(value: unknown): Finding[] {
  const byNumber = new Map<number, string>();
  return itemsAt(value, ['keys']).flatMap(({ item, path }): Finding[] => {
    if (typeof item.id !== 'string') return [];
    const number = keyNumberOf(item.id);
    const other = byNumber.get(number);
    byNumber.set(number, other ?? item.id);
    if (other === undefined) return [];
    const what =
      other === item.id ? 'is already the id of another key' : `has the same key number as "${other}" (${number})`;
    return [{ path: [...path, 'id'], message: `"${item.id}" ${what}. Choose another id.` }];
  });
}
