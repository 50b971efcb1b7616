/** What two logcanaries that watch the same pipelines say to each other. */
import type { EpochMs } from '../lib/clock.ts';
import type { IncidentKind } from './incident.ts';
import type { Maintenance } from './maintenance.ts';
import type { Severity } from './pipeline.ts';
import type { Silence } from './silence.ts';

/**
 * How an open incident stands with whoever reports it. `over`: by itself it would resolve, and waits for its peers only.
 * `unseen`: it cannot look there at present, so it is no evidence against an end.
 */
export const standings = ['open', 'over', 'unseen'] as const;
export type Standing = (typeof standings)[number];

/** A channel that took the beginning of an incident. */
export interface PeerTold {
  readonly notifier: string;
  /** What it gave back for its message, so that another logcanary can go on with that message. */
  readonly receipt?: string;
  /** It heard of it as one of many, and will not hear of its end by itself. */
  readonly storm?: true;
}

export interface PeerIncident {
  /** `inc-` and a number: unique with the instance that reports it. */
  readonly id: string;
  readonly dedupKey: string;
  readonly pipeline: string;
  readonly hop: string;
  readonly kind: IncidentKind;
  readonly severity: Severity;
  readonly openedAt: EpochMs;
  readonly since: EpochMs;
  readonly standing: Standing;
  readonly told: readonly PeerTold[];
}

/** The end of what one instance told is told, or was told, by another one: it went on while the first was not to be heard. */
export interface PeerTaken {
  /** Of the instance that told the beginning. */
  readonly instance: string;
  /** The incident's id there. */
  readonly id: string;
  readonly notifier: string;
}

/** What a logcanary says of itself to its peers. */
export interface PeerReport {
  readonly deployment: string;
  /** The same over restarts, another for each ledger. */
  readonly instance: string;
  /** On its own clock, for people only: never compared with ours. */
  readonly startedAt: EpochMs;
  /** Its loops complete cycles, its ledger takes writes, and its pages are taken. */
  readonly healthy: boolean;
  /** Stands for all that decides when something is an incident, by the name of the pipeline. */
  readonly terms: Readonly<Record<string, string>>;
  /** Stands for what a channel is told of, by its name. */
  readonly channels: Readonly<Record<string, string>>;
  /** Instances that it heard lately. */
  readonly hears: readonly string[];
  readonly open: readonly PeerIncident[];
  readonly taken: readonly PeerTaken[];
  /** What people set there holds here, too. Those that are not over. */
  readonly maintenance: readonly Maintenance[];
  /** Those that hold; none names an incident, whose id would be another one here. */
  readonly silences: readonly Silence[];
}
