import { request } from 'undici';
import type { HeartbeatSpec } from '../core/pipeline.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { doubtOf, type PingRequest, pingRequest, type Sign } from './heartbeat-form.ts';

/** Healthchecks.io and its like answer at once; longer than this is a failed ping. */
const pingTimeoutMs = 10_000;
/** These services answer a word; whatever is longer is somebody else. */
const maxAnswerBytes = 64 * 1024;
/** A ping that failed on its way is tried again after so long, ms: a grace is often no longer than a period. */
const retryAfterMs: readonly number[] = [2_000, 8_000];

export interface HeartbeatOptions {
  readonly specs: readonly HeartbeatSpec[];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether logcanary's own loops complete cycles and its ledger takes writes; if not, why. */
  health(): { readonly ok: boolean; readonly problems: readonly string[] };
  /** Called after the service took it. */
  sent(spec: HeartbeatSpec): void;
}

/**
 * Tells outside services that we are alive, only while that is true: silence is the message. Services that can be told so
 * also hear that we were started, and that we are not well once that lasts from one beat to the next. Resolves when the signal
 * aborts. The URL's path is a secret: logs name the host only.
 */
export async function beat(options: HeartbeatOptions): Promise<void> {
  await Promise.all(options.specs.map((spec) => beatOne(spec, options)));
}

async function beatOne(spec: HeartbeatSpec, options: HeartbeatOptions): Promise<void> {
  const { clock, signal } = options;
  let wasWell = true;
  await say(spec, 'starting', '', options);
  while (!signal.aborted) {
    const begun = clock.monotonicMs();
    const { ok, problems } = options.health();
    if (ok) await sayAlive(spec, options);
    else await sayUnwell(spec, wasWell, problems, options);
    wasWell = ok;
    const restMs = Math.max(0, spec.everyMs - (clock.monotonicMs() - begun));
    await clock.sleep(restMs, signal).catch(() => undefined);
  }
}

async function sayAlive(spec: HeartbeatSpec, options: HeartbeatOptions): Promise<void> {
  if (await say(spec, 'alive', '', options)) options.sent(spec);
}

/** What is over by the next beat is nobody's alarm. */
async function sayUnwell(
  spec: HeartbeatSpec,
  isFirst: boolean,
  problems: readonly string[],
  options: HeartbeatOptions,
): Promise<void> {
  const { host } = new URL(spec.url);
  options.log.warn({ host }, 'Heartbeat withheld: logcanary is not healthy.');
  if (!isFirst) await say(spec, 'failing', `logcanary is not healthy: ${problems.join('; ')}`, options);
}

/** Whether the service took it. */
async function say(
  spec: HeartbeatSpec,
  sign: Sign,
  text: string,
  { clock, log, signal }: HeartbeatOptions,
): Promise<boolean> {
  const ping = pingRequest(spec, sign, text);
  if (ping === undefined) return false;
  const { host } = new URL(spec.url);
  const waits = spec.everyMs >= 3 * pingTimeoutMs ? [...retryAfterMs] : [];
  for (;;) {
    const failure = await send(spec, ping, clock, signal);
    if (failure === undefined) return true;
    const waitMs = failure.mayPass ? waits.shift() : undefined;
    if (waitMs === undefined) {
      if (!signal.aborted) log.warn({ host }, `Heartbeat to ${host} was not accepted: ${failure.why}`);
      return false;
    }
    await clock.sleep(waitMs, signal).catch(() => undefined);
    if (signal.aborted) return false;
  }
}

interface Failure {
  readonly why: string;
  /** It did not get there, or the service is out of order: once more may help. */
  readonly mayPass: boolean;
}

async function send(
  spec: HeartbeatSpec,
  { method, url, body }: PingRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const deadline = clock.deadline(pingTimeoutMs, signal);
  try {
    const headers = { 'user-agent': 'logcanary', ...(body === undefined ? {} : { 'content-type': 'text/plain' }) };
    const answer = await request(url, { method, headers, body: body ?? null, signal: deadline.signal });
    const text = await readAnswer(answer.body);
    const { statusCode: status } = answer;
    if (status < 200 || status >= 300) return { why: `HTTP ${status}`, mayPass: status >= 500 || status === 429 };
    const doubt = doubtOf(spec, text);
    return doubt === undefined ? undefined : { why: `it answered "${doubt}"`, mayPass: false };
  } catch (error) {
    const why = deadline.expired
      ? `no answer within ${pingTimeoutMs / 1000} s`
      : messageOf(error).replaceAll(url, new URL(url).host);
    return { why, mayPass: true };
  } finally {
    deadline.clear();
  }
}

/** Its text; to the end, so that the connection can be used again, or to the bound, and then it is given up. */
async function readAnswer(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
