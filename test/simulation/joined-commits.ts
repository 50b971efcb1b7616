/**
 * With the ledger in memory a commit can wait for the next one where nothing could tell: no crash and no trouble of the ledger
 * comes in between, and nothing is told. Putting rows together is a third of what a commit costs.
 */
import type { EngineState } from '../../src/engine/state.ts';

const joinedLimit = 8;

export class JoinedCommits {
  private readonly allowed: boolean;
  count = 0;
  /** When the last of them would have been made. */
  at = 0;

  constructor(allowed: boolean) {
    this.allowed = allowed;
  }

  /** True when the commit due now may wait. */
  take(state: EngineState, now: number): boolean {
    if (!this.allowed || this.count >= joinedLimit || state.changedIncidents.size > 0) return false;
    for (const { dirty } of state.outbox.values()) if (dirty) return false;
    this.count += 1;
    this.at = now;
    return true;
  }
}
