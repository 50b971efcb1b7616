/** A drill: a marked test incident through channels, and what became of it at each. Pure data (JSON): it is stored in the ledger. */

import type { EpochMs } from '../lib/clock.ts';
import { dedupKeyOf } from './dedup-key.ts';
import { evidenceOf, evidenceText } from './evidence.ts';
import { looksFor, lookText, ownAdvice } from './first-look.ts';
import type { IncidentFacts } from './incident.ts';

/**
 * `sending`, `proving`: under way. `proven`: seen where it was sent to. `accepted`: taken, and nobody can be asked for more. `blind`:
 * taken, but we could not look. `missing`: taken, looked for and not there. `refused`: not taken. `stopped`: we ended before it was known.
 */
export type DrillState = 'sending' | 'proving' | 'proven' | 'accepted' | 'blind' | 'missing' | 'refused' | 'stopped';

/** The end of the test incident: still to be told, told, not taken, or of no use, as there was no beginning. */
export type DrillEnd = 'open' | 'told' | 'refused' | 'needless';

export interface DrillChannel {
  readonly notifier: string;
  readonly kind: string;
  readonly state: DrillState;
  /** From the first try until it was accepted, and until it was proven, ms. */
  readonly acceptedMs?: number;
  readonly provenMs?: number;
  /** What proves it, why it cannot be proven, or what went wrong. No secret. */
  readonly why?: string;
  readonly end: DrillEnd;
  readonly endWhy?: string;
  /** What the channel gave back, for its end. */
  readonly receipt?: string;
}

export interface Drill {
  /** `drill-` and a number that rises. */
  readonly id: string;
  readonly at: EpochMs;
  /** Who asked for it; `schedule`. */
  readonly by: string;
  /** Absent while it is under way. */
  readonly endedAt?: EpochMs;
  readonly channels: readonly DrillChannel[];
}

/** What a channel's part says of the channel; undefined while it is not known. */
export function verdictOf({ state, end }: DrillChannel): 'good' | 'blind' | 'failed' | undefined {
  if (state === 'refused' || state === 'missing' || end === 'refused') return 'failed';
  if (state === 'blind') return 'blind';
  return (state === 'proven' || state === 'accepted') && end === 'told' ? 'good' : undefined;
}

export const defaultDrillTimeoutMs = 60_000;
/** Bounds of what may be asked for. */
export const drillTimeoutMs = { least: 1_000, most: 600_000 };
export const longestDrillHoldMs = 600_000;

/** Of the whole: one that failed beats one that is blind. `stopped`: it ended early. */
export function outcomeOf({ channels, endedAt }: Drill): 'running' | 'good' | 'blind' | 'failed' | 'stopped' {
  if (endedAt === undefined) return 'running';
  const verdicts = channels.map(verdictOf);
  if (verdicts.includes('failed')) return 'failed';
  if (verdicts.includes(undefined)) return 'stopped';
  return verdicts.includes('blind') ? 'blind' : 'good';
}

/** `2 of 3 channels proven, 1 accepted (cannot be proven)` */
export function summaryOf({ channels }: Pick<Drill, 'channels'>): string {
  const count = (wanted: (channel: DrillChannel) => boolean) => channels.filter(wanted).length;
  const parts: readonly (readonly [number, string])[] = [
    [count((each) => each.state === 'accepted' && verdictOf(each) === 'good'), 'accepted (cannot be proven)'],
    [count((each) => each.state === 'blind' && verdictOf(each) === 'blind'), 'accepted (could not look)'],
    [count((each) => verdictOf(each) === 'failed'), 'FAILED'],
    [count((each) => verdictOf(each) === undefined), 'not finished'],
  ];
  const proven = count((each) => each.state === 'proven' && verdictOf(each) === 'good');
  const rest = parts.filter(([many]) => many > 0).map(([many, what]) => `, ${many} ${what}`);
  return `${proven} of ${channels.length} channels proven${rest.join('')}`;
}

/** When the newest drill began that a channel passed; undefined where it passed none. `drills`: newest first. */
export function passedAt(drills: readonly Drill[], notifier: string): EpochMs | undefined {
  const isPassed = (each: DrillChannel) => each.notifier === notifier && verdictOf(each) === 'good';
  return drills.find(({ channels }) => channels.some(isPassed))?.at;
}

/** The test incident at one channel: nobody can mistake it for a real one, and its key was never used before. */
export function drillFacts(deployment: string, { id, at, by }: Drill, notifier: string): IncidentFacts {
  const evidence = [evidenceOf('drill', { drill: id, by })];
  const advice = looksFor(ownAdvice.test);
  return {
    id,
    deployment,
    pipeline: 'drill',
    hop: notifier,
    kind: 'stopped',
    severity: 'critical',
    state: 'open',
    dedupKey: dedupKeyOf(deployment, 'drill', `${notifier} ${id} ${at}`, 'drill'),
    openedAt: at,
    since: at,
    unreadable: [],
    streams: { affected: 0, total: 0, names: [] },
    counts: {},
    looks: { complete: 0, asked: 0 },
    behind: [],
    detail: evidenceText(evidence),
    evidence,
    firstLook: advice.map(lookText),
    advice,
    test: true,
  };
}
