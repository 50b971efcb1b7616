import type { Finding } from './issue.ts';
import { itemsAt } from './items.ts';
import { isMap } from './path.ts';

/** Names of channels that are not there. Works on the document as it stands. */
export function checkDrill(value: unknown, notifiers: readonly string[]): Finding[] {
  if (!isMap(value) || !isMap(value.drill)) return [];
  if (itemsAt(value, ['notify']).length === 0)
    return [{ path: ['drill'], message: 'there is no notifier to be drilled. Write notify, or remove this.' }];
  const wanted: unknown = value.drill.notifiers;
  if (!Array.isArray(wanted)) return [];
  return wanted.flatMap((each: unknown, at): Finding[] => {
    if (typeof each !== 'string' || notifiers.includes(each)) return [];
    const message = `there is no notifier "${each}". Known: ${notifiers.join(', ')}.`;
    return [{ path: ['drill', 'notifiers', at], message }];
  });
}
