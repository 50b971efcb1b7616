/** Asks every member of a cluster that answers for itself: each is a whole Alertmanager, a whole Prometheus. */
import { type EpochMs, ProbeError } from '../../src/probe.ts';
import type { AgentListing, AgentTargets } from './agent-targets.ts';
import { type Asking, agentError, type Setup } from './answer.ts';
import type { Lasting } from './lasting.ts';
import { named } from './named.ts';

export interface Members<T> {
  readonly listing: AgentListing;
  readonly read: readonly T[];
  /** Those that did not answer while others did, by name. */
  readonly silent: readonly string[];
  /** Set when some of them could not be read. */
  readonly why?: ProbeError;
}

/** @throws ProbeError when none of them could be read: then nothing is known */
export async function readMembers<T>(
  targets: AgentTargets,
  setup: Setup,
  signal: AbortSignal,
  one: (asking: Asking) => Promise<T>,
): Promise<Members<T>> {
  const listing = await targets.list({ signal });
  const read: T[] = [];
  const errors: ProbeError[] = [];
  const silent: string[] = [];
  for (const agent of listing.agents)
    await one({ agent, signal }).then(
      (each) => void read.push(each),
      (error) => {
        silent.push(agent.place.name);
        errors.push(agentError(setup, agent, error));
      },
    );
  const [first = noneThere(setup)] = errors;
  if (read.length === 0) throw first;
  const found = { listing, read, silent };
  return errors.length === 0 ? found : { ...found, why: partly(setup, listing, errors.length, first) };
}

/** A restart, one after the other as they should be, takes less, ms. */
const outMs = 2 * 60_000;

/** Members that are out for long. Where all are, nothing is known, and it is the check that fails. */
export function missingMembers(
  { kind }: Setup,
  { listing, silent }: Members<unknown>,
  lasting: Lasting,
  now: EpochMs,
): string[] {
  const lasts = (name: string) => lasting.holds(`out ${name}`, now, outMs);
  const mute = silent.filter(lasts);
  const absent = [...listing.absent].filter(([name]) => lasts(name));
  return [
    ...(mute.length === 0 ? [] : [`${kind}: no answer from ${named(mute)}`]),
    ...absent.map(([name, why]) => `${kind} ${name} ${why}`),
  ];
}

function noneThere({ kind }: Setup): ProbeError {
  const message = `There is no ${kind} to read. Check namespace and selector, and that its pods run.`;
  return new ProbeError(message, { reason: 'not_found', retryable: true });
}

function partly({ kind }: Setup, { agents }: AgentListing, failed: number, first: ProbeError): ProbeError {
  const message = `Read ${agents.length - failed} of ${agents.length} of ${kind} only. The first that failed: ${first.message}`;
  return new ProbeError(message.slice(0, 900), { reason: 'partial', retryable: true });
}
