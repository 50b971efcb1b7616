/** Trouble that people know of and need not be told: made in reaction, narrower than maintenance, never without an end. */
import type { EpochMs } from '../lib/clock.ts';
import { type IncidentFacts, type IncidentKind, incidentKinds } from './incident.ts';
import { isActive, isAt, type Window } from './window.ts';

/** Its id is `sil-` and a number. It names at least one of pipeline, hop, kind and incident. */
export interface Silence extends Window {
  readonly kind?: IncidentKind;
  /** `inc-12`: only that one, and no longer than it is open. Its place and kind stand beside it. */
  readonly incident?: string;
}

/** What `matches` looks at in an incident. */
export type Silenceable = Pick<IncidentFacts, 'id' | 'pipeline' | 'hop' | 'kind'>;

/** That the ledger fails is told on another way, and always: without a ledger nobody watches. */
export const silenceableKinds: readonly IncidentKind[] = incidentKinds.filter((kind) => kind !== 'ledger');

/**
 * Whether it is about such an incident, at whatever time. What concerns all of us, and only stands at a pipeline because it must
 * stand somewhere, is another trouble than that pipeline's: it has to be named.
 */
export function matches(silence: Silence, facts: Silenceable): boolean {
  const { incident, kind, hop } = silence;
  if (facts.kind === 'ledger') return false;
  if (incident !== undefined) return incident === facts.id;
  if (kind === undefined && (facts.kind === 'storm' || (hop === undefined && isOurs(facts)))) return false;
  return isAt(silence, facts) && (kind ?? facts.kind) === facts.kind;
}

function isOurs({ hop, kind }: Silenceable): boolean {
  return hop === 'logcanary' || kind === 'silent';
}

export function silences(silence: Silence, facts: Silenceable, now: EpochMs): boolean {
  return isActive(silence, now) && matches(silence, facts);
}

/** `stopped at prod/index`, `everything in prod`, `inc-12 (lossy at prod/index)`: what it is about, for people. */
export function subjectOf({ pipeline, hop, kind, incident }: Omit<Silence, 'id'>): string {
  const place = [pipeline ?? (hop === undefined ? undefined : 'any pipeline'), hop];
  const where = place.filter((part) => part !== undefined).join('/');
  const what = kind ?? 'everything';
  const said = where === '' ? `${what} everywhere` : `${what} ${hop === undefined ? 'in' : 'at'} ${where}`;
  return incident === undefined ? said : `${incident} (${said})`;
}
