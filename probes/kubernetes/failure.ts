/** What an API server, or the way to it, answered instead of an answer. */
import { ProbeError, type Reason } from '../../src/probe.ts';

interface FailureDetails {
  readonly reason: Reason;
  /** HTTP status, when there was one. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  /** The API server's own words: what it refused and why. Never of a pod behind it. */
  readonly said?: string;
  readonly cause?: unknown;
}

/** `message` says what came back and nothing else; `explain` adds the rest. */
export class Failure extends Error {
  readonly reason: Reason;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly said: string | undefined;

  constructor(message: string, { reason, status, retryAfterMs, said, cause }: FailureDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.reason = reason;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.said = said;
  }
}

/** By HTTP status; anything else below 500 is `rejected`. */
const statusReasons: Readonly<Record<number, Reason>> = {
  401: 'auth',
  403: 'auth',
  404: 'not_found',
  408: 'timeout',
  429: 'rate_limited',
  504: 'timeout',
};

/** A server that asks for a longer rest than this is asked again sooner, ms. */
const MAX_RETRY_AFTER_MS = 300_000;

/** A failure for a status of 300 and more; for WebSockets, of anything but 101. */
export function failureOfStatus(status: number, body: string, retryAfter: unknown): Failure {
  const reason = status < 400 ? 'bad_answer' : (statusReasons[status] ?? (status >= 500 ? 'server_error' : 'rejected'));
  const said = saidBy(body);
  const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  return new Failure(cameBack(status), {
    ...{ reason, status },
    ...(said === undefined ? {} : { said }),
    ...(seconds === undefined ? {} : { retryAfterMs: Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) }),
  });
}

function cameBack(status: number): string {
  if (status >= 400) return String(status);
  return status >= 300 ? `a redirect (${status})` : `an answer that was not asked for (${status})`;
}

/** The message of a `Status` object. */
function saidBy(body: string): string | undefined {
  try {
    const { kind, message } = JSON.parse(body) as { kind?: unknown; message?: unknown };
    return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** By the code of a socket, DNS, TLS or undici error. */
const codeReasons: readonly (readonly [RegExp, Reason, string])[] = [
  [/^(ENOTFOUND|EAI_)/, 'dns', 'the name does not resolve'],
  [/^ECONNREFUSED$/, 'refused', 'connection refused'],
  [
    /^(EPROTO|ERR_SSL|ERR_TLS|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/,
    'tls',
    'TLS failed',
  ],
  [/^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/, 'timeout', 'no answer'],
  [/^(UND_ERR_HEADERS_OVERFLOW|WS_ERR_UNSUPPORTED_MESSAGE_LENGTH)$/, 'too_large', 'an answer without an end'],
  [/^(HPE_|UND_ERR_(RESPONSE_CONTENT_LENGTH|INVALID)|WS_ERR_)/, 'bad_answer', 'not what the protocol promises'],
];

/** A failure for an error thrown on the way; `signal` tells an abort of ours from one of theirs. */
export function failureOfError(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (signal.aborted) return failureOfAbort(signal);
  const code = codeOf(error);
  const [, reason, said] = codeReasons.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'network' as const,
    'the connection broke',
  ];
  return new Failure(code === '' ? said : `${said} (${code})`, { reason, cause: error });
}

function failureOfAbort(signal: AbortSignal): Failure {
  const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  return timedOut
    ? new Failure('no answer before the deadline', { reason: 'timeout' })
    : new Failure('aborted by us', { reason: 'aborted' });
}

/** The first code along causes and aggregates, at most 5 deep. */
function codeOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 5) return '';
  const inner = (error instanceof AggregateError ? error.errors[0] : undefined) ?? error.cause;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // undici wraps what the socket said; the inner code is the telling one.
  return codeOf(inner, depth + 1) || code;
}

/** What is asked, in words for an error message, and what it needs. */
export interface Errand {
  /** After "Cannot": `list nodes`. */
  readonly what: string;
  /** After "Grant": `list nodes`. */
  readonly grant: string;
  /** After "Check" when the answer is 404. */
  readonly check?: string;
}

const retryable: ReadonlySet<Reason> = new Set([
  'rate_limited',
  'server_error',
  'timeout',
  'network',
  'refused',
  'dns',
  'partial',
]);

/** Longest part of a server's own words that a message repeats, characters. */
const MAX_SAID = 240;

/** What a failure means for the errand, as the error that leaves the probe. */
export function explain(errand: Errand, place: string, failure: Failure): ProbeError {
  const { reason, retryAfterMs, said } = failure;
  const words = said === undefined ? '' : ` ("${said.replace(/[<>\s]+/g, ' ').slice(0, MAX_SAID)}")`;
  const message = `Cannot ${errand.what}: ${failure.message}${words} from ${place}. ${advice(errand, failure)}`;
  return new ProbeError(message, {
    ...{ reason, retryable: retryable.has(reason), cause: failure },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const notTheServer = 'Check that url leads to the API server itself, not to a login page or a redirect.';

function advice(errand: Errand, { reason, status, said }: Failure): string {
  switch (reason) {
    case 'auth':
      return status === 403 ? `Grant ${errand.grant}: see deploy/kubernetes/rbac.` : 'Check the credentials.';
    case 'not_found':
      return `Check ${errand.check ?? 'that url leads to the API server itself'}.`;
    case 'rejected':
      // its own words: it is the API server
      return said === undefined ? notTheServer : `Check ${errand.check ?? 'namespace and selector'}.`;
    case 'bad_answer':
      return notTheServer;
    case 'tls':
      return 'Set ca_file (or the kubeconfig) to the authority that signed its certificate.';
    case 'dns':
    case 'refused':
    case 'network':
      return 'Check the address of the API server, and that it can be reached from here.';
    case 'too_large':
      return 'Look at what answers there: the answer is larger than any honest one.';
    case 'aborted':
      return 'Nothing to change: logcanary is stopping.';
    case 'config':
    case 'unsupported':
      return 'Change the kubeconfig, or use url with token_file or eks.';
    default:
      return 'Look at the health of the control plane; logcanary asks again by itself.';
  }
}
