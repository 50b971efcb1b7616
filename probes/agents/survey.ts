/**
 * Asks every agent in turn and puts together what they tell. An agent that does not answer is never a zero: it is missing
 * from the figures and named in `why`.
 */
import {
  type CallOptions,
  type Check,
  type CheckResult,
  type Clock,
  type Deadline,
  type EpochMs,
  ProbeError,
} from '../../src/probe.ts';
import { failureOfAbort } from '../http/failure.ts';
import { type AgentFigures, createStalls, dropsOf, readingsOf, type Stalls, type Told } from './agent-figures.ts';
import type { Agent, AgentListing, AgentTargets } from './agent-targets.ts';
import { type Asking, agentError, type Setup } from './answer.ts';
import type { Rollout } from './cluster-changes.ts';
import { createLasting, type Lasting } from './lasting.ts';
import { grouped, named } from './named.ts';

export interface SurveyOptions {
  readonly setup: Setup;
  readonly clock: Clock;
  readonly targets: AgentTargets;
  /** Asks one agent. @throws Failure or ProbeError */
  read(asking: Asking): Promise<AgentFigures>;
}

/** How many agents are asked at once. */
const abreast = 8;
/** No further agent is begun after this, ms. The others come first next time: thousands are read in turns of minutes. */
const beginMs = 7_000;
/** What was begun and still waits for its turn then, ms, was not asked; the engine's own deadline of 10 s is not reached. */
const roundMs = 8_500;
/** What an agent told is shown for so long, ms, when its turn has not come again. */
const shownMs = 20 * 60_000;
/** An agent that was asked and has not answered for so long, ms, is told. */
const silentMs = 3 * 60_000;
/** A rollout takes an agent away for about a minute on each node; longer than this, ms, is no rollout. */
const absentMs = 3 * 60_000;

/** The newest outcome of asking an agent. */
interface Outcome {
  readonly askedAt: EpochMs;
  readonly told: Told | undefined;
  readonly error: ProbeError | undefined;
}

interface Memory {
  /** By the agent's name. */
  readonly outcomes: Map<string, Outcome>;
  readonly lasting: Lasting;
  readonly stalls: Stalls;
}

export function createSurvey(options: SurveyOptions): Check {
  const { targets, clock, setup } = options;
  const memory: Memory = { outcomes: new Map(), lasting: createLasting(), stalls: createStalls() };
  return {
    async check({ signal }: CallOptions): Promise<CheckResult> {
      const round = { begun: clock.monotonicMs(), deadline: clock.deadline(roundMs, signal) };
      try {
        const listing = await targets.list({ signal });
        forgetGone(listing, memory);
        await askInTurn(options, listing.agents, memory, round);
        if (signal.aborted) throw stopped(setup, signal);
        return resultOf(setup, listing, memory, clock.now());
      } finally {
        round.deadline.clear();
      }
    },
    close: () => targets.close(),
  };
}

/** One time through as many agents as there is time for. */
interface Round {
  /** Monotonic ms. */
  readonly begun: number;
  readonly deadline: Deadline;
}

function stopped(setup: Setup, signal: AbortSignal): ProbeError {
  const { reason, message } = failureOfAbort(signal);
  const text = `Cannot read ${setup.kind}: ${message}. Nothing to change: logcanary asks again.`;
  return new ProbeError(text, { reason, retryable: reason === 'timeout' });
}

/** Agents that are gone leave nothing behind. */
function forgetGone({ agents }: AgentListing, { outcomes, stalls }: Memory): void {
  const names = new Set(agents.map(({ place }) => place.name));
  for (const name of outcomes.keys()) {
    if (names.has(name)) continue;
    outcomes.delete(name);
    stalls.forget(name);
  }
}

/** Asks those first that were not asked for longest. */
async function askInTurn(
  options: SurveyOptions,
  agents: readonly Agent[],
  { outcomes }: Memory,
  { begun, deadline }: Round,
): Promise<void> {
  const { clock } = options;
  const turn = ({ place }: Agent) => outcomes.get(place.name)?.askedAt ?? 0;
  const queue = agents.toSorted((a, b) => turn(a) - turn(b));
  const next = async (): Promise<void> => {
    for (;;) {
      if (deadline.signal.aborted || clock.monotonicMs() - begun > beginMs) return;
      const agent = queue.shift();
      if (agent === undefined) return;
      const outcome = await askOne(options, agent, deadline.signal);
      // What our own round cut off says nothing of the agent.
      if (outcome.error === undefined || !deadline.expired) outcomes.set(agent.place.name, outcome);
    }
  };
  await Promise.all(Array.from({ length: abreast }, next));
}

async function askOne({ read, clock, setup }: SurveyOptions, agent: Agent, signal: AbortSignal): Promise<Outcome> {
  const askedAt = clock.now();
  try {
    const figures = await read({ agent, signal });
    return { askedAt, told: { kind: setup.kind, at: clock.now(), agent, figures }, error: undefined };
  } catch (error) {
    return { askedAt, told: undefined, error: agentError(setup, agent, error) };
  }
}

function resultOf(setup: Setup, listing: AgentListing, memory: Memory, now: EpochMs): CheckResult {
  const told = [...memory.outcomes.values()].flatMap((each) => each.told ?? []).filter(({ at }) => now - at < shownMs);
  const problems = [
    ...absences(setup, listing, memory, now),
    ...silences(setup, memory, now),
    ...conditions(setup, told, memory),
  ];
  memory.lasting.endRound();
  const why = whyOf(setup, listing, memory, told.length);
  // Where pods are there and none is ready, all is known that can be: it is told when it lasts.
  if (why !== undefined && told.length === 0 && problems.length === 0 && listing.absent.size === 0) throw why;
  return {
    readings: told.flatMap(readingsOf),
    drops: told.flatMap(dropsOf),
    problems,
    ...(listing.changes === undefined ? {} : { changes: listing.changes }),
    ...(why === undefined ? {} : { why }),
  };
}

/** Why this is not all there is to know; undefined when every agent was heard lately. */
function whyOf(
  { kind }: Setup,
  { agents, absent }: AgentListing,
  { outcomes }: Memory,
  heard: number,
): ProbeError | undefined {
  if (agents.length === 0 && absent.size > 0) {
    const message = `None of the ${absent.size} ${kind} agents is ready, so none can be asked.`;
    return new ProbeError(message, { reason: 'partial', retryable: true });
  }
  if (agents.length === 0) {
    const message = `There is no ${kind} to read. Check namespace and selector, and that its pods run.`;
    return new ProbeError(message, { reason: 'not_found', retryable: true });
  }
  const errors = [...outcomes.values()].flatMap(({ error }) => error ?? []);
  if (errors.length === agents.length) return errors[0];
  if (heard === agents.length) return undefined;
  const first =
    errors[0] === undefined ? 'The turn of the others comes.' : `The first that failed: ${errors[0].message}`;
  const message = `Read ${heard} of ${agents.length} ${kind} agents only. ${first}`;
  return new ProbeError(message.slice(0, 900), { reason: 'partial', retryable: true });
}

// ------------------------------------------------------------------------------------------------ problems

function absences({ kind }: Setup, listing: AgentListing, { lasting }: Memory, now: EpochMs): string[] {
  const long = [...listing.absent].filter(([node]) => lasting.holds(`absent ${node}`, now, absentMs));
  const { rollout } = listing;
  if (rollout !== undefined && long.length > 0) return [stuckAt(kind, rollout, listing, long)];
  return grouped(long.map(([name, what]) => ({ name, what }))).map(
    ({ what, names }) => `${kind} ${what} on ${named(names)}, Ready nodes, for more than 3 min`,
  );
}

/** In a rollout pods end, wait and start in many ways: one line, however many nodes and reasons there are. */
function stuckAt(
  kind: string,
  { revision, updated }: Rollout,
  { agents, absent }: AgentListing,
  long: readonly (readonly [string, string])[],
): string {
  const nodes = named(long.map(([node]) => node));
  const whys = grouped(long.map(([name, what]) => ({ name, what }))).map(({ what }) => what);
  return `${kind} rolls out revision ${revision} (${updated} of ${agents.length + absent.size} updated); on ${nodes} it ${whys.toSorted().join(' or ')} for more than 3 min`;
}

function silences({ kind }: Setup, { outcomes, lasting }: Memory, now: EpochMs): string[] {
  const silent = [...outcomes].flatMap(([name, { error }]) =>
    error === undefined ? [] : [{ name, what: error.reason }],
  );
  const long = silent.filter(({ name }) => lasting.holds(`silent ${name}`, now, silentMs));
  return grouped(long).map(
    ({ what, names }) => `${kind} on ${named(names)} has not told its figures for more than 3 min (${what})`,
  );
}

function conditions({ kind }: Setup, all: readonly Told[], { lasting, stalls }: Memory): string[] {
  const found = all.flatMap((told) => {
    const { name } = told.agent.place;
    const lasted = told.figures.conditions.filter(({ what, forMs }) =>
      lasting.holds(`${name} ${what}`, told.at, forMs),
    );
    return [...lasted.map(({ what }) => what), ...stalls.of(told)].map((what) => ({ name, what }));
  });
  return grouped(found).map(({ what, names }) => `${kind} on ${named(names)}: ${what}`);
}
