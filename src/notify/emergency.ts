import { dedupKeyOf } from '../core/dedup-key.ts';
import { looksFor, lookText, ownAdvice } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { Notifier } from '../core/notifier.ts';
import type { Clock, Deadline, EpochMs } from '../lib/clock.ts';
import { NotifyError } from '../lib/errors.ts';

/** One try of one channel, ms. */
export const emergencyTimeoutMs = 10_000;

export interface Emergency {
  readonly clock: Clock;
  readonly deployment: string;
  /** What failed, in a sentence: the ledger error's message. No secret. */
  readonly what: string;
  /** True when it works again: resolves the page of the same deployment. */
  readonly resolve?: boolean;
  /** When it began; now, if absent. */
  readonly since?: EpochMs;
  readonly pageUrl?: string;
  readonly signal: AbortSignal;
}

export interface EmergencyOutcome {
  /** Names of the channels that took it. Empty: nobody was told. */
  readonly accepted: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: NotifyError }[];
}

/**
 * The one page that does not go through the outbox, because the ledger that holds the outbox has failed. Tries all
 * channels at once, each once; the key is the same for each page of a deployment, so repeating it wakes nobody twice.
 * Never throws.
 */
export async function sendEmergency(notifiers: readonly Notifier[], emergency: Emergency): Promise<EmergencyOutcome> {
  const outcomes = await Promise.all(notifiers.map((notifier) => tryOne(notifier, emergency)));
  return {
    accepted: outcomes.filter(({ error }) => error === undefined).map(({ name }) => name),
    failed: outcomes.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, error }])),
  };
}

async function tryOne(notifier: Notifier, emergency: Emergency): Promise<{ name: string; error?: NotifyError }> {
  const { name } = notifier;
  const deadline = emergency.clock.deadline(emergencyTimeoutMs, emergency.signal);
  try {
    const action = emergency.resolve === true ? 'resolve' : 'trigger';
    const page = emergency.pageUrl === undefined ? {} : { pageUrl: emergency.pageUrl };
    const sent = notifier.send({ action, facts: factsOf(emergency), ...page }, { signal: deadline.signal });
    await Promise.race([sent, abortOf(deadline.signal)]);
    return { name };
  } catch (error) {
    return { name, error: typed(name, error, deadline) };
  } finally {
    deadline.clear();
  }
}

/** Rejects when the time is up, for a channel that does not heed its signal. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function typed(name: string, error: unknown, { expired, signal }: Deadline): NotifyError {
  if (error instanceof NotifyError) return error;
  const reason = expired ? 'timeout' : signal.aborted ? 'aborted' : 'internal';
  return new NotifyError(`Cannot send the emergency page to ${name}: ${whys[reason]}. Tell people another way.`, {
    reason,
    retryable: true,
    cause: error,
  });
}

const whys = {
  timeout: `no answer within ${emergencyTimeoutMs / 1000} s`,
  aborted: 'it was stopped before an answer',
  internal: 'the channel itself failed, see the cause',
};

function factsOf({ clock, deployment, what, resolve = false, since }: Emergency): IncidentFacts {
  const advice = looksFor(ownAdvice.ledger);
  const now = clock.now();
  return {
    id: 'inc-ledger',
    deployment,
    pipeline: '',
    hop: 'logcanary',
    kind: 'ledger',
    severity: 'critical',
    state: resolve ? 'resolved' : 'open',
    dedupKey: dedupKeyOf(deployment, '', 'logcanary', 'ledger'),
    openedAt: since ?? now,
    since: since ?? now,
    ...(resolve && { resolvedAt: now }),
    unreadable: [],
    streams: { affected: 0, total: 0, names: [] },
    counts: {},
    looks: { complete: 0, asked: 0 },
    behind: [],
    detail: what,
    firstLook: advice.map(lookText),
    advice,
  };
}
