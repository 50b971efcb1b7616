import type { Severity } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';

/** What a channel is still to be told once a silence is over, and as what it knows the incident. */
export interface Owed {
  /** `trigger` where it may not have taken the beginning. */
  readonly action: 'trigger' | 'update';
  readonly severity: Severity;
}

/** Who was told of an incident, and how it stands with them. */
export interface Telling {
  /** Names of notifiers that were told of it. */
  notified: readonly string[];
  /** What they gave back for their message, by name. */
  receipts: Readonly<Record<string, string>>;
  /** It was not told to somebody because of a maintenance or a silence; not stored, as a start tells everybody who was not told. */
  hushed?: boolean;
  /** What channels that were told are to be told once its silence is over, by name. Stored in a row of its own. */
  owed?: Map<string, Owed>;
  /** When those that forget were last told how it is, by name. Not stored. */
  renewedAt?: Map<string, EpochMs>;
  /** Those that refused it for good: nobody falls back to them. Not stored. */
  refusedBy?: Set<string>;
  /** Since when a channel's beginning is left to a peer, by name. Not stored. */
  leftSince?: Map<string, EpochMs>;
  /** Of those, the ones that stand in for another channel. Not stored. */
  standsIn?: Set<string>;
  /** Peers that still have it, once it could be resolved but for them. Not stored. */
  awaits?: readonly string[];
  /** When a peer told its end though it is open here. Not stored. */
  closedAt?: EpochMs | undefined;
}

/** When channels were told of a beginning lately, by their names. Not stored: after a start it is made of the outbox. */
export type Tellings = Map<string, EpochMs[]>;
