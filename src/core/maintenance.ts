/** Times in which trouble is expected: still measured and recorded, but nobody is woken for it. */
import type { EpochMs } from '../lib/clock.ts';
import type { IncidentKind } from './incident.ts';
import { type IncidentPlace, isActive, isAt, type Window } from './window.ts';

/** Its id is `mw-` and a number. */
export type Maintenance = Window;

/** Whether a window holds now for trouble at a place. A storm stands for troubles anywhere: only one of everything covers it. */
export function covers(
  window: Maintenance,
  place: IncidentPlace & { readonly kind?: IncidentKind },
  now: EpochMs,
): boolean {
  return isActive(window, now) && isAt(window, place) && (place.kind !== 'storm' || window.pipeline === undefined);
}
