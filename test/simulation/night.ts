/** Worlds whose cluster sleeps: it is on for eight hours and off for four, again and again, and its agents with it. */
import type { ActiveHours } from '../../src/core/active-hours.ts';
import type { Plan } from './plan.ts';

const minute = 60_000;
/** What the machine's clock shows at the beginning of a simulation. */
export const startOfTime = 1_800_000_000_000;
const onMs = 8 * 60 * minute;
const cycleMs = 12 * 60 * minute;
/** The agents come up so long after the hours begin, and are switched off so long before their end. */
const agentsMs = 5 * minute;
const earlyMs = 90_000;
export const warmUpMs = 15 * minute;

export interface Night {
  /** ms since the beginning. */
  readonly from: number;
  readonly until: number;
}

export const simulatedHours: ActiveHours = {
  at(wall) {
    const began = startOfTime + Math.floor((wall - startOfTime) / cycleMs) * cycleMs;
    const active = wall - began < onMs;
    return { active, since: active ? began : began + onMs, until: active ? began + onMs : began + cycleMs };
  },
};

export function nightsOf({ sleeps, hours }: Pick<Plan, 'sleeps' | 'hours'>): readonly Night[] {
  if (sleeps === undefined) return [];
  const count = Math.ceil((hours * 60 * minute) / cycleMs) + 1;
  return Array.from({ length: count }, (_, at) => ({ from: at * cycleMs + onMs, until: (at + 1) * cycleMs }));
}

/** Nothing may be told of the flow then: the time to warm up is part of it. `lateMs`: so late it may be noticed that the night began. */
export function isQuiet(plan: Plan, at: number, lateMs = 0): boolean {
  return quietUntil(plan, at - lateMs) > at;
}

/** When the night and the time to warm up in which a moment lies are over; the moment itself where it lies in none. */
export function quietUntil(plan: Plan, at: number): number {
  const night = nightsOf(plan).find(({ from, until }) => at >= from && at < until + warmUpMs);
  return night === undefined ? at : night.until + warmUpMs;
}

export function isNight(plan: Plan, at: number): boolean {
  return nightsOf(plan).some(({ from, until }) => at >= from && at < until);
}

/** With the trouble that the nights are for the lines, which nobody must be told of. */
export function withNights(plan: Plan): Plan {
  const nights = nightsOf(plan).map(({ from, until }) => ({
    ...{ kind: 'agent-stopped' as const, at: from - earlyMs, forMs: earlyMs + until - from + agentsMs },
  }));
  return { ...plan, episodes: [...plan.episodes, ...nights].sort((a, b) => a.at - b.at) };
}
