/** What one agent tells about itself, in the words that all agents have in common. */
import type { AgentPlace, Drop, EpochMs, Reading } from '../../src/probe.ts';
import type { Agent } from './agent-targets.ts';

export interface AgentFigures {
  /** `subject` is what it is of within the agent. */
  readonly readings: readonly Omit<Reading, 'agent' | 'asOf'>[];
  /** `incarnation` only where a part begins anew by itself (a pipeline that is reloaded). */
  readonly drops: readonly (Omit<Drop, 'agent' | 'incarnation'> & { readonly incarnation?: string })[];
  /** Changes with every start, as the agent itself tells; empty when it does not. */
  readonly incarnation: string;
  /** What is wrong once it lasts: `input tail.0 is paused`. */
  readonly conditions: readonly { readonly what: string; readonly forMs: number }[];
  /** Of each part that may hold something back: how many left it since the start. Waiting and none leaving is a stall. */
  readonly flows: readonly Flow[];
}

interface Flow {
  /** `the queue`, `output es.0` */
  readonly part: string;
  readonly left: number;
  readonly waiting: boolean;
}

/** What an agent told, and when. */
export interface Told {
  readonly kind: string;
  readonly at: EpochMs;
  readonly agent: Agent;
  readonly figures: AgentFigures;
}

function placeOf({ kind, agent }: Told): AgentPlace {
  return { kind, ...agent.place };
}

export function readingsOf(told: Told): Reading[] {
  const { name } = told.agent.place;
  return told.figures.readings.map((reading) => ({
    ...reading,
    subject: reading.subject === undefined ? name : `${name} ${reading.subject}`,
    agent: placeOf(told),
    asOf: told.at,
  }));
}

export function dropsOf(told: Told): Drop[] {
  const { agent, figures } = told;
  const whole = figures.drops.map((drop) => ({ ...drop, total: Math.floor(drop.total) }));
  return whole
    .filter(({ total }) => Number.isSafeInteger(total) && total >= 0)
    .map((drop) => ({
      ...drop,
      agent: placeOf(told),
      incarnation: [agent.incarnation, drop.incarnation ?? figures.incarnation].filter((part) => part !== '').join('/'),
    }));
}

/** Notices parts from which nothing leaves although something waits. */
export interface Stalls {
  /** The parts of this agent that have stood still for longer than 5 min. */
  of(told: Told): readonly string[];
  forget(name: string): void;
}

/** So long, ms, must nothing leave: the facts for all agents say 5 min. */
const stalledMs = 5 * 60_000;

export function createStalls(): Stalls {
  /** By agent and part: how many had left, and since when that has not changed while something waited. */
  const standing = new Map<string, Map<string, { left: number; since: EpochMs }>>();
  return {
    of({ at, agent, figures }) {
      const { name } = agent.place;
      const parts = standing.get(name) ?? new Map<string, { left: number; since: EpochMs }>();
      standing.set(name, parts);
      return figures.flows.flatMap(({ part, left, waiting }) => {
        const before = parts.get(part);
        if (!waiting || before === undefined || before.left !== left) parts.set(part, { left, since: at });
        else if (at - before.since >= stalledMs) return [`nothing has left ${part} for 5 min although something waits`];
        return [];
      });
    },
    forget: (name) => void standing.delete(name),
  };
}
