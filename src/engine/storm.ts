/**
 * Very many incidents at once are one trouble that nobody can read one by one: beyond the first few a channel hears of them as one,
 * until all of those are over.
 */
import { evidenceOf } from '../core/evidence.ts';
import { looksFor, ownAdvice } from '../core/first-look.ts';
import type { Finding } from './finding.ts';
import type { EngineState, IncidentState } from './state.ts';

/** Members that its evidence names. */
const namedAtMost = 8;

/** A channel wants to hear of a beginning: told at the end of the step, so that many that begin at once are seen as that. */
export function beginTelling(state: EngineState, incident: IncidentState, notifier: string): void {
  state.beginnings.push({ incident, notifier });
}

/** What a channel hears of as one. */
export function isInStorm({ facts }: IncidentState, notifier: string): boolean {
  return facts.storm?.includes(notifier) === true;
}

function members(state: EngineState): IncidentState[] {
  return [...state.open.values()].filter(({ facts }) => facts.storm !== undefined);
}

/** A channel is told of a storm when something was held back from it. */
export function hasStorm(state: EngineState, notifier: string): boolean {
  return members(state).some((incident) => isInStorm(incident, notifier));
}

/** Told with the first pipeline. */
export function stormFinding(state: EngineState): Finding[] {
  const all = members(state);
  if (all.length === 0) return [];
  const worstFirst = all.toSorted(
    (a, b) => Number(b.facts.severity === 'critical') - Number(a.facts.severity === 'critical'),
  );
  const shown = worstFirst.slice(0, namedAtMost).map(({ facts }) => `${facts.kind} ${facts.pipeline}/${facts.hop}`);
  return [
    {
      ...{ kind: 'storm', hop: 'logcanary', streams: [], totalStreams: 0 },
      severity: worstFirst[0]?.facts.severity ?? 'warning',
      since: Math.min(...all.map(({ facts }) => facts.openedAt)),
      detail: [evidenceOf('storm', { count: all.length, places: { shown, more: all.length - shown.length } })],
      firstLook: looksFor(ownAdvice.storm, { file: state.config.file }),
    },
  ];
}
