/** Times in which people are not told of trouble: what maintenance and silences have in common. */
import type { EpochMs } from '../lib/clock.ts';
import type { Config } from './pipeline.ts';

export interface Window {
  /** A prefix and a number that is never reused. */
  readonly id: string;
  /** Absent: every pipeline. */
  readonly pipeline?: string;
  /** A place of incidents there (`placesOf`). Absent: all of them. */
  readonly hop?: string;
  readonly from: EpochMs;
  /** It always has an end: one that is forgotten would hide the next outage. */
  readonly until: EpochMs;
  readonly reason: string;
  readonly by: string;
}

/** The longest that one may last, ms: 7 days. What lasts longer is a configuration. */
export const longestWindowMs = 7 * 86_400_000;

/** Where an incident is. */
export interface IncidentPlace {
  readonly pipeline: string;
  readonly hop: string;
}

export function isActive({ from, until }: Pick<Window, 'from' | 'until'>, now: EpochMs): boolean {
  return now >= from && now < until;
}

export function isAt({ pipeline, hop }: Pick<Window, 'pipeline' | 'hop'>, place: IncidentPlace): boolean {
  return (pipeline ?? place.pipeline) === place.pipeline && (hop ?? place.hop) === place.hop;
}

/** By pipeline, every name under which an incident may be told there. */
export type Places = ReadonlyMap<string, readonly string[]>;

/** Hops, checks and expected pings; `emitter` and `logcanary` are places of incidents, too. */
export function placesOf({ pipelines, expectedPings }: Pick<Config, 'pipelines' | 'expectedPings'>): Places {
  const pings = expectedPings.map(({ name }) => name);
  return new Map(
    pipelines.map(({ name, hops, checks }, at) => {
      const own = [...hops, ...checks].map((each) => each.name);
      return [name, [...own, 'emitter', 'logcanary', ...(at === 0 ? pings : [])]];
    }),
  );
}

/** What names nothing that there is, for people; empty where all is well. A hop alone is looked for in every pipeline. */
export function placeFaults({ pipeline, hop }: Pick<Window, 'pipeline' | 'hop'>, places: Places): string[] {
  const known = pipeline === undefined ? [...places.values()].flat() : places.get(pipeline);
  if (known === undefined)
    return [`There is no such pipeline "${pipeline}". There are: ${listOf([...places.keys()])}.`];
  if (hop === undefined || known.includes(hop)) return [];
  const where = pipeline === undefined ? '' : ` of ${pipeline}`;
  return [`There is no such hop or check "${hop}"${where}. There are: ${listOf(known)}.`];
}

const namesShown = 50;

function listOf(names: readonly string[]): string {
  const all = [...new Set(names)];
  const more = all.length > namesShown ? ` and ${all.length - namesShown} more` : '';
  return `${all.slice(0, namesShown).join(', ')}${more}`;
}
