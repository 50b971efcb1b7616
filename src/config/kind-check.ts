import type { Finding } from './issue.ts';
import { isMap, type Path, showKey, valueAt } from './path.ts';
import type { Kinds, Place } from './pipeline-schema.ts';
import { frameKeys } from './schema.ts';
import { nearest } from './suggest.ts';

const nouns: Readonly<Record<Place, string>> = { inject: 'injector', hops: 'hop', checks: 'check', notify: 'notifier' };

/** Says where an item has no kind, an unknown one or several; whatever else is wrong with it is the schema's. */
export function checkKinds(value: unknown, kinds: Record<Place, Kinds>): Finding[] {
  const pipelines = valueAt(value, ['pipelines']);
  const count = Array.isArray(pipelines) ? pipelines.length : 0;
  const findings = checkPlace(value, ['notify'], 'notify', kinds);
  for (let index = 0; index < count; index++) {
    for (const place of ['inject', 'hops', 'checks'] as const) {
      findings.push(...checkPlace(value, ['pipelines', index, place], place, kinds));
    }
  }
  return findings;
}

function checkPlace(value: unknown, path: Path, place: Place, kinds: Record<Place, Kinds>): Finding[] {
  const items = valueAt(value, path);
  if (!Array.isArray(items)) return [];
  return items.flatMap((item, index) => (isMap(item) ? checkItem(item, [...path, index], place, kinds) : []));
}

function checkItem(item: Record<string, unknown>, path: Path, place: Place, kinds: Record<Place, Kinds>): Finding[] {
  const known = Object.keys(kinds[place]);
  const given = Object.keys(item).filter((key) => known.includes(key));
  if (given.length === 1) return [];
  const noun = nouns[place];
  if (given.length > 1)
    return [{ path, message: `${given.length} kinds (${given.join(', ')}) in one ${noun}. Keep one of them.` }];
  const meant = Object.keys(item).find((key) => looksLikeKind(item, key, place, known));
  const choice = `Known: ${known.join(', ') || 'none'}.`;
  if (meant === undefined) return [{ path, message: `no kind of ${noun} is given. ${choice}` }];
  const elsewhere = (Object.keys(nouns) as Place[]).find((other) => Object.hasOwn(kinds[other], meant));
  const near = nearest(meant, known);
  const advice = elsewhere ? `It is for ${elsewhere}. ` : near ? `Did you mean ${near}? ` : '';
  return [
    { path: [...path, meant], atKey: true, message: `${showKey(meant)} is no kind of ${noun}. ${advice}${choice}` },
  ];
}

function looksLikeKind(item: Record<string, unknown>, key: string, place: Place, known: readonly string[]): boolean {
  if (frameKeys[place].includes(key)) return false;
  return (
    isMap(item[key]) ||
    item[key] === null ||
    nearest(key, known) !== undefined ||
    nearest(key, frameKeys[place]) === undefined
  );
}
