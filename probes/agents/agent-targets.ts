/** Where agents are found: the port that their checks ask through, whether over the network or through an API server. */
import type { AgentPlace, Change } from '../../src/probe.ts';
import type { Rollout } from './cluster-changes.ts';

export interface AgentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Uncompressed. Leaving it early ends the transfer. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** An agent that should answer. */
export interface Agent {
  readonly place: Omit<AgentPlace, 'kind'>;
  /** host:port or pod, for messages. */
  readonly address: string;
  /** Changes with every restart of its process, as far as can be told from outside (pod UID and restarts); else empty. */
  readonly incarnation: string;
  /** GET of a path. Follows no redirect. @throws Failure when there is no answer at all */
  fetch(path: string, options: { readonly signal: AbortSignal }): Promise<AgentAnswer>;
}

export interface AgentListing {
  readonly agents: readonly Agent[];
  /** Ready nodes where the agent should run and does not, or is not ready, by node: why. */
  readonly absent: ReadonlyMap<string, string>;
  /** All Ready nodes; undefined when only addresses are known. */
  readonly nodes?: readonly string[];
  /** What was changed at the agents lately. */
  readonly changes?: readonly Change[];
  /** Set while a new revision of the agents replaces an older one, node by node. */
  readonly rollout?: Rollout | undefined;
}

export interface AgentTargets {
  /** @throws ProbeError when it cannot be told which agents there are; never a part of them. */
  list(options: { readonly signal: AbortSignal }): Promise<AgentListing>;
  close(): Promise<void>;
}
