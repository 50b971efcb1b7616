import { existsSync, rmSync } from 'node:fs';
import type { Notifier } from './core/notifier.ts';
import { createPrivateFile } from './ledger/private-file.ts';
import type { Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import { sendEmergency } from './notify/emergency.ts';

/** The page that goes past the outbox because the ledger that holds the outbox has failed, and its end. Neither throws. */
export interface EmergencyPager {
  /** The ledger failed: what, in a sentence. */
  trigger(what: string): Promise<void>;
  /** The ledger takes writes. Ends the page, also that of an earlier process; does nothing when there is none. */
  resolve(): Promise<void>;
}

export interface EmergencyPagerOptions {
  /** Path of the ledger; that somebody was paged is noted in `<ledger>.paged` beside it, as far as that can be written. */
  readonly ledger: string;
  readonly deployment: string;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly log: Log;
}

/** One after the other, so that no resolve overtakes its trigger on the way. */
export function createEmergencyPager(options: EmergencyPagerOptions): EmergencyPager {
  const { deployment, notifiers, clock, log } = options;
  const note = pagedNote(`${options.ledger}.paged`, log);
  let last = Promise.resolve();

  async function page(what: string, resolve: boolean): Promise<void> {
    if (resolve && !note.isThere()) return;
    const { signal } = new AbortController();
    const outcome = await sendEmergency(notifiers, { clock, deployment, what, resolve, signal });
    const told = outcome.accepted.length > 0 ? outcome.accepted.join(', ') : 'nobody';
    log.error({ told, resolve }, `${resolve ? 'Emergency over' : 'Emergency page'}: ${what}`);
    for (const { name, error } of outcome.failed) log.error({ notifier: name }, error.message);
    if (outcome.accepted.length > 0) note.put(!resolve);
  }
  const inTurn = (what: string, resolve: boolean) => {
    last = last.then(() => page(what, resolve));
    return last;
  };
  return {
    trigger: (what) => inTurn(what, false),
    resolve: () => inTurn('The ledger takes writes again.', true),
  };
}

/** Remembered here, and on the disk for the next start; that may be the very disk that failed. */
function pagedNote(file: string, log: Log): { isThere(): boolean; put(there: boolean): void } {
  let known = false;
  return {
    isThere: () => known || existsSync(file),
    put(there) {
      known = there;
      try {
        if (there) createPrivateFile(file);
        else rmSync(file, { force: true });
      } catch (error) {
        log.warn({ file }, `Cannot keep for the next start whether somebody was paged: ${messageOf(error)}`);
      }
    },
  };
}
