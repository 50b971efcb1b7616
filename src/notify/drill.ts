/**
 * Holds a drill: sends a marked test incident through channels, side by side, waits until each has proven that it arrived, where that
 * can be proven, and ends it, whatever happened in between.
 */
import { type Drill, type DrillChannel, drillFacts } from '../core/drill.ts';
import type { Arrival, Notification, Notifier } from '../core/notifier.ts';
import type { DrillPlan } from '../core/pipeline.ts';
import type { Clock, Deadline } from '../lib/clock.ts';
import { messageOf, NotifyError, type Reason } from '../lib/errors.ts';

/** Between tries to send, and between looks for the proof, ms: doubling. Vendors take seconds to process what they queued. */
const waitsMs = { first: 1_000, longest: 5_000 };
/** The end of a test incident: so many tries, each of so long at most, ms; it is told after a stop, too. */
const endTries = 3;
const endTimeoutMs = 10_000;

/** After these the beginning may have been taken all the same. */
const doubtful: ReadonlySet<Reason> = new Set([
  'timeout',
  'aborted',
  'network',
  'bad_answer',
  'server_error',
  'too_large',
  'internal',
]);

export interface DrillOptions extends Pick<DrillPlan, 'timeoutMs' | 'holdMs'> {
  readonly drill: Pick<Drill, 'id' | 'at' | 'by'>;
  readonly deployment: string;
  /** Those that are drilled. */
  readonly notifiers: readonly Notifier[];
  readonly clock: Clock;
  readonly pageUrl?: string | undefined;
  /** Ends it early; what has begun is still resolved. */
  readonly signal: AbortSignal;
  /** Told of each step. */
  changed(drill: Drill): void;
}

/** As it begins: nothing was sent yet. */
export function drillBegun({ drill, notifiers }: Pick<DrillOptions, 'drill' | 'notifiers'>): Drill {
  const channels = notifiers.map(
    ({ name, kind }) => ({ notifier: name, kind, state: 'sending', end: 'open' }) as const,
  );
  return { ...drill, channels };
}

/** Resolves when every channel has been told the end, or cannot be. Never rejects. */
export async function holdDrill(options: DrillOptions): Promise<Drill> {
  let drill = drillBegun(options);
  const parts = options.notifiers.map((notifier, at) => {
    const note = (news: Partial<DrillChannel>) => {
      drill = { ...drill, channels: drill.channels.map((each, place) => (place === at ? { ...each, ...news } : each)) };
      options.changed(drill);
    };
    return drillOne({ ...options, notifier, note });
  });
  await Promise.all(parts);
  drill = { ...drill, endedAt: options.clock.now() };
  options.changed(drill);
  return drill;
}

interface Part extends DrillOptions {
  readonly notifier: Notifier;
  note(news: Partial<DrillChannel>): void;
}

async function drillOne(part: Part): Promise<void> {
  const { clock, timeoutMs, holdMs, signal, note } = part;
  const began = clock.monotonicMs();
  const limit = clock.deadline(timeoutMs, signal);
  const passed = () => Math.max(0, Math.round(clock.monotonicMs() - began));
  try {
    const sent = await tell(part, limit);
    if ('error' in sent) {
      note({
        state: signal.aborted ? 'stopped' : 'refused',
        why: sent.error.message,
        ...(!sent.doubt && { end: 'needless' }),
      });
      if (sent.doubt) await endOne(part, undefined);
      return;
    }
    const { receipt } = sent;
    note({ state: 'proving', acceptedMs: passed(), ...(receipt !== undefined && { receipt }) });
    const proof = await waitForProof(part, receipt, limit);
    note(proof.state === 'proven' ? { ...proof, provenMs: passed() } : proof);
    if (holdMs > 0) await clock.sleep(holdMs, signal).catch(() => undefined);
    await endOne(part, receipt);
  } finally {
    limit.clear();
  }
}

function notificationOf({ deployment, drill, notifier, pageUrl }: Part, receipt?: string): Notification {
  const facts = drillFacts(deployment, { ...drill, channels: [] }, notifier.name);
  return { action: 'trigger', facts, pageUrl, receipt };
}

type Sent = { readonly receipt: string | undefined } | { readonly error: NotifyError; readonly doubt: boolean };

/** Tries as the outbox would, within the time; `doubt`: one of the tries may have been taken. */
async function tell(part: Part, limit: Deadline): Promise<Sent> {
  let doubt = false;
  const waits = waiting(part.clock, limit.signal);
  for (;;) {
    try {
      return { receipt: await part.notifier.send(notificationOf(part), { signal: limit.signal }) };
    } catch (thrown) {
      const error = asNotifyError(thrown);
      doubt ||= doubtful.has(error.reason);
      if (!error.retryable || !(await waits.next(error.retryAfterMs))) return { error, doubt };
    }
  }
}

type Proof = Pick<DrillChannel, 'state' | 'why'>;

async function waitForProof(part: Part, receipt: string | undefined, limit: Deadline): Promise<Proof> {
  const waits = waiting(part.clock, limit.signal);
  let found: Proof = { state: 'blind', why: 'there was no time left to look' };
  for (;;) {
    const look = await lookOnce(part, receipt, limit.signal);
    // a look that only ran out of time takes nothing back
    if (!(limit.signal.aborted && look.proof.state === 'blind')) found = look.proof;
    if (!look.again || !(await waits.next(look.retryAfterMs))) {
      return part.signal.aborted && look.again
        ? { state: 'stopped', why: 'it was stopped before it was proven' }
        : found;
    }
  }
}

interface Looked {
  readonly proof: Proof;
  /** Another look may show something else. */
  readonly again: boolean;
  readonly retryAfterMs?: number | undefined;
}

async function lookOnce(part: Part, receipt: string | undefined, signal: AbortSignal): Promise<Looked> {
  const { notifier } = part;
  if (notifier.prove === undefined)
    return { proof: { state: 'accepted', why: 'this channel cannot be asked' }, again: false };
  try {
    return lookedOf(await notifier.prove(notificationOf(part, receipt), { signal }));
  } catch (thrown) {
    const { message, retryable, retryAfterMs } = asNotifyError(thrown);
    return { proof: { state: 'blind', why: message }, again: retryable, retryAfterMs };
  }
}

function lookedOf(arrival: Arrival): Looked {
  switch (arrival.state) {
    case 'arrived':
      return { proof: { state: 'proven', why: arrival.how }, again: false };
    case 'unprovable':
      return { proof: { state: 'accepted', why: arrival.why }, again: false };
    case 'missing':
      return { proof: { state: 'missing', why: arrival.why }, again: arrival.final !== true };
  }
}

async function endOne(part: Part, receipt: string | undefined): Promise<void> {
  const { deployment, drill, notifier, clock, pageUrl, signal, note } = part;
  // who stops us may kill us soon
  const tries = signal.aborted ? 1 : endTries;
  note(await endTestIncident({ deployment, drill, notifier, clock, pageUrl, receipt, tries }));
}

export interface Ending {
  readonly deployment: string;
  readonly drill: Pick<Drill, 'id' | 'at' | 'by'>;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly pageUrl?: string | undefined;
  readonly receipt: string | undefined;
  readonly tries?: number;
}

/** Tells a channel that the test incident is over; has time of its own, so that nothing is left open by a stop. Never rejects. */
export async function endTestIncident(ending: Ending): Promise<Pick<DrillChannel, 'end' | 'endWhy'>> {
  const { deployment, drill, notifier, clock, pageUrl, receipt, tries = endTries } = ending;
  const begun = drillFacts(deployment, { ...drill, channels: [] }, notifier.name);
  const facts = { ...begun, state: 'resolved', resolvedAt: Math.max(drill.at, clock.now()) } as const;
  const waits = waiting(clock, undefined);
  for (let tried = 1; ; tried++) {
    const limit = clock.deadline(endTimeoutMs);
    try {
      await notifier.send({ action: 'resolve', facts, pageUrl, receipt }, { signal: limit.signal });
      return { end: 'told' };
    } catch (thrown) {
      const { message, retryable, retryAfterMs } = asNotifyError(thrown);
      const again = retryable && tried < tries && (retryAfterMs ?? 0) <= endTimeoutMs;
      if (!again) return { end: 'refused', endWhy: `${message} Close ${drill.id} there by hand.` };
      await waits.next(retryAfterMs);
    } finally {
      limit.clear();
    }
  }
}

interface Waiting {
  /** Longer each time, and at least what the other side asked for. False: the time is up. */
  next(leastMs?: number): Promise<boolean>;
}

function waiting(clock: Clock, signal: AbortSignal | undefined): Waiting {
  let wait = waitsMs.first;
  return {
    async next(leastMs = 0) {
      if (signal?.aborted) return false;
      try {
        await clock.sleep(Math.max(wait, leastMs), signal);
      } catch {
        return false;
      }
      wait = Math.min(waitsMs.longest, 2 * wait);
      return signal?.aborted !== true;
    },
  };
}

function asNotifyError(thrown: unknown): NotifyError {
  if (thrown instanceof NotifyError) return thrown;
  return new NotifyError(`The channel itself failed: ${messageOf(thrown)}.`, { reason: 'internal', cause: thrown });
}
