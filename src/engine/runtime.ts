/**
 * The thin loops around `step`: wake when something is due, commit what changed, then carry out what it calls for and
 * feed the outcome back. Commits are grouped: while one is under way, what happens meanwhile goes into the next.
 */
import type { Change, Ledger } from '../core/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { LedgerError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Command, Event } from './event.ts';
import { createPerformer, type Ports } from './performing.ts';
import { takeChanges } from './rows.ts';
import type { EngineState } from './state.ts';
import { nextWake, step } from './step.ts';

/** The driver looks around at least, and at most, this often, ms. */
const [longestSleepMs, shortestSleepMs] = [250, 10];
/** A driver that comes so late was suspended with the whole process, or had no ledger: nobody watched meanwhile, ms. */
const suspendedAfterMs = 3_000;
/** Streams changed in one step. */
const manyChanges = 500;
const ledgerRetryMs = 5_000;
/** How long a graceful stop waits for calls under way. */
const stopGraceMs = 3_000;

export interface RuntimeOptions {
  readonly state: EngineState;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly ports: Ports;
  /** Called once when the ledger stops taking writes, and once when it takes them again. */
  onLedger(error: LedgerError | undefined): void;
}

export interface Runtime {
  start(): void;
  /** Feeds an event from outside; resolves once everything it changed is committed. */
  submit(event: Event): Promise<void>;
  /** Stops injecting and looking, waits a little for calls under way, commits what is left. */
  stop(): Promise<void>;
  readonly ledgerError: LedgerError | undefined;
}

/** Feeds an event from outside: resolves after its commit, rejects while the ledger refuses. */
export function committing(runtime: Runtime): (event: Event) => Promise<void> {
  return async (event) => {
    if (runtime.ledgerError) throw runtime.ledgerError;
    await runtime.submit(event);
  };
}

export function createRuntime({ state, ledger, clock, log, ports, onLedger }: RuntimeOptions): Runtime {
  const stopping = new AbortController();
  const calls = new AbortController();
  const underWay = new Set<Promise<void>>();
  let commands: Command[] = [];
  let waiting: (() => void)[] = [];
  let flushing: Promise<void> | undefined;
  let fatal: LedgerError | undefined;
  /** Something happened since the last commit was put together. */
  let stepped = false;
  let ledgerError: LedgerError | undefined;
  let driver: Promise<void> = Promise.resolve();
  let stopped = false;

  const perform = createPerformer({ state, clock, log, ledger, ports, stopped: calls.signal });

  const dispatch = (event: Event): void => {
    // A call that outlived its deadline and the stop: the ledger is closed by now.
    if (stopped || fatal) return;
    const wanted = stepOrFail(event);
    // After a stop was asked for, results are still taken in, but nothing new is begun.
    if (!stopping.signal.aborted) commands.push(...wanted);
    stepped = true;
    flushing ??= flush();
  };

  /** A bug of ours must not end in silence: nothing more is judged or written, somebody is paged, health says so. */
  const stepOrFail = (event: Event): readonly Command[] => {
    try {
      return step(state, event, clock.now());
    } catch (error) {
      const what = `logcanary stopped judging because of a bug of its own (${event.type}): ${messageOf(error)}. Restart it; the ledger holds the last good state.`;
      fatal = new LedgerError(what, { reason: 'internal', cause: error });
      log.error({ stack: error instanceof Error ? error.stack : undefined }, what);
      ledgerError = fatal;
      onLedger(fatal);
      return [];
    }
  };

  const flush = async (): Promise<void> => {
    await undefined;
    while (stepped && !fatal) {
      // Much to write takes a while to put together: what else waits for the event loop comes first.
      if (state.changed.size > manyChanges) await clock.sleep(1, calls.signal).catch(() => undefined);
      stepped = false;
      const ready = commands;
      const told = waiting;
      commands = [];
      waiting = [];
      const changes = takeChanges(state);
      // What could not be recorded before the end of this process is not done either.
      if (changes.length > 0 && !(await commitUntilDone(changes))) break;
      for (const command of ready) carryOut(command);
      for (const tell of told) tell();
    }
    flushing = undefined;
  };

  /** False when the process is stopping and the ledger still refuses. */
  const commitUntilDone = async (changes: readonly Change[]): Promise<boolean> => {
    for (;;) {
      try {
        await ledger.commit(changes);
        if (ledgerError && !fatal) onLedger(undefined);
        ledgerError = fatal;
        return true;
      } catch (error) {
        const failure =
          error instanceof LedgerError
            ? error
            : new LedgerError(`Cannot write the ledger: ${messageOf(error)}`, { reason: 'internal', cause: error });
        log.error({ reason: failure.reason }, failure.message);
        if (!ledgerError) onLedger(failure);
        ledgerError = failure;
        if (calls.signal.aborted) return false;
        await clock.sleep(ledgerRetryMs, calls.signal).catch(() => undefined);
      }
    }
  };

  const carryOut = (command: Command): void => {
    const done = perform(command)
      .then(dispatch)
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };

  const drive = async (): Promise<void> => {
    let watchedUntil = clock.now();
    while (!stopping.signal.aborted) {
      if (!ledgerError) {
        if (clock.now() - watchedUntil > suspendedAfterMs) dispatch({ type: 'unwatched', from: watchedUntil });
        dispatch({ type: 'tick', wall: clock.wall() });
        watchedUntil = clock.now();
      }
      const sleep = Math.max(shortestSleepMs, nextWake(state, longestSleepMs) - clock.now());
      await clock.sleep(sleep, stopping.signal).catch(() => undefined);
    }
  };

  return {
    start() {
      driver = drive();
    },
    submit(event) {
      if (stopped)
        return Promise.reject(new LedgerError('logcanary is stopping; send it again.', { reason: 'aborted' }));
      return new Promise((resolve) => {
        waiting.push(resolve);
        dispatch(event);
      });
    },
    async stop() {
      stopping.abort(new DOMException('logcanary is stopping', 'AbortError'));
      await driver;
      await settled(underWay, clock, stopGraceMs);
      calls.abort(new DOMException('logcanary is stopping', 'AbortError'));
      // An outcome begins a commit, and a commit may still carry out what was decided before the stop.
      for (let round = 0; round < 2; round++) {
        await settled(underWay, clock, stopGraceMs);
        await flushing;
      }
      stopped = true;
    },
    get ledgerError() {
      return ledgerError;
    },
  };
}

async function settled(underWay: ReadonlySet<Promise<void>>, clock: Clock, ms: number): Promise<void> {
  if (underWay.size === 0) return;
  const limit = new AbortController();
  await Promise.race([Promise.allSettled([...underWay]), clock.sleep(ms, limit.signal).catch(() => undefined)]);
  limit.abort();
}
