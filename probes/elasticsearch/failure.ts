/** What a cluster answered instead of an answer, before it is known what was asked. */
import type { Reason } from '../../src/probe.ts';

export interface FailureDetails {
  readonly reason: Reason;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** `message` says what came back and nothing else; `explain` in `elastic-client.ts` adds the rest. */
export class Failure extends Error {
  readonly reason: Reason;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { reason, retryAfterMs, cause }: FailureDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
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

/** A failure for a status of 300 and more. */
export function failureOfStatus(status: number, body: string, retryAfter: unknown): Failure {
  const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const reason = status < 400 ? 'bad_answer' : (statusReasons[status] ?? (status >= 500 ? 'server_error' : 'rejected'));
  const type = exceptionType(body);
  const came = status < 400 ? `a redirect (${status})` : `${status}${type === undefined ? '' : ` (${type})`}`;
  return new Failure(came, { reason, ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }) });
}

/** The exception's name. Never its reason, which may repeat our query and so a token. */
function exceptionType(body: string): string | undefined {
  return /"type"\s*:\s*"([a-z_]{1,80})"/.exec(body)?.[1];
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
  [/^UND_ERR_HEADERS_OVERFLOW$/, 'too_large', 'headers without an end'],
  [/^(HPE_|UND_ERR_(RESPONSE_CONTENT_LENGTH|INVALID))/, 'bad_answer', 'not HTTP'],
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
