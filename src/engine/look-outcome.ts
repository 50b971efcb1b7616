/** What the last looks at a hop came to. */
import type { EpochMs } from '../lib/clock.ts';
import type { LookOutcome } from './history.ts';
import { isSilence } from './reason.ts';
import type { HopState } from './state.ts';

/** Looks in a row that must fail before a hop counts as unreadable or blind. */
export const failedLooks = 2;
export function isFailing(hop: HopState): boolean {
  return hop.looks.at(-1) !== undefined && hop.looks.at(-1)?.coverage !== 'complete';
}

export function failing(hop: HopState): boolean {
  const { looks } = hop;
  for (let back = 1; back <= failedLooks; back++) {
    const look = looks[looks.length - back];
    if (look === undefined || look.coverage === 'complete') return false;
  }
  return true;
}

export function failingSince(hop: HopState): EpochMs {
  const at = hop.looks.findLastIndex((look) => look.coverage === 'complete');
  return hop.looks[at + 1]?.at ?? 0;
}

export function answeredBetween(look: LookOutcome, from: EpochMs, to: EpochMs): boolean {
  return look.at >= from && look.at <= to && !(look.coverage === 'failed' && isSilence(look.reason));
}

/** Its last looks failed, and nothing answered at all. */
export function isSilent(hop: HopState): boolean {
  return failing(hop) && isSilence(hop.looks.at(-1)?.reason);
}

/** When the first of its last looks in a row was over that nothing at all answered; a failure of another kind before says nothing. */
export function silentSince(hop: HopState): EpochMs {
  const at = hop.looks.findLastIndex((look) => !isSilence(look.reason));
  return hop.looks[at + 1]?.at ?? 0;
}
