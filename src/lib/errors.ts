/**
 * Why something failed, from a closed list: metrics and rules may use it as a label, people read the message.
 * Reasons say what came back, never what it means for a canary: meaning is the engine's.
 */
export type Reason =
  | 'timeout' // nothing came back before the deadline
  | 'aborted' // our side gave up (shutdown)
  | 'auth' // 401, 403, bad or expired credentials
  | 'dns' // the name does not resolve
  | 'network' // no route, unreachable, reset before an answer
  | 'refused' // connection refused: a host answered, nothing listens
  | 'tls' // certificate or handshake
  | 'rate_limited' // 429, throttled
  | 'server_error' // 5xx
  | 'rejected' // any other 4xx, or the target refused what we sent
  | 'not_found' // 404, no such stream, bucket, index
  | 'bad_answer' // not what the protocol promises: HTML with 200, cut JSON, a redirect
  | 'too_large' // an answer over its bound
  | 'partial' // an honest but incomplete answer: failed shards, page or byte budget spent
  | 'unsupported' // the target lacks what we need
  | 'config' // the user's configuration
  | 'disk_full'
  | 'corrupt'
  | 'newer_version'
  | 'locked'
  | 'internal'; // our own bug

/** What may go away by itself: nobody has to change anything for the same call to succeed later. */
const passing: ReadonlySet<Reason> = new Set([
  'rate_limited',
  'server_error',
  'timeout',
  'network',
  'refused',
  'dns',
  'partial',
]);

/** Whether the same call may succeed later without anybody changing anything, where only the reason is known. */
export function isRetryable(reason: Reason): boolean {
  return passing.has(reason);
}

export interface ErrorDetails {
  /** Closed list, bounded: may be a metric label. */
  readonly reason: Reason;
  /** True when the same call may succeed later without anybody changing anything. */
  readonly retryable?: boolean;
  /** The wait the other side asked for, in ms. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The root of all errors we throw on purpose. The message says what was tried, what came back, what to change. */
export abstract class LogcanaryError extends Error {
  abstract readonly code: 'CONFIG' | 'PROBE' | 'LEDGER' | 'NOTIFY';
  readonly reason: Reason;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.reason = details.reason;
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A probe could not do what it was asked. Never evidence about a canary. */
export class ProbeError extends LogcanaryError {
  readonly code = 'PROBE';
}

/** The ledger could not be opened, read or written. */
export class LedgerError extends LogcanaryError {
  readonly code = 'LEDGER';
}

/** A notification was not accepted. */
export class NotifyError extends LogcanaryError {
  readonly code = 'NOTIFY';
}

/** One thing wrong with a configuration file. Lines and columns count from 1. */
export interface ConfigFault {
  readonly line?: number;
  readonly column?: number;
  /** For example `pipelines[0].hops[1].within`; empty for the whole file. */
  readonly path: string;
  /** What it is and what to write instead. Holds no secret value. */
  readonly message: string;
}

/** Everything wrong with a configuration, all at once. */
export class ConfigError extends LogcanaryError {
  readonly code = 'CONFIG';
  readonly file: string;
  readonly faults: readonly ConfigFault[];

  constructor(file: string, faults: readonly ConfigFault[]) {
    super(faults.map((fault) => describeFault(file, fault)).join('\n'), { reason: 'config' });
    this.file = file;
    this.faults = faults;
  }
}

/** `file:line:col path: what it is, what to write` */
export function describeFault(file: string, fault: ConfigFault): string {
  const place = fault.line === undefined ? file : `${file}:${fault.line}:${fault.column ?? 1}`;
  return fault.path === '' ? `${place}: ${fault.message}` : `${place} ${fault.path}: ${fault.message}`;
}

/** The message of anything thrown, for logs and details; never a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
