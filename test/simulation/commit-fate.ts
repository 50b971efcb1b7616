/** How a commit fares: it works, is refused, takes its time, is in though its answer says that it is not, or we die around it. */
import type { Change } from '../../src/core/ledger.ts';
import type { Command } from '../../src/engine/event.ts';
import { about } from './dice.ts';
import type { Watchdog } from './watchdog.ts';

const ledgerRetryMs = 5_000;
export const ledgerFaults = ['commit-refused', 'commit-ambiguous', 'commit-slow'] as const;
type LedgerFault = (typeof ledgerFaults)[number];

export type Arming = 'crash-before-commit' | 'crash-after-commit' | 'crash-after-effect';

export class CommitFate {
  private readonly host: Watchdog;
  private commitsBegun = 0;

  constructor(host: Watchdog) {
    this.host = host;
  }

  of(ready: readonly Command[]): 'works' | Arming | LedgerFault {
    const { armed, weather, now } = this.host;
    const effects = ready.some(({ type }) => type === 'inject' || type === 'refill' || type === 'notify');
    if (armed && effects) return armed.kind;
    return ledgerFaults.find((kind) => weather.now(kind, now)) ?? 'works';
  }

  /** A commit that takes its time, is refused for a while, or is in though its answer says that it is not. */
  commitLater(changes: readonly Change[], ready: readonly Command[], fate: LedgerFault): void {
    const { host } = this;
    const { epoch, now: stuckAt } = host;
    const done = () => {
      if (epoch !== host.epoch || !host.state || host.suspension.putsOff(done)) return;
      if (fate !== 'commit-slow' && host.weather.now(fate, host.now)) {
        host.queue.push(host.now + ledgerRetryMs, done);
        return;
      }
      host.apply(changes);
      host.committed = undefined;
      const wasStuck = host.ledgerStuck;
      if (wasStuck) host.away.push({ from: stuckAt, to: host.now });
      host.ledgerStuck = false;
      host.flushing = false;
      host.carryOutAll(ready);
      if (!wasStuck) host.flush(host.state);
      else host.watchAgain(stuckAt);
    };
    if (fate === 'commit-ambiguous') {
      host.apply(changes);
      host.committed = undefined;
    }
    host.ledgerStuck = fate !== 'commit-slow';
    this.commitsBegun += 1;
    const slow = host.dice.delay(400, 8_000, about.commit, this.commitsBegun);
    host.queue.push(stuckAt + (fate === 'commit-slow' ? slow : ledgerRetryMs), done);
  }
}
