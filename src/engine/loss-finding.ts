/** Lines that go missing while others still arrive. */
import { evidenceOf } from '../core/evidence.ts';
import { goodRunToClear, wilson } from '../core/statistics.ts';
import { burningFinding } from './burning.ts';
import { enough, type Finding, hasOpen } from './finding.ts';
import { decidedMs, type LossTally, missesSince, overtakenBy, tallyLosses } from './flow.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { troubleAt } from './trouble.ts';

/** Many in the loss window, or fewer over hours and days. */
export function lossFinding(state: EngineState, hop: HopState, tracks: readonly Track[]): Finding | undefined {
  return windowFinding(state, hop, tracks) ?? burningFinding(state, hop);
}

function windowFinding(state: EngineState, hop: HopState, tracks: readonly Track[]): Finding | undefined {
  const { budget, windowMs } = hop.pipeline.spec.loss;
  if (!tracks.some((track) => missesSince(track, state.now - windowMs))) return undefined;
  const dueBefore = state.now - hop.spec.withinMs - hop.spec.pollMs;
  const tallyOf = (some: readonly Track[]) => tallyLosses(some, state.now - windowMs, dueBefore);
  const whole = tallyOf(tracks);
  // What one node of thousands loses is nothing beside all others, and for that node it is much.
  const tally = isAbove(whole, budget) ? whole : tallyOf(losingMuch(whole.streams, hop, tallyOf, budget));
  if (!isAbove(tally, budget)) return undefined;
  const bound = wilson(tally.losses, tally.trials);
  // Once losses leave the window those that are left look rarer than they were: they begin nothing new long after the last one.
  const decided = Math.max(...tracks.map(decidedMs));
  if (!hasOpen(state, hop, 'lossy') && dueBefore - tally.lastAt > decided + windowMs / 2) return undefined;
  // A late one counts as lost once so many younger ones came: those cannot show that it is over, or a short burst were never told.
  const clearedBy = overtakenBy + Math.max(5, goodRunToClear(tally.losses / tally.trialsSince));
  if (tally.goodAfter >= clearedBy) return undefined;
  const { losses, trials, streams, since } = tally;
  const said = { losses, trials, hop: hop.spec.name, least: bound.lo, budget };
  return { ...troubleAt(hop, 'lossy', { tracks, streams, since }), detail: [evidenceOf('lossy', said)] };
}

function isAbove({ losses, trials }: LossTally, budget: number): boolean {
  return losses >= enough && wilson(losses, trials).lo > budget;
}

function losingMuch(
  streams: readonly StreamState[],
  hop: HopState,
  tallyOf: (tracks: readonly Track[]) => LossTally,
  budget: number,
): Track[] {
  const losing = new Set(streams);
  return hop.tracks.filter((track) => losing.has(track.stream) && isAbove(tallyOf([track]), budget));
}
