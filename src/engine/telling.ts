import type { EpochMs } from '../lib/clock.ts';

/** Who was told of an incident, and how it stands with them. */
export interface Telling {
  /** Names of notifiers that were told of it. */
  notified: readonly string[];
  /** What they gave back for their message, by name. */
  receipts: Readonly<Record<string, string>>;
  /** It was not told to somebody because of a maintenance; not stored, as a start tells everybody who was not told. */
  hushed?: boolean;
  /** When those that forget were last told how it is, by name. Not stored. */
  renewedAt?: Map<string, EpochMs>;
  /** Those that refused it for good: nobody falls back to them. Not stored. */
  refusedBy?: Set<string>;
}
