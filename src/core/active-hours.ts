/** When a pipeline is expected to flow: clusters that are switched off at night are not missed then. */
import type { EpochMs } from '../lib/clock.ts';

export interface ActiveHours {
  /** How it stands at a moment of the wall clock: since when, and until when it stays so. */
  at(wall: EpochMs): { readonly active: boolean; readonly since: EpochMs; readonly until: EpochMs };
}
