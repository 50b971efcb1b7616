/**
 * Calls the emitter in a pod: through the API server's proxy, or by exec with everything on stdin. Where the proxy cannot
 * reach pods (EKS with an overlay network), exec is used by itself, and the proxy is tried again later.
 */
import { type CallOptions, type Clock, type EpochMs, ProbeError, type Reason } from '../../src/probe.ts';
import { Failure } from '../http/failure.ts';
import type { ClusterApi } from './cluster-api.ts';
import { type Answer, readAnswer, type Word } from './emitter-receipt.ts';
import { composeRequest, type EmitterRequest } from './emitter-request.ts';
import type { Errand } from './failure.ts';

/** All from `deploy/kubernetes/PROTOCOL.md`. */
const PORT = 9781;
const PATH = 'cgi-bin/emit';
const CONTAINER = 'emitter';
const COMMAND = ['/emitter/cgi-bin/emit'];
/** 8,000 remembered lines with 40 bytes each, and 256 batches. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The API server tries for 30 s to reach a pod; a way that takes so long is no way. ms */
const PROXY_MS = 10_000;
/** After so long a way that did not work is tried again, ms. */
export const RETRY_PROXY_MS = 30 * 60_000;

export type Way = 'proxy' | 'exec';

export interface EmitterOptions {
  /** `auto`: the proxy as long as it works. */
  readonly way: Way | 'auto';
  readonly secret: string;
}

export interface EmitterPlace {
  readonly namespace: string;
  readonly pod: string;
}

/** What an emitter said, and when it was asked and had answered, T. */
export interface EmitterAnswer extends Answer {
  readonly askedAt: EpochMs;
  readonly answeredAt: EpochMs;
  readonly way: Way;
  /**
   * For `SentBatch`: `wordOf` the way that failed before, if one did, and the word of this one. A call by proxy without an answer
   * may still come, and be taken, after the one by exec was told that there is no room.
   */
  readonly words: readonly (Word | 'none')[];
}

export interface EmitterClient {
  /**
   * One call. The same request may be made again: a batch number is taken once.
   * @throws ProbeError where no answer came, so that nothing is known of the batch (`wordOf`): its lines are unconfirmed until
   * a later receipt tells, unless the error `provesUnsent`. `auth` also for a wrong secret.
   */
  call(place: EmitterPlace, request: EmitterRequest, options: CallOptions): Promise<EmitterAnswer>;
}

export function createEmitterClient(api: ClusterApi, clock: Clock, { way, secret }: EmitterOptions): EmitterClient {
  /** Monotonic ms until which exec is used without trying the proxy. */
  let execUntil = Number.NEGATIVE_INFINITY;

  async function byProxy(place: EmitterPlace, body: Buffer, signal: AbortSignal): Promise<EmitterAnswer> {
    const path = `/api/v1/namespaces/${place.namespace}/pods/${encodeURIComponent(place.pod)}:${PORT}/proxy/${PATH}`;
    const request = { method: 'POST', path, body, maxBytes: MAX_ANSWER_BYTES, timeoutMs: PROXY_MS } as const;
    const answer = await api.call(errandTo(place, 'create pods/proxy'), request, signal);
    return { ...heard(answer.body, place), askedAt: answer.sentAt, answeredAt: clock.now(), way: 'proxy' };
  }

  async function byExec(place: EmitterPlace, stdin: Buffer, { signal }: CallOptions): Promise<EmitterAnswer> {
    const request = { ...place, container: CONTAINER, command: COMMAND, stdin, maxBytes: MAX_ANSWER_BYTES };
    const {
      stdout,
      exitCode,
      sentAt: askedAt,
    } = await api.exec(errandTo(place, 'get and create pods/exec'), request, signal);
    if (stdout.length === 0)
      throw badAnswer(place, exitCode === undefined ? 'a cut connection' : `exit code ${exitCode}`);
    return { ...heard(stdout, place), askedAt, answeredAt: clock.now(), way: 'exec' };
  }

  async function byEither(place: EmitterPlace, body: Buffer, options: CallOptions): Promise<EmitterAnswer> {
    try {
      return await byProxy(place, body, options.signal);
    } catch (error) {
      if (options.signal.aborted || !isNoWay(error)) throw error;
      const answer = await byExec(place, body, options).catch((cause: unknown) => {
        throw neither(place, error, cause);
      });
      execUntil = clock.monotonicMs() + RETRY_PROXY_MS;
      return { ...answer, words: [wordOf(error), ...answer.words] };
    }
  }

  return {
    async call(place, request, options) {
      const body = composeRequest(secret, request);
      if (way === 'exec') return byExec(place, body, options);
      if (way === 'proxy') return byProxy(place, body, options.signal);
      if (clock.monotonicMs() >= execUntil) return byEither(place, body, options);
      return byExec(place, body, options).catch((error: unknown) => {
        if (!options.signal.aborted && isNoWay(error)) execUntil = Number.NEGATIVE_INFINITY;
        throw error;
      });
    },
  };
}

function errandTo({ namespace, pod }: EmitterPlace, permission: string): Errand {
  return {
    what: `reach the emitter in pod "${namespace}/${pod}"`,
    grant: `${permission} in namespace "${namespace}"`,
    check: 'that the pod is still there',
  };
}

/** @throws ProbeError for what is no emitter's answer, and where it refused us */
function heard(bytes: Buffer, place: EmitterPlace): Answer & Pick<EmitterAnswer, 'words'> {
  const answer = readAnswer(bytes.toString('utf8'));
  if (answer === undefined) throw badAnswer(place, 'something that is no receipt');
  if (answer.word !== 'refused') return { ...answer, words: [answer.word] };
  const message = `Cannot use the emitter in pod "${place.namespace}/${place.pod}": it refused. Check that the secret is that of deploy/kubernetes, and that the pod is not older than it.`;
  throw new ProbeError(message, { reason: 'auth' });
}

function badAnswer({ namespace, pod }: EmitterPlace, what: string): ProbeError {
  const message = `Cannot read the emitter's answer from pod "${namespace}/${pod}": ${what} came back. Check that the pod runs the emitter of deploy/kubernetes.`;
  return new ProbeError(message, { reason: 'bad_answer', retryable: true });
}

/** The API server's own words when it does not reach a pod. k8s.io/apimachinery `pkg/util/proxy/transport.go` */
const notReached = /^error trying to reach service|^address not allowed/i;

/** True when the way is to blame, not the cluster or the emitter: there may be another. */
function isNoWay(error: unknown): error is ProbeError {
  if (!(error instanceof ProbeError)) return false;
  const failure = error.cause instanceof Failure ? error.cause : undefined;
  if (failure?.status === 403 || error.reason === 'timeout') return true;
  return notReached.test(failure?.said ?? '');
}

/** Reasons that come before anything was handed to an emitter, or with its refusal. */
const unsentReasons: ReadonlySet<Reason> = new Set([
  'auth',
  'not_found',
  'rate_limited',
  'refused',
  'dns',
  'tls',
  'config',
]);

/** True when the call that failed so cannot have brought its batch to the emitter. */
export function provesUnsent({ reason }: ProbeError): boolean {
  return unsentReasons.has(reason);
}

/** What the failed call is in a `SentBatch`. */
export function wordOf(error: ProbeError): 'refused' | 'none' {
  return provesUnsent(error) ? 'refused' : 'none';
}

/** As little is known as after the one of both that tells less: a call by proxy without an answer may have come through. */
function neither({ namespace, pod }: EmitterPlace, one: unknown, other: unknown): unknown {
  if (!(one instanceof ProbeError) || !(other instanceof ProbeError)) return other;
  const reason = provesUnsent(other) ? one.reason : other.reason;
  const message = `Cannot reach the emitter in pod "${namespace}/${pod}", neither by proxy nor by exec. ${one.message} ${other.message}`;
  return new ProbeError(message.slice(0, 900), {
    ...{ reason, retryable: one.retryable || other.retryable, cause: other },
    ...(other.retryAfterMs === undefined ? {} : { retryAfterMs: other.retryAfterMs }),
  });
}
