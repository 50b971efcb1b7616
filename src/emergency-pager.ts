import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Notifier } from './core/notifier.ts';
import { createPrivateFile } from './ledger/private-file.ts';
import type { Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import { sendEmergency } from './notify/emergency.ts';

/** The page that goes past the outbox because the ledger that holds the outbox has failed, and its end. Neither throws. */
export interface EmergencyPager {
  /** The ledger failed: what, in a sentence. One try of each channel, for a process that is about to end. */
  trigger(what: string): Promise<void>;
  /** The same for a process that goes on: when no channel took it, all are tried again until one does, or it is over. */
  triggerUntilTold(what: string): Promise<void>;
  /** The ledger takes writes. Ends the page, also that of an earlier process; does nothing when there is none. */
  resolve(): Promise<void>;
  /** Gives up trying. */
  close(): void;
}

export interface EmergencyPagerOptions {
  /**
   * Path of the ledger; that somebody was paged is noted in `<ledger>.paged` beside it, or among the system's temporary
   * files where that cannot be written.
   */
  readonly ledger: string;
  readonly deployment: string;
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Waits between tries of a page that nobody took, ms: doubling, as the outbox does. */
const retryMs = { first: 5_000, longest: 120_000 };

/** One after the other, so that no resolve overtakes its trigger on the way. */
export function createEmergencyPager(options: EmergencyPagerOptions): EmergencyPager {
  const { deployment, notifiers, clock, log } = options;
  const note = pagedNote(notePlaces(options.ledger), log);
  let last = Promise.resolve();
  let trying = new AbortController();

  /** Whether there is hope that another try is taken. */
  async function page(what: string, resolve: boolean): Promise<boolean> {
    const { signal } = new AbortController();
    // before it is sent: who dies in between, or hears no answer, cannot know that nobody was paged
    if (!resolve) note.put(true);
    const outcome = await sendEmergency(notifiers, { clock, deployment, what, resolve, signal });
    const told = outcome.accepted.length > 0 ? outcome.accepted.join(', ') : 'nobody';
    log.error({ told, resolve }, `${resolve ? 'Emergency over' : 'Emergency page'}: ${what}`);
    for (const { name, error } of outcome.failed) log.error({ notifier: name }, error.message);
    if (resolve && outcome.accepted.length > 0) note.put(false);
    return outcome.accepted.length === 0 && outcome.failed.some(({ error }) => error.retryable);
  }
  async function untilTold(what: string, { signal }: AbortController): Promise<void> {
    let wait = retryMs.first;
    while (!signal.aborted && (await page(what, false))) {
      await clock.sleep(wait, signal).catch(() => undefined);
      wait = Math.min(retryMs.longest, 2 * wait);
    }
  }
  const giveUp = () => {
    trying.abort();
    trying = new AbortController();
  };
  const inTurn = (work: () => Promise<unknown>) => {
    last = last.then(async () => void (await work()));
    return last;
  };
  return {
    trigger: (what) => inTurn(() => page(what, false)),
    triggerUntilTold(what) {
      const mine = trying;
      return inTurn(() => untilTold(what, mine));
    },
    resolve() {
      giveUp();
      return inTurn(async () => note.isThere() && page('The ledger takes writes again.', true));
    },
    close: giveUp,
  };
}

/** The first that can be written is used. The second, because the first may be on the very disk that failed. */
function notePlaces(ledger: string): readonly string[] {
  const name = createHash('sha256').update(resolve(ledger)).digest('hex').slice(0, 16);
  return [`${ledger}.paged`, join(tmpdir(), `logcanary-${name}.paged`)];
}

/** Remembered here, and in a file for the next start. */
function pagedNote(places: readonly string[], log: Log): { isThere(): boolean; put(there: boolean): void } {
  let known = false;
  const done = (file: string, work: () => void): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      log.warn({ file }, `Cannot keep for the next start whether somebody was paged: ${messageOf(error)}`);
      return false;
    }
  };
  return {
    isThere: () => known || places.some((file) => existsSync(file)),
    put(there) {
      known = there;
      if (there) places.some((file) => done(file, () => createPrivateFile(file)));
      else for (const file of places) done(file, () => rmSync(file, { force: true }));
    },
  };
}
