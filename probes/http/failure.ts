/** What a server, or the way to it, answered instead of an answer, before it is known what was asked. */
import type { Reason } from '../../src/probe.ts';

interface FailureDetails {
  readonly reason: Reason;
  /** HTTP status, when there was one and somebody reads it. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  /** The server's own words, where they may be repeated: what it refused and why. */
  readonly said?: string;
  readonly cause?: unknown;
}

/** `message` says what came back and nothing else; whoever knows what was asked adds the rest. */
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
};

/** Of a status of 300 and more, and of any other that was not asked for. */
export function reasonOfStatus(status: number): Reason {
  if (status < 400) return 'bad_answer';
  return statusReasons[status] ?? (status >= 500 ? 'server_error' : 'rejected');
}

/** The wait that a `Retry-After` asks for, ms; undefined for a date and for anything else. */
export function retryAfterMsOf(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

/** By the code of a socket, DNS, TLS, undici or WebSocket error. */
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
export function failureOfError(error: unknown, signal: AbortSignal | undefined): Failure {
  if (error instanceof Failure) return error;
  if (signal?.aborted === true) return failureOfAbort(signal);
  const code = codeOf(error);
  const [, reason, said] = codeReasons.find(([pattern]) => pattern.test(code)) ?? [
    undefined,
    'network' as const,
    'the connection broke',
  ];
  return new Failure(code === '' ? said : `${said} (${code})`, { reason, cause: error });
}

export function failureOfAbort(signal: AbortSignal): Failure {
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
