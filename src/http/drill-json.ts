import { type Drill, type DrillChannel, outcomeOf, summaryOf, verdictOf } from '../core/drill.ts';
import { isoTime } from './moment.ts';

/** A drill as the API and `drill --json` give it. */
export function drillJson(drill: Drill) {
  const { id, at, by, endedAt, channels } = drill;
  return {
    id,
    at: isoTime(at),
    by,
    ended_at: endedAt === undefined ? null : isoTime(endedAt),
    outcome: outcomeOf(drill),
    summary: summaryOf(drill),
    channels: channels.map(channelJson),
  };
}

export type DrillJson = ReturnType<typeof drillJson>;

function channelJson(channel: DrillChannel) {
  const { notifier, kind, state, acceptedMs, provenMs, why, end, endWhy } = channel;
  return {
    notifier,
    kind,
    state,
    verdict: verdictOf(channel) ?? null,
    accepted_ms: acceptedMs ?? null,
    proven_ms: provenMs ?? null,
    why: why ?? null,
    end,
    end_why: endWhy ?? null,
  };
}
