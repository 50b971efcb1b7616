/** Drills as the ledger keeps them, and which channels failed their last one. */
import { type Drill, type DrillChannel, verdictOf } from '../core/drill.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { EngineState } from './state.ts';

/** The newest are kept: a year of weekly ones. */
const kept = 50;

const rowKey = 'drills';

/** One that began, went on or ended; it is the same one by its id. */
export function noteDrill(state: EngineState, drill: Drill): void {
  state.drills = [...state.drills.filter(({ id }) => id !== drill.id), drill].slice(-kept);
  state.pending.push({ op: 'put', table: 'meta', row: { key: rowKey, value: JSON.stringify(state.drills) } });
  state.nextJudgeAt = 0;
}

/** What the ledger's meta rows hold of them, oldest first. */
export function restoreDrills(meta: ReadonlyMap<string, string>): readonly Drill[] {
  const drills: unknown = JSON.parse(meta.get(rowKey) ?? '[]');
  if (!Array.isArray(drills)) throw new Error('the row "drills" holds no list');
  return drills;
}

export interface FailedDrill {
  readonly drill: Drill;
  readonly channel: DrillChannel;
}

type Drilled = Pick<EngineState, 'drills' | 'notifiers'>;

/** Channels whose last drill that said anything of them failed. */
export function failedDrills({ drills, notifiers }: Drilled): readonly FailedDrill[] {
  const ended = drills.filter(({ endedAt }) => endedAt !== undefined).toReversed();
  return notifiers.flatMap(({ name }): FailedDrill[] => {
    for (const drill of ended) {
      const channel = drill.channels.find(({ notifier }) => notifier === name);
      const verdict = channel && verdictOf(channel);
      if (channel && verdict === 'failed') return [{ drill, channel }];
      if (verdict === 'good') return [];
    }
    return [];
  });
}

/** That a channel failed its drill is told on others, unless all of them did. */
export function isAboutItself(state: Drilled, { kind }: Pick<IncidentFacts, 'kind'>, notifier: string): boolean {
  if (kind !== 'undelivered') return false;
  const failed = failedDrills(state);
  return failed.length < state.notifiers.length && failed.some(({ channel }) => channel.notifier === notifier);
}
