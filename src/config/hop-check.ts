import { formatDuration, parseDuration } from '../lib/duration.ts';
import type { Finding } from './issue.ts';
import { type Item, itemsAt, repeated } from './items.ts';
import type { Path } from './path.ts';
import { nearest } from './suggest.ts';

/** Incidents that belong to no hop are filed under these names. */
const reservedNames: readonly unknown[] = ['emitter', 'logcanary'];

/** With more, which the schema refuses, comparing each with each would take too long. */
const mostHops = 1000;

/** One pipeline: its hops form a tree, injectors enter it at hops that exist, times fit each other. */
export function checkHops(pipeline: Record<string, unknown>, path: Path): Finding[] {
  const hops = itemsAt(pipeline, ['hops'], path);
  if (hops.length > mostHops) return [];
  const injectors = itemsAt(pipeline, ['inject'], path);
  const checks = itemsAt(pipeline, ['checks'], path);
  return [
    ...repeated([...hops, ...checks], 'name', 'hop or check'),
    ...repeated(injectors, 'name', 'injector'),
    ...reserved([...hops, ...checks]),
    ...unknownHops(hops, 'after', hops),
    ...unknownHops(injectors, 'enters', hops),
    ...circles(hops),
    ...twins(injectors),
    ...uncovered(injectors, hops),
    ...times(pipeline, hops, path),
  ];
}

function reserved(items: readonly Item[]): Finding[] {
  return items
    .filter(({ item }) => reservedNames.includes(item.name))
    .map(({ item, path }) => ({
      path: [...path, 'name'],
      message: `"${String(item.name)}" is what we file our own incidents under. Choose another name.`,
    }));
}

function namesOf(items: readonly Item[]): string[] {
  return items.flatMap(({ item }) => (typeof item.name === 'string' ? [item.name] : []));
}

function unknownHops(items: readonly Item[], key: string, hops: readonly Item[]): Finding[] {
  const names = namesOf(hops);
  return items.flatMap(({ item, path }) => {
    const wanted = item[key];
    if (typeof wanted !== 'string' || names.includes(wanted)) return [];
    const near = nearest(wanted, names);
    const advice = near ? `Did you mean ${near}?` : `Hops: ${names.join(', ') || 'none'}.`;
    return [{ path: [...path, key], message: `"${wanted}" is no hop of this pipeline. ${advice}` }];
  });
}

function parentsOf(hops: readonly Item[]): Map<unknown, unknown> {
  return new Map(hops.map(({ item }) => [item.name, item.after]));
}

/** One finding for each circle, at the first of its hops. */
function circles(hops: readonly Item[]): Finding[] {
  const parents = parentsOf(hops);
  const reported = new Set<unknown>();
  return hops.flatMap(({ item, path }) => {
    const chain = chainOf(item.name, parents);
    if (chain.at(-1) !== item.name || chain.length < 2 || reported.has(item.name)) return [];
    for (const name of chain) reported.add(name);
    return [{ path: [...path, 'after'], message: `a circle: ${chain.join(' after ')}. Remove one after.` }];
  });
}

/** A hop's name and those before it, ending where there is none or where a name comes again. */
function chainOf(name: unknown, parents: ReadonlyMap<unknown, unknown>): unknown[] {
  const chain = [name];
  const seen = new Set(chain);
  for (let next = parents.get(name); typeof next === 'string' && parents.has(next); next = parents.get(next)) {
    chain.push(next);
    if (seen.has(next)) break;
    seen.add(next);
  }
  return chain;
}

/** Two injectors that are the same in all but name and pace would write every stream twice. */
function twins(injectors: readonly Item[]): Finding[] {
  const seen = new Map<string, number>();
  return injectors.flatMap(({ item, path }, index) => {
    const { name, every, max_rate, shapes, ...place } = item;
    const key = JSON.stringify(place);
    const twin = seen.get(key);
    seen.set(key, twin ?? index);
    if (twin === undefined) return [];
    return [{ path, message: `the same place as inject[${twin}]: each stream would be written twice. Remove one.` }];
  });
}

/** A hop that no injector's canaries pass would never be seen flowing. */
function uncovered(injectors: readonly Item[], hops: readonly Item[]): Finding[] {
  const entries = injectors.map(({ item }) => item.enters);
  const names = namesOf(hops);
  if (entries.length === 0 || entries.some((enters) => typeof enters !== 'string' || !names.includes(enters)))
    return [];
  const parents = parentsOf(hops);
  return hops
    .filter(({ item }) => !chainOf(item.name, parents).some((name) => entries.includes(name)))
    .map(({ item, path }) => ({
      path,
      message: `no canary passes hop "${String(item.name)}": every injector enters behind it. Add one that enters here, or remove the hop.`,
    }));
}

function times(pipeline: Record<string, unknown>, hops: readonly Item[], path: Path): Finding[] {
  const lostAfter = readMs(pipeline.lost_after ?? '6h');
  const keep = readMs(pipeline.keep_canaries ?? '7d');
  const findings = hops.flatMap((hop) => hopTimes(hop, hops, lostAfter));
  if (keep !== undefined && lostAfter !== undefined && keep < lostAfter) {
    const message = `${formatDuration(keep)} is below lost_after (${formatDuration(lostAfter)}). Write at least ${formatDuration(lostAfter)}.`;
    findings.push({ path: [...path, 'keep_canaries'], message });
  }
  return findings;
}

function hopTimes({ item, path }: Item, hops: readonly Item[], lostAfter: number | undefined): Finding[] {
  const within = readMs(item.within);
  if (within === undefined) return [];
  const findings: Finding[] = [];
  const say = (key: string, message: string) => findings.push({ path: [...path, key], message });
  const parent = hops.find((hop) => hop.item.name === item.after && typeof item.after === 'string');
  const parentWithin = readMs(parent?.item.within);
  if (parentWithin !== undefined && within < parentWithin) {
    const least = formatDuration(parentWithin);
    say(
      'within',
      `${formatDuration(within)} is below the ${least} of "${String(item.after)}" before it. Write at least ${least}: within counts from injection.`,
    );
  }
  const poll = readMs(item.poll);
  if (poll !== undefined && poll > within / 4) {
    const most = formatDuration(Math.floor(within / 4));
    say(
      'poll',
      `${formatDuration(poll)} is above a quarter of within (${formatDuration(within)}). Write at most ${most}.`,
    );
  }
  if (lostAfter !== undefined && lostAfter <= within) {
    say(
      'within',
      `${formatDuration(within)} is not below lost_after (${formatDuration(lostAfter)}). Write less, or a longer lost_after.`,
    );
  }
  return findings;
}

function readMs(value: unknown): number | undefined {
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined;
  return parsed?.ok ? parsed.value : undefined;
}
