/** Where a stream stands on its schedule. Planned times only rise with the sequence numbers. */
import { plannedAt } from '../core/schedule.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { StreamState } from './state.ts';
import { runOf } from './track.ts';

/** Planned time of a granted canary; 0 where its run is gone. */
export function timeOf(stream: StreamState, seq: number): EpochMs {
  const run = runOf(stream, seq);
  return run ? plannedAt(run, seq) : 0;
}

/** The first of a range that was planned at `since` or later; one past its end when none was. */
export function firstPlannedFrom(stream: StreamState, from: number, to: number, since: EpochMs): number {
  let [low, high] = [from, to + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const run = runOf(stream, middle);
    if (run && plannedAt(run, middle) >= since) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Canaries that were handed over ahead of their times become due. Those that are not are neither missing nor looked for. */
export function advanceDue(stream: StreamState, now: EpochMs): void {
  if (stream.schedule === undefined) return;
  while (stream.dueSeq < stream.nextSeq && timeOf(stream, stream.dueSeq) <= now) stream.dueSeq += 1;
}
