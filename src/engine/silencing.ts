/** Silences: set and ended by people in reaction to what they know of, kept in the ledger. What is told meanwhile: `hushing.ts`. */
import { type Silence, type Silenceable, silences } from '../core/silence.ts';
import { isActive } from '../core/window.ts';
import { maintenanceOf } from './maintaining.ts';
import { withPeers } from './peer-state.ts';
import type { EngineState, IncidentState } from './state.ts';
import { endedIn, isFull, keepWindows, nextId } from './windows.ts';

const rowKey = 'silences';

/** Why there is none: no such incident is open, or too many silences are. */
export type NoSilence = 'no-incident' | 'too-many';

/** The silence that is asked for, with its number; one of an incident gets its place and kind. The caller has checked times and names. */
export function setSilence(state: EngineState, wanted: Omit<Silence, 'id'>): Silence | NoSilence {
  if (isFull(state.silences, state.now)) return 'too-many';
  const about = wanted.incident === undefined ? undefined : openById(state, wanted.incident)?.facts;
  if (wanted.incident !== undefined && about === undefined) return 'no-incident';
  const { pipeline, hop, kind } = about ?? wanted;
  const silence: Silence = {
    id: nextId('sil', state.silences),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(hop === undefined ? {} : { hop }),
    ...(kind === undefined ? {} : { kind }),
    ...(wanted.incident === undefined ? {} : { incident: wanted.incident }),
    ...{ from: wanted.from, until: wanted.until, reason: wanted.reason, by: wanted.by },
  };
  state.silences = keepWindows(state, rowKey, [...state.silences, silence]);
  return silence;
}

/** Ends one now. False where there is none of that name that is not over. */
export function endSilence(state: EngineState, id: string): boolean {
  const ended = endedIn(state.silences, id, state.now);
  if (ended === undefined) return false;
  state.silences = keepWindows(state, rowKey, ended);
  return true;
}

/** A silence of an incident is over with it: what begins there anew is another incident. */
export function endWithIncidents(state: EngineState): void {
  for (const { id, incident, until } of state.silences) {
    if (incident !== undefined && until > state.now && !openById(state, incident)) endSilence(state, id);
  }
}

/** What the ledger's meta rows hold of them. */
export function restoreSilences(meta: ReadonlyMap<string, string>): readonly Silence[] {
  return JSON.parse(meta.get(rowKey) ?? '[]');
}

/** Those that hold now, peers' too. */
export function activeSilences(state: EngineState): readonly Silence[] {
  return withPeers(state, 'silences').filter((silence) => isActive(silence, state.now));
}

/** The silence that an incident falls under now, if one does: the one that lasts longest. */
export function silenceOf(state: EngineState, facts: Silenceable): Silence | undefined {
  const holding = withPeers(state, 'silences').filter((silence) => silences(silence, facts, state.now));
  return holding.toSorted((one, other) => other.until - one.until)[0];
}

/** Nobody is told of its beginning now. */
export function isQuiet(state: EngineState, facts: Silenceable): boolean {
  return maintenanceOf(state, facts) !== undefined || silenceOf(state, facts) !== undefined;
}

export function openById(state: EngineState, id: string): IncidentState | undefined {
  return [...state.open.values()].find(({ facts }) => facts.id === id);
}
