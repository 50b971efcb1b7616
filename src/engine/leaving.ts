/** Streams that go away: what of them is excused. */
import type { EngineState, InjectorState, PipelineState, StreamState } from './state.ts';
import { excuse } from './track.ts';

/** An excuse reaches back this far before the leaving sign (design §4). */
const excuseBackMs = 60_000;
/** An older list of streams says nothing of who leaves (design §4: under 2 minutes old). */
const oldListMs = 120_000;
/** Streams that leave within so long of one another leave together: a zone dies node by node. */
const togetherMs = 600_000;
/**
 * A dying zone must not excuse itself: with more than half of several streams leaving together nothing is excused. So it is decided
 * when it is known of all of them whether they leave: once every injector was listed since, except those that cannot be; and once. What
 * was handed over ahead of its time is excused as it becomes due.
 */
export function excuseLeaving(state: EngineState, { injectors, leaving }: PipelineState): void {
  if (leaving.size === 0) return;
  for (const [stream, { notedAt, decided }] of leaving)
    if (decided && !stream.listed && notedAt < state.now - togetherMs) leaving.delete(stream);
  let present = 0;
  for (const { streams } of injectors) {
    for (const stream of streams.values()) if (stream.listed && !leaving.has(stream)) present += 1;
  }
  const all = present + leaving.size;
  const tooMany = all > 1 && leaving.size * 2 > all;
  const watchedSince = Math.max(state.startedAt, state.watchingSince);
  for (const [stream, leave] of leaving) {
    const isKnown = ({ listedAt }: InjectorState) =>
      listedAt >= leave.notedAt || Math.max(listedAt, watchedSince) < state.now - oldListMs;
    if (leave.decided || !injectors.every(isKnown)) continue;
    leave.decided = true;
    leave.granted = !tooMany;
    if (leave.granted) excuseSince(stream);
  }
  for (const [stream, { granted }] of leaving) if (granted && stream.schedule !== undefined) excuseSince(stream);
}

function excuseSince(stream: StreamState): void {
  if (stream.leavingSince !== undefined) excuse(stream, stream.leavingSince - excuseBackMs);
}

/** After a restart: what left a moment ago may be gone from the lists by now, and was perhaps not decided yet. */
export function leftBefore(state: EngineState, stream: StreamState): void {
  const { leavingSince, injector } = stream;
  if (leavingSince === undefined || leavingSince < state.now - togetherMs) return;
  injector.pipeline.leaving.set(stream, { notedAt: state.now, decided: false, granted: false });
}
