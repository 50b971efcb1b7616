/** Turns whatever the AWS SDK throws into a ProbeError that says what was tried, what came back and what to change. */
import { isRetryable, ProbeError, type Reason } from '../../src/probe.ts';
import { AnswerTooLarge } from './bounded-handler.ts';

/**
 * Error names by what they mean.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const reasonByName: Readonly<Record<string, Reason>> = {
  AccessDenied: 'auth',
  AccessDeniedException: 'auth',
  CredentialsProviderError: 'auth',
  ExpiredToken: 'auth',
  ExpiredTokenException: 'auth',
  IncompleteSignature: 'auth',
  InvalidAccessKeyId: 'auth',
  InvalidClientTokenId: 'auth',
  InvalidSignatureException: 'auth',
  InvalidToken: 'auth',
  KMSAccessDeniedException: 'auth',
  MissingAuthenticationToken: 'auth',
  RequestTimeTooSkewed: 'auth',
  SignatureDoesNotMatch: 'auth',
  TokenProviderError: 'auth',
  UnrecognizedClientException: 'auth',
  AuthorizationHeaderMalformed: 'rejected',
  PermanentRedirect: 'rejected',
  NoSuchBucket: 'not_found',
  NoSuchKey: 'not_found',
  NotFound: 'not_found',
  ResourceNotFoundException: 'not_found',
  BandwidthLimitExceeded: 'rate_limited',
  KMSThrottlingException: 'rate_limited',
  LimitExceededException: 'rate_limited',
  ProvisionedThroughputExceededException: 'rate_limited',
  RequestLimitExceeded: 'rate_limited',
  SlowDown: 'rate_limited',
  Throttling: 'rate_limited',
  ThrottlingException: 'rate_limited',
  TooManyRequestsException: 'rate_limited',
  InternalError: 'server_error',
  InternalFailure: 'server_error',
  InternalFailureException: 'server_error',
  InternalServiceFault: 'server_error',
  ServiceUnavailable: 'server_error',
  ServiceUnavailableException: 'server_error',
  RequestTimeout: 'timeout',
  TimeoutError: 'timeout',
  AnswerTooLarge: 'too_large',
};

/** https://nodejs.org/docs/latest-v24.x/api/errors.html#common-system-errors, https://nodejs.org/docs/latest-v24.x/api/tls.html#x509-certificate-error-codes */
const reasonByCode: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ECONNRESET: 'network',
  ECONNABORTED: 'network',
  EHOSTDOWN: 'network',
  EHOSTUNREACH: 'network',
  ENETDOWN: 'network',
  ENETUNREACH: 'network',
  EPIPE: 'network',
  ERR_STREAM_PREMATURE_CLOSE: 'network',
  ETIMEDOUT: 'timeout',
  EPROTO: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

/** Here also what we gave up ourselves, and an answer that could not be read. */
function mayPass(reason: Reason): boolean {
  return isRetryable(reason) || reason === 'aborted' || reason === 'bad_answer';
}

const advice: Partial<Record<Reason, string>> = {
  timeout: 'Raise the timeout, or see what holds the answer up.',
  aborted: 'We were shutting down.',
  dns: 'Check the region and the endpoint, and the name server of this machine.',
  network: 'Check routes and security groups between this machine and AWS.',
  refused: 'Check that the endpoint has the right port and is up.',
  tls: 'Check that the endpoint speaks TLS with a certificate this machine trusts.',
  rate_limited: 'Others use up the quota; it is tried again later.',
  server_error: 'The service has trouble; it is tried again later.',
  not_found: 'Check the name, the region and the account.',
  bad_answer: 'Check that the endpoint is AWS, not a proxy or a login page.',
  too_large: 'Check that the endpoint is AWS, not a proxy or a login page.',
  config: 'Set region, or AWS_REGION in the environment.',
  rejected: 'Check the region and the other settings of this probe.',
};

/** What a failed call was for. */
export interface Attempt {
  /** After "Cannot": `read stream "logs"`. */
  readonly what: string;
  readonly target: string;
  /** The IAM actions it needs, for the message after a refusal. */
  readonly needs: string;
  readonly signal: AbortSignal;
}

/** @returns the error itself when it is a ProbeError already */
export function awsError(attempt: Attempt, error: unknown): ProbeError {
  if (error instanceof ProbeError) return error;
  const reason = attempt.signal.aborted ? abortReason(attempt.signal) : reasonOf(error);
  const change = isSkewed(error) ? setClock : reason === 'auth' ? grant(attempt) : advice[reason];
  const message = `Cannot ${attempt.what}: ${cameBack(error, reason)} from ${attempt.target}. ${change ?? ''}`;
  return new ProbeError(message.trim(), { reason, retryable: mayPass(reason), cause: causeOf(error) });
}

const grant = ({ needs }: Attempt) => `Grant ${needs} to valid credentials.`;
const setClock = "Set this machine's clock right: requests are signed with the time.";

/** More than 15 minutes off. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function isSkewed(error: unknown): boolean {
  return error instanceof Error && error.name === 'RequestTimeTooSkewed';
}

/** An answer that arrived and is well-formed JSON or XML, but not what the call promises. */
export function badAnswer(attempt: Attempt, lacks: string): ProbeError {
  const message = `Cannot ${attempt.what}: an answer without ${lacks} from ${attempt.target}. ${advice.bad_answer}`;
  return new ProbeError(message, { reason: 'bad_answer', retryable: true });
}

/** Throws when the signal was aborted before anything was sent. */
export function refuseWhenAborted(attempt: Attempt): void {
  if (attempt.signal.aborted) throw awsError(attempt, attempt.signal.reason);
}

function abortReason(signal: AbortSignal): Reason {
  return signal.reason instanceof Error && signal.reason.name === 'TimeoutError' ? 'timeout' : 'aborted';
}

/** Only the parts of an SDK error that are judged; it has many shapes. */
interface Judged {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** A code before a name: the SDK's handler names every reset connection a TimeoutError. */
function reasonOf(error: unknown): Reason {
  const { named, coded } = chainReasons(error);
  if (error instanceof Error && error.message === 'Region is missing') return 'config';
  return coded ?? named ?? reasonByStatus(statusOf(error)) ?? (isParseError(error) ? 'bad_answer' : 'internal');
}

/** Names and codes along the causes; an AggregateError (one per address tried) speaks through its first. */
function chainReasons(error: unknown): { named?: Reason | undefined; coded?: Reason | undefined } {
  for (let at = error as Judged | undefined, depth = 0; at && depth < 5; depth++) {
    const named = reasonByName[String(at.name)];
    const code = String(at.code);
    const coded = reasonByCode[code] ?? (/^ERR_(TLS|SSL)_/.test(code) ? 'tls' : undefined);
    if (named !== undefined || coded !== undefined) return { named, coded };
    at = (at.cause ?? at.errors?.[0]) as Judged | undefined;
  }
  return {};
}

export function statusOf(error: unknown): number | undefined {
  if (error instanceof AnswerTooLarge) return error.status;
  const { $metadata, $response } = (error ?? {}) as Judged;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

function reasonByStatus(status: number | undefined): Reason | undefined {
  if (status === undefined || status < 100) return undefined;
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (status === 408) return 'timeout';
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'rejected' : 'bad_answer';
}

function isParseError(error: unknown): boolean {
  return error instanceof SyntaxError || /deserializ|parse|XML|HPE_/i.test(String((error as Judged | null)?.message));
}

/** Error names whose message repeats what was signed, a session token included. */
const repeatsSignedText = /Signature/;

function cameBack(error: unknown, reason: Reason): string {
  if (reason === 'timeout') return 'no answer in time';
  if (reason === 'aborted') return 'the call was given up before an answer';
  const { name, message, code } = (error ?? {}) as Judged;
  const status = statusOf(error);
  if (typeof code === 'string') return code;
  if (status !== undefined && isParseError(error)) return `an unreadable answer (HTTP ${status})`;
  const http = status === undefined ? '' : ` (HTTP ${status})`;
  if (repeatsSignedText.test(String(name)) || typeof message !== 'string') return `${String(name)}${http}`;
  return `${String(name)}${http}, "${oneLine(message)}",`;
}

function oneLine(text: string): string {
  const line = text.replace(/[<>\s]+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** The cause is kept for the log, but not when it repeats what was signed, or the bytes of an answer. */
function causeOf(error: unknown): unknown {
  if (error instanceof Error && (repeatsSignedText.test(error.name) || isParseError(error))) return undefined;
  return error;
}
