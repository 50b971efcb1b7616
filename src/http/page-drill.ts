/** What the page says of drills: how the last one went, and when each channel last passed one. */
import { type Drill, outcomeOf, passedAt, summaryOf, verdictOf } from '../core/drill.ts';
import type { StatusView } from '../core/status.ts';
import { type Moment, momentOf } from './moment.ts';

export interface DrillModel {
  /** Absent where none was held yet. */
  readonly last?: { readonly at: Moment; readonly by: string; readonly said: string; readonly bad: boolean };
  /** Of every channel, in the order of the configuration. */
  readonly channels: readonly { readonly name: string; readonly passed: Moment | undefined; readonly why: string }[];
}

/** Undefined where no drill can be held. */
export function drillModel({ drills, notifications, at }: StatusView): DrillModel | undefined {
  if (drills === undefined) return undefined;
  const [last] = drills;
  return {
    ...(last && { last: { at: momentOf(last.at, at), by: last.by, ...wordsOf(last) } }),
    channels: notifications.map(({ notifier }) => {
      const passed = passedAt(drills, notifier);
      return {
        name: notifier,
        passed: passed === undefined ? undefined : momentOf(passed, at),
        why: failureOf(drills, notifier),
      };
    }),
  };
}

function wordsOf(drill: Drill): { said: string; bad: boolean } {
  const outcome = outcomeOf(drill);
  return { said: outcome === 'running' ? 'under way' : summaryOf(drill), bad: outcome === 'failed' };
}

/** Why it failed its last one; empty where it did not. */
function failureOf(drills: readonly Drill[], notifier: string): string {
  for (const drill of drills) {
    const part = drill.endedAt === undefined ? undefined : partOf(drill, notifier);
    if (part?.verdict === 'good') return '';
    if (part?.verdict === 'failed') return part.why;
  }
  return '';
}

function partOf({ channels }: Drill, name: string) {
  const channel = channels.find(({ notifier }) => notifier === name);
  return channel && { verdict: verdictOf(channel), why: [channel.why, channel.endWhy].filter(Boolean).join(' ') };
}
