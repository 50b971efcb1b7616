/** How it stands with a pipeline that is switched off at times. Not stored. */
import type { EpochMs } from '../lib/clock.ts';

export interface RestState {
  /** Why it is off now; undefined while it is expected to flow. */
  off: 'hours' | 'no-nodes' | undefined;
  /** T at which its hours change next; undefined where it has none. */
  until: EpochMs | undefined;
  /** It warms up until then. */
  quietUntil: EpochMs;
}
