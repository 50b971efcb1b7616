/** By which label the streams concerned differ from those that flow. */
import { type Blame, blame } from '../core/blame.ts';
import type { Finding } from './finding.ts';
import type { HopState, StreamState, Track } from './state.ts';

interface Known {
  readonly key: string;
  readonly blame: Blame;
}
/** An incident is judged anew every second, and whom it concerns changes seldom. */
const known = new WeakMap<HopState, Known>();

/** `zone=1a`: labels that tell them apart; empty where it is not clear. Undefined where all are concerned. */
function labelsOf(
  hop: HopState,
  broken: readonly StreamState[],
  all: readonly StreamState[],
): readonly string[] | undefined {
  const key = `${all.length} ${broken.map(({ number }) => number).join(' ')}`;
  const last = known.get(hop);
  const found = last?.key === key ? last.blame : told(broken, all);
  known.set(hop, { key, blame: found });
  if (found.state === 'all') return undefined;
  return found.state === 'named' ? found.labels : [];
}

function told(broken: readonly StreamState[], all: readonly StreamState[]): Blame {
  const concerned = new Set(broken);
  const good = all.filter((stream) => !concerned.has(stream));
  return blame(
    broken.map(({ labels }) => labels),
    good.map(({ labels }) => labels),
  );
}

/** The streams that a finding is about, out of all, and by which labels they differ. */
export function whom(
  hop: HopState,
  tracks: readonly Track[],
  streams: readonly StreamState[],
): Pick<Finding, 'streams' | 'totalStreams' | 'labels'> {
  const all = tracks.map(({ stream }) => stream);
  const labels = labelsOf(hop, streams, all);
  return { streams, totalStreams: tracks.length, ...(labels === undefined ? {} : { labels }) };
}
