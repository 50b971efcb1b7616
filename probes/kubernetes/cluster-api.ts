/**
 * Asks one API server: signs in, keeps to the pace, rests when told to, gives every call a deadline and every answer a
 * bound. Every failure leaves as a ProbeError.
 */
import type { z } from 'zod';
import { type Clock, type EpochMs, ProbeError } from '../../src/probe.ts';
import { Failure, failureOfError } from '../http/failure.ts';
import { type CallAnswer, type CallRequest, createConnection, wasClosed } from './connection.ts';
import { type Credential, createSignIn } from './credential.ts';
import { credentialSource } from './credential-source.ts';
import { type ExecAnswer, type ExecRequest, execInPod } from './exec-channel.ts';
import { type Errand, explain } from './failure.ts';
import { type ClusterConfig, targetOf } from './kubernetes-config.ts';
import { paceOf } from './pace.ts';

/** The longest that one call may take once its turn has come, ms: an API server gives up on pods after 30 s itself. */
export const CALL_MS = 30_000;
/** A reading call that was told to wait is made again as often. */
const MAX_RETRIES = 2;
/** ... if the wait is no longer than this, ms. */
const PATIENCE_MS = 10_000;
/** Clocks that are no further apart than this are taken for the same, ms. */
const SAME_CLOCK_MS = 2_000;
/** The rest after a 429 that names none, ms. */
const DEFAULT_REST_MS = 1_000;

/** When it went out, T: after it had waited for its turn, so the answer is of a later moment. */
export interface Sent {
  readonly sentAt: EpochMs;
}

export interface ClusterApi {
  /** Asks for JSON that fits the schema. @throws ProbeError */
  ask<Answer>(errand: Errand, answer: z.ZodType<Answer>, request: CallRequest, signal: AbortSignal): Promise<Answer>;
  /** Any 2xx. @throws ProbeError */
  call(errand: Errand, request: CallRequest, signal: AbortSignal): Promise<CallAnswer & Sent>;
  /** Runs a command in a container to its end. @throws ProbeError */
  exec(errand: Errand, request: ExecRequest, signal: AbortSignal): Promise<ExecAnswer & Sent>;
  /** A stamp of the cluster (ms) on our clock. The server's `Date` tells how far they are apart; below 2 s that is nothing. */
  onOurClock(stamp: number): EpochMs;
  close(): Promise<void>;
}

type Exchange<T> = (credential: Credential, signal: AbortSignal) => Promise<T>;

/** Contacts nothing and reads nothing: a missing kubeconfig shows at the first call. */
export function openCluster(config: ClusterConfig, clock: Clock): ClusterApi {
  const signIn = createSignIn(credentialSource(config, clock), clock);
  const connection = createConnection();
  let place = targetOf(config);
  /** By how much the server's clock is ahead of ours, ms. */
  let ahead = 0;

  /** One exchange, in its turn; only then its own time begins. @throws Failure, or ProbeError of the signing in */
  async function exchange<T>(timeoutMs: number, signal: AbortSignal, once: Exchange<T>): Promise<T> {
    const { server } = await signIn.current(signal);
    place = new URL(server).origin;
    const pace = paceOf(clock, server);
    await pace.turn(signal);
    const credential = await signIn.current(signal);
    const deadline = clock.deadline(timeoutMs, signal);
    try {
      return await once(credential, deadline.signal);
    } catch (error) {
      const failure = failureOfError(error, deadline.signal);
      if (failure.status === 401) signIn.refused(credential);
      if (failure.reason === 'rate_limited') pace.rest(failure.retryAfterMs ?? DEFAULT_REST_MS);
      throw failure;
    } finally {
      deadline.clear();
    }
  }

  /** The exchange, and again where that makes sense. @throws ProbeError */
  async function insist<T>(
    errand: Errand,
    { timeoutMs = CALL_MS, reads }: { timeoutMs?: number | undefined; reads: boolean },
    signal: AbortSignal,
    once: Exchange<T>,
  ): Promise<T> {
    for (let retries = 0; ; retries += 1) {
      try {
        return await exchange(timeoutMs, signal, once);
      } catch (error) {
        if (error instanceof ProbeError) throw error;
        const failure = failureOfError(error, signal);
        if (!isWorthAnother(failure, retries, reads)) throw explain(errand, place, failure);
      }
    }
  }

  const call: ClusterApi['call'] = (errand, request, signal) =>
    insist(errand, { ...request, reads: request.method === 'GET' }, signal, async (credential, until) => {
      const sentAt = clock.now();
      const answer = await connection.call(credential, request, until);
      ahead = aheadBy(answer.headers.date, sentAt, clock.now()) ?? ahead;
      return { ...answer, sentAt };
    });

  return {
    call,
    async ask(errand, answer, request, signal) {
      const { body } = await call(errand, request, signal);
      const parsed = answer.safeParse(jsonOf(body));
      if (parsed.success) return parsed.data;
      throw explain(errand, place, new Failure('something other than what was asked for', { reason: 'bad_answer' }));
    },
    exec: (errand, request, signal) =>
      insist(errand, { ...request, reads: false }, signal, async (credential, until) => {
        let sentAt = clock.now();
        const opened = () => {
          sentAt = clock.now();
        };
        return { ...(await execInPod(credential, request, until, opened)), sentAt };
      }),
    onOurClock: (stamp) => stamp - ahead,
    close: () => connection.close(),
  };
}

/** Between the asking and the answer it was that second there: the middle of what is possible, 0 where 0 nearly is. */
function aheadBy(date: string | undefined, askedAt: EpochMs, answeredAt: EpochMs): number | undefined {
  const second = Date.parse(date ?? '');
  if (Number.isNaN(second)) return undefined;
  const [least, most] = [second - answeredAt, second + 1000 - askedAt];
  return least - SAME_CLOCK_MS <= 0 && most + SAME_CLOCK_MS >= 0 ? 0 : Math.round((least + most) / 2);
}

/** What was refused before anything was done may be asked again; a reading call also where it is not known. */
function isWorthAnother(failure: Failure, retries: number, reads: boolean): boolean {
  if (retries >= MAX_RETRIES) return false;
  if (failure.status === 401) return retries === 0;
  if (!reads) return false;
  if (failure.reason === 'rate_limited') return (failure.retryAfterMs ?? DEFAULT_REST_MS) <= PATIENCE_MS;
  return retries === 0 && failure.reason === 'network' && wasClosed(failure);
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
