/** Carries commands out: each ends as an event, whatever happens, within its time. */
import type { LedgerReader } from '../core/ledger.ts';
import type { Notifier } from '../core/notifier.ts';
import type { Clock } from '../lib/clock.ts';
import { LogcanaryError, messageOf, NotifyError, ProbeError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Check, Injector, Observer } from '../probe.ts';
import type { Command, Event } from './event.ts';
import { recall, recheckQuestion } from './rechecking.ts';
import type { CheckState, EngineState, HopState, InjectorState } from './state.ts';

const callTimeoutMs = 10_000;
/** Where calls are paced: waiting for several turns, and until the other side gives up (30 s for an API server). */
const pacedTimeoutMs = 60_000;
/** A whole list has many pages, each in its turn (5,000 nodes: 100); each of them has its own deadline, so one that hangs shows sooner. */
const pacedListTimeoutMs = 300_000;

export interface Ports {
  injector(state: InjectorState): Injector;
  observer(state: HopState): Observer;
  check(state: CheckState): Check;
  notifier(name: string): Notifier | undefined;
}

export interface PerformerOptions {
  readonly state: EngineState;
  readonly clock: Clock;
  readonly log: Log;
  readonly ledger: Pick<LedgerReader, 'find'>;
  readonly ports: Ports;
  /** Aborts when calls under way are to end. */
  readonly stopped: AbortSignal;
}

type Limited = <T>(ms: number, work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
type Of<Type extends Command['type']> = Extract<Command, { type: Type }>;

interface Calls extends PerformerOptions {
  readonly limited: Limited;
}

/** A command's outcome; never rejects. */
export function createPerformer(options: PerformerOptions): (command: Command) => Promise<Event> {
  const calls = { ...options, limited: limitedBy(options) };
  return async (command) => {
    switch (command.type) {
      case 'list':
        return await list(calls, command);
      case 'inject':
        return await inject(calls, command);
      case 'refill':
        return await refill(calls, command);
      case 'look':
        return await look(calls, command);
      case 'recheck':
        return await recheck(calls, command);
      case 'check':
        return await check(calls, command);
      case 'notify':
        return await notify(calls, command);
    }
  };
}

function limitedBy({ clock, stopped }: PerformerOptions): Limited {
  return async (ms, work) => {
    const limit = clock.deadline(ms, stopped);
    try {
      return await work(limit.signal);
    } catch (error) {
      if (error instanceof LogcanaryError) throw error;
      const reason = limit.expired ? 'timeout' : stopped.aborted ? 'aborted' : 'internal';
      throw new ProbeError(limit.expired ? `No answer within ${ms / 1000} s.` : messageOf(error), {
        reason,
        retryable: true,
        cause: error,
      });
    } finally {
      limit.clear();
    }
  };
}

async function list({ ports, limited }: Calls, { injector }: Of<'list'>): Promise<Event> {
  try {
    const patience = injector.limits === undefined ? callTimeoutMs : pacedListTimeoutMs;
    const streams = await limited(patience, (signal) => ports.injector(injector).streams({ signal }));
    return { type: 'listed', injector, streams };
  } catch (error) {
    return { type: 'list-failed', injector, error: asError(error) };
  }
}

async function inject({ ports, limited }: Calls, { injector, refs, lines }: Of<'inject'>): Promise<Event> {
  try {
    const port = ports.injector(injector);
    if (!('inject' in port)) throw new Error('lines were written directly to what takes schedules');
    const emissions = await limited(callTimeoutMs, (signal) => port.inject(lines, { signal }));
    return { type: 'injected', injector, refs, emissions };
  } catch (error) {
    return { type: 'injected', injector, refs, error: asError(error) };
  }
}

async function refill({ ports, limited }: Calls, command: Of<'refill'>): Promise<Event> {
  const base = { type: 'refilled' as const, stream: command.stream, refill: command.refill };
  try {
    const port = ports.injector(command.stream.injector);
    if (!('refill' in port)) throw new Error('a schedule was handed to what takes none');
    return { ...base, answer: await limited(pacedTimeoutMs, (signal) => port.refill(command.refill, { signal })) };
  } catch (error) {
    return { ...base, error: asError(error) };
  }
}

async function look({ ports, limited, clock }: Calls, command: Of<'look'>): Promise<Event> {
  const { hop, question, timeoutMs } = command;
  const began = clock.monotonicMs();
  const base = () => {
    const { ranges, count } = command.asked();
    return {
      type: 'looked' as const,
      hop,
      asOf: question.asOf,
      asked: ranges,
      askedCount: count,
      tookMs: clock.monotonicMs() - began,
    };
  };
  try {
    const answer = await limited(timeoutMs, (signal) => ports.observer(hop).observe(question, { signal }));
    return { ...base(), look: answer };
  } catch (error) {
    return { ...base(), error: asError(error) };
  }
}

async function recheck(calls: Calls, { hop, picked, asOf, timeoutMs }: Of<'recheck'>): Promise<Event> {
  const base = { type: 'rechecked' as const, hop, picked };
  try {
    const { recheck: again } = calls.ports.observer(hop);
    if (again === undefined) throw new Error('an observer was asked again that cannot tell');
    const asked = await recall(calls.ledger, hop, picked.refs);
    const question = recheckQuestion(calls.state, asked, asOf, picked.at);
    if (question.count === 0) return { ...base, asked: [], look: { coverage: 'complete', finds: [] } };
    const look = await calls.limited(timeoutMs, (signal) => again.look(question, { signal }));
    return { ...base, asked, look };
  } catch (error) {
    return { ...base, asked: picked.refs, error: asError(error) };
  }
}

async function check({ ports, limited }: Calls, command: Of<'check'>): Promise<Event> {
  try {
    const result = await limited(command.timeoutMs, (signal) => ports.check(command.check).check({ signal }));
    return { type: 'checked', check: command.check, result };
  } catch (error) {
    return { type: 'checked', check: command.check, error: asError(error) };
  }
}

async function notify({ ports, limited, state, log }: Calls, command: Of<'notify'>): Promise<Event> {
  const { id, action, facts, notifier: name } = command.row;
  try {
    const notifier = ports.notifier(name);
    if (!notifier) throw new NotifyError(`There is no notifier "${name}".`, { reason: 'config' });
    const notification = { action, facts, pageUrl: state.pageUrl, receipt: command.receipt };
    const receipt = await limited(callTimeoutMs, (signal) => notifier.send(notification, { signal }));
    return { type: 'notified', id, receipt };
  } catch (error) {
    log.warn({ notifier: name, incident: facts.id, action }, messageOf(error));
    return { type: 'notified', id, error: asError(error) };
  }
}

/** Anything thrown, as one of our errors. */
function asError(error: unknown): LogcanaryError {
  if (error instanceof LogcanaryError) return error;
  return new ProbeError(`Unexpected: ${messageOf(error)}`, { reason: 'internal', cause: error });
}
