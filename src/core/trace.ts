import type { EpochMs } from '../lib/clock.ts';
import type { Verdict } from './verdict-name.ts';

/** What the ledger knows of one canary. */
export interface TraceView {
  readonly state: 'known' | 'foreign' | 'forged' | 'malformed' | 'never-granted';
  /** Why, for all states but `known`. */
  readonly note?: string;
  readonly pipeline?: string;
  readonly stream?: string;
  readonly seq?: number;
  readonly plannedAt?: EpochMs;
  readonly shape?: string;
  /** `unconfirmed`: it may or may not have gone out. */
  readonly emission?: {
    readonly state: 'emitted' | 'withheld' | 'unconfirmed';
    readonly nb?: EpochMs;
    readonly na?: EpochMs;
  };
  readonly hops?: readonly { readonly name: string; readonly verdict: Verdict | 'not expected here' | 'folded away' }[];
  /** For a foreign canary: hooks that lately received it. */
  readonly seenAtHooks?: readonly string[];
}
