/** What no single field of a notifier can tell: its name against those of others, and who stands in for whom. */
import { checkDrill } from './drill-check.ts';
import type { Finding } from './issue.ts';
import { type Item, itemsAt } from './items.ts';
import { isMap, type Path } from './path.ts';
import { frameKeys } from './schema.ts';
import { nearest } from './suggest.ts';

export function checkNotify(value: unknown): Finding[] {
  const notifiers = itemsAt(value, ['notify']).map(framed);
  const pipelines = itemsAt(value, ['pipelines']).map(({ item }) => item.name);
  return [
    ...notifiers.flatMap(({ twice }) => twice),
    ...repeatedNames(notifiers),
    ...checkDrill(
      value,
      notifiers.flatMap(({ name }) => name ?? []),
    ),
    ...notifiers.flatMap((notifier) => [
      ...checkFallback(notifier, notifiers),
      ...checkFilter(notifier, pipelines),
      ...checkStandby(notifier, notifiers),
    ]),
  ];
}

/** A notifier with the loader's keys, which may stand beside its kind or in it. */
interface Framed {
  readonly path: Path;
  /** The name it is given, or its kind. Undefined where it has neither. */
  readonly name: string | undefined;
  readonly keys: ReadonlyMap<string, { readonly value: unknown; readonly path: Path }>;
  readonly twice: readonly Finding[];
}

function framed({ item, path }: Item): Framed {
  const isFrameKey = (key: string) => frameKeys.notify.includes(key);
  const keys = new Map<string, { value: unknown; path: Path }>();
  const twice: Finding[] = [];
  for (const [kind, options] of Object.entries(item)) {
    if (isFrameKey(kind) || !isMap(options)) continue;
    for (const [key, value] of Object.entries(options)) {
      const at = [...path, kind, key];
      if (isFrameKey(key)) keys.set(key, { value, path: at });
      if (isFrameKey(key) && Object.hasOwn(item, key))
        twice.push({ path: at, message: `${key} is given twice. Keep one of them.` });
    }
  }
  for (const [key, value] of Object.entries(item)) if (isFrameKey(key)) keys.set(key, { value, path: [...path, key] });
  const only = keys.get('only');
  if (keys.has('min_severity') && isMap(only?.value) && Object.hasOwn(only.value, 'min_severity'))
    twice.push({ path: [...only.path, 'min_severity'], message: 'min_severity is given twice. Keep one of them.' });
  const kind = Object.keys(item).find((key) => !isFrameKey(key));
  const given = keys.get('name')?.value;
  return { path, name: typeof given === 'string' ? given : kind, keys, twice };
}

/** A notifier's name defaults to its kind, so a second one of a kind needs a name. */
function repeatedNames(notifiers: readonly Framed[]): Finding[] {
  const seen = new Set<string>();
  return notifiers.flatMap(({ name, path }): Finding[] => {
    if (name === undefined || !seen.has(name)) return name === undefined ? [] : seen.add(name) && [];
    return [{ path, message: `"${name}" is already the name of another notifier. Give this one a name of its own.` }];
  });
}

function checkFallback({ name, keys }: Framed, notifiers: readonly Framed[]): Finding[] {
  const [fallback, after] = [keys.get('fallback'), keys.get('fallback_after')];
  if (after && !fallback) {
    return [{ path: after.path, message: 'there is no fallback that would be told. Write fallback, or remove this.' }];
  }
  if (!fallback || typeof fallback.value !== 'string') return [];
  if (fallback.value === name) {
    return [{ path: fallback.path, message: 'a notifier cannot stand in for itself. Name another one.' }];
  }
  const names = notifiers.flatMap((each) => (each.name === undefined ? [] : [each.name]));
  if (names.includes(fallback.value)) return [];
  const near = nearest(fallback.value, names);
  const advice = near ? `Did you mean ${near}?` : `Known: ${names.join(', ')}.`;
  return [{ path: fallback.path, message: `there is no notifier "${fallback.value}". ${advice}` }];
}

function checkFilter({ keys }: Framed, pipelines: readonly unknown[]): Finding[] {
  const only = keys.get('only');
  const wanted = isMap(only?.value) ? only.value.pipelines : undefined;
  if (!only || !Array.isArray(wanted)) return [];
  return wanted.flatMap((name: unknown, at): Finding[] => {
    if (typeof name !== 'string' || pipelines.includes(name)) return [];
    const message = `there is no pipeline "${name}". Known: ${pipelines.join(', ') || 'none'}.`;
    return [{ path: [...only.path, 'pipelines', at], message }];
  });
}

/** Nobody would ever be told there. */
function checkStandby({ name, keys }: Framed, notifiers: readonly Framed[]): Finding[] {
  const standby = keys.get('standby');
  if (standby?.value !== true || notifiers.some((each) => each.keys.get('fallback')?.value === name)) return [];
  const message = `no notifier has fallback: ${String(name)}, so nobody would be told here. Name it in one, or remove standby.`;
  return [{ path: standby.path, message }];
}
