/** What is said of every trouble of the flow at a hop, whatever its rule: since when, for whom, between what, what lies behind it. */
import type { EpochMs } from '../lib/clock.ts';
import { whom } from './blaming.ts';
import { readableAbove } from './depth.ts';
import { countsSince, type Finding, looksOf } from './finding.ts';
import { hopsBehind } from './flow.ts';
import { flowLooks } from './on-the-way.ts';
import type { HopState, StreamState, Track } from './state.ts';

/** Of `tracks`, those of `streams` are concerned. */
export function troubleAt(
  hop: HopState,
  kind: 'slow' | 'lossy',
  { tracks, streams, since }: { tracks: readonly Track[]; streams: readonly StreamState[]; since: EpochMs },
): Omit<Finding, 'detail'> {
  return {
    kind,
    hop: hop.spec.name,
    since,
    ...whom(hop, tracks, streams),
    between: { from: readableAbove(hop), to: hop.spec.name },
    behind: hopsBehind(hop).map((each) => each.spec.name),
    counts: () => countsSince(hop, since),
    looks: looksOf(hop),
    firstLook: flowLooks(hop, kind, { streams }),
  };
}
