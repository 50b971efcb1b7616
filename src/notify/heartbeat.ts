import { request } from 'undici';
import type { HeartbeatSpec } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** Healthchecks.io and its like answer at once; longer than this is a failed ping. */
const pingTimeoutMs = 10_000;

export interface HeartbeatOptions {
  readonly specs: readonly HeartbeatSpec[];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether logcanary's own loops complete cycles and its ledger takes writes. */
  healthy(): boolean;
  /** Called after the service answered 2xx. */
  sent(spec: HeartbeatSpec): void;
}

/**
 * Tells outside services that we are alive, only while that is true: silence is the message. Resolves when the signal
 * aborts. The URL's path is a secret: logs name the host only.
 */
export async function beat(options: HeartbeatOptions): Promise<void> {
  await Promise.all(options.specs.map((spec) => beatOne(spec, options)));
}

async function beatOne(spec: HeartbeatSpec, options: HeartbeatOptions): Promise<void> {
  const { clock, log, signal } = options;
  const { host } = new URL(spec.url);
  while (!signal.aborted) {
    if (options.healthy()) {
      const failure = await ping(spec.url, clock, signal);
      if (failure === undefined) options.sent(spec);
      else if (!signal.aborted) log.warn({ host }, `Heartbeat to ${host} was not accepted: ${failure}`);
    } else log.warn({ host }, 'Heartbeat withheld: logcanary is not healthy.');
    await clock.sleep(spec.everyMs, signal).catch(() => undefined);
  }
}

async function ping(url: string, clock: Clock, signal: AbortSignal): Promise<string | undefined> {
  const deadline = clock.deadline(pingTimeoutMs, signal);
  try {
    const answer = await request(url, { method: 'GET', signal: deadline.signal });
    await answer.body.dump({ limit: 64 * 1024 });
    return answer.statusCode >= 200 && answer.statusCode < 300 ? undefined : `HTTP ${answer.statusCode}`;
  } catch (error) {
    return deadline.expired
      ? `no answer within ${pingTimeoutMs / 1000} s`
      : messageOf(error).replaceAll(url, new URL(url).host);
  } finally {
    deadline.clear();
  }
}
