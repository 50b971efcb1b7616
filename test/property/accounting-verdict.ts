/** One canary in the dull books, and the table of design §4 for what was not seen. */
import type { Verdict } from '../../src/core/verdict-name.ts';

export interface PlaceModel {
  readonly hop: string;
  readonly withinMs: number;
  readonly lostAfterMs: number;
  readonly graceMs: number;
  verdict: Verdict;
  seen: 'no' | 'implied' | 'direct';
  /** F, and F of the looks that prove loss. */
  absent: number;
  lost: number;
  /** Nothing changes any more: the engine has settled the block, and was checked to be allowed to. */
  frozen: boolean;
}

export interface CanaryModel {
  readonly stream: string;
  readonly seq: number;
  readonly planned: number;
  emission: 'unconfirmed' | 'emitted' | 'withheld';
  nb: number;
  na: number;
  readonly places: Map<string, PlaceModel>;
}

export function verdictOf(canary: CanaryModel, place: PlaceModel, now: number): Verdict {
  const d1 = canary.na + place.withinMs;
  if (canary.emission === 'withheld') return 'withheld';
  if (place.verdict === 'excused') return 'excused';
  if (canary.emission === 'emitted') {
    if (place.lost > canary.na + place.lostAfterMs) return 'lost';
    if (place.absent > d1) return 'overdue';
  }
  return now >= d1 + place.graceMs ? 'unverifiable' : 'pending';
}
