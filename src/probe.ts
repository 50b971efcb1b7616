/**
 * All that a probe may import of ours. Probes see; the core judges: a probe reports what it found, how completely it
 * looked, and as of when. It never decides that a canary is late or lost.
 */
import type { z } from 'zod';
import type { Find } from './core/find.ts';
import type { Clock, EpochMs } from './lib/clock.ts';
import type { ProbeError } from './lib/errors.ts';
import type { Log } from './lib/log.ts';

export type { Find } from './core/find.ts';
export { longestLine } from './core/line.ts';
export { type ScanResult, scan, scanRecord } from './core/scan.ts';
export type { Clock, Deadline, EpochMs } from './lib/clock.ts';
export { type ParsedText, parseDuration } from './lib/duration.ts';
export { isRetryable, ProbeError, type Reason } from './lib/errors.ts';
export type { Log } from './lib/log.ts';

export interface ProbeContext {
  readonly clock: Clock;
  readonly log: Log;
}

export interface CallOptions {
  /** Aborts at the engine's deadline or at shutdown: reject promptly with a ProbeError `timeout` or `aborted`. */
  readonly signal: AbortSignal;
}

// ------------------------------------------------------------------------------------------------ injecting

/** One injection point as the injector lists it now. */
export interface ListedStream {
  /** Stable identity (a node's UID, a file's path). A new key is a new stream with sequence numbers from 0. */
  readonly key: string;
  /** For people; goes into the canary line. `[A-Za-z0-9._-]{1,63}`. */
  readonly name: string;
  /** node, zone, pool, tenant...: what an incident may be localised by. */
  readonly labels: Readonly<Record<string, string>>;
  /** When the stream's place began to go away (node terminating), if it does. No more canaries are sent there. */
  readonly leavingSince?: EpochMs;
  /** Nothing can be sent there for the time being, and none is planned until that is over. */
  readonly held?: {
    /** For people: `node NotReady`, `no emitter pod`, `CrashLoopBackOff`. */
    readonly why: string;
    /** Set where that should not be, with T since when: the place itself is fine, and nobody watches it. */
    readonly uncoveredSince?: EpochMs;
  };
  /** It is no stream: nothing is ever sent there, and this is why, for people (`Fargate`, `Windows`). */
  readonly leftOut?: string;
}

export interface BatchLine {
  /** The `key` of the stream. */
  readonly stream: string;
  readonly seq: number;
  /** The whole line without a line feed; shapes like `multiline` hold inner line feeds. */
  readonly text: string;
}

/**
 * What became of one line. `emitted`: it went out between `nb` (not before) and `na` (not after), both on our clock.
 * `withheld`: proven not to have gone out. `unconfirmed`: it may or may not have; a receipt may come later.
 */
export type Emission =
  | { readonly state: 'emitted'; readonly nb: EpochMs; readonly na: EpochMs }
  | { readonly state: 'withheld'; readonly why: ProbeError }
  | { readonly state: 'unconfirmed'; readonly why: ProbeError };

/** Lines go out as they are handed over, or are handed over with the times at which they shall. */
export type Injector = DirectInjector | SchedulingInjector;

interface AnyInjector {
  /** Lists every stream there is. Throws ProbeError when it could not look; never returns a part of the list. */
  streams(options: CallOptions): Promise<readonly ListedStream[]>;
  close(): Promise<void>;
}

export interface DirectInjector extends AnyInjector {
  /** Writes lines; one emission per line, in the same order. Throws only when nothing at all is known (then all are unconfirmed). */
  inject(lines: readonly BatchLine[], options: CallOptions): Promise<readonly Emission[]>;
}

/**
 * Hands each stream's lines to somebody close to it who sends them out at their times, also while we cannot be reached, and tells
 * later what went out. A stream that is listed no more has left.
 */
export interface SchedulingInjector extends AnyInjector {
  readonly limits: ScheduleLimits;
  /**
   * One call about one stream: brings lines, asks what became of those brought before. Throws when nothing at all is known, of the
   * new lines either; they are then asked for at the next call.
   */
  refill(refill: Refill, options: CallOptions): Promise<RefillAnswer>;
}

export interface ScheduleLimits {
  /** Lines are handed over so long before they are due at most, ms. */
  readonly horizonMs: number;
  /** A stream is asked, and its schedule filled up, so often, ms. */
  readonly refillMs: number;
  /** Of one call. */
  readonly maxLines: number;
  readonly maxBytes: number;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** How much before its time, by our clock, a line may go out that was handed over so long before it, ms: clocks drift. */
  earlyMs(aheadMs: number): number;
}

/** Lines that were brought in one call, and of which something is still to be learnt. */
export interface HandedBatch {
  readonly number: number;
  /** What `RefillAnswer.place` was: they were sent there and nowhere else. */
  readonly place: string;
  /** T: no call with it began before. */
  readonly handedAt: EpochMs;
  /** Of each line, never falling. */
  readonly plannedAt: readonly EpochMs[];
}

export interface Refill {
  /** The `key` of the stream. */
  readonly stream: string;
  /** Stands for this stream of this ledger, over restarts. `[A-Za-z0-9_-]{1,40}` */
  readonly instance: string;
  /** Of this call, and of the new lines. Above the number of every call about the stream before. */
  readonly number: number;
  readonly open: readonly HandedBatch[];
  /** What the latest committed answer said. Absent before the first. */
  readonly place?: string;
  /** New lines, in the order of their times: for `place` only. Absent while it is not known what became of the last ones. */
  readonly fresh?: { readonly texts: readonly string[]; readonly plannedAt: readonly EpochMs[] };
}

export interface RefillAnswer {
  /** Who takes lines now (a pod, one start of its container); the next call may bring some. */
  readonly place: string;
  /**
   * What is known of the lines of batches, the new one's too, by number and position. Undefined: not known yet. `withheld` of a line
   * whose time is still to come: it can be handed over again. `unconfirmed`: nothing more will be learnt.
   */
  readonly settled: ReadonlyMap<number, readonly (Emission | undefined)[]>;
  /** Why the new lines were not taken, if they were not. */
  readonly why?: ProbeError;
}

// ------------------------------------------------------------------------------------------------ observing

/** What the engine wants to know: which of these tokens are visible at your hop? */
export interface Question {
  /** T at which the engine asked; the look's `asOf` unless the probe lowers it. */
  readonly asOf: EpochMs;
  /** No canary asked about was emitted before this. */
  readonly since: EpochMs;
  /** How many canaries are asked about. May be 0 for `follow` observers, which are asked all the same. */
  readonly count: number;
  /** Their whole tokens, oldest first; computed as it is iterated (about 3 µs each), so iterate only if you search by token. */
  tokens(): Iterable<string>;
  /** First 11 characters (magic, key, writer) of all tokens asked about: a few strings, safe in a search or a log. */
  readonly prefixes: readonly string[];
  /** What this observer returned as `cursor` in the last look that was committed. Absent at the very first. */
  readonly cursor?: string;
}

export interface Look {
  /**
   * `complete`: every canary asked about that was visible as of `asOf` (and emitted at or after `since`, if given) is
   * among `finds` of this or an earlier look: its absence is evidence. Anything less (error, time-out, failed shard,
   * truncated page, budget spent): `partial`, with `why`.
   */
  readonly coverage: 'complete' | 'partial';
  readonly finds: readonly Find[];
  /** Lower than the question's `asOf` when what was read is older than the asking. Never higher. */
  readonly asOf?: EpochMs;
  /** Completeness holds only for canaries emitted at or after this. */
  readonly since?: EpochMs;
  /** Why the look is partial. Required then. */
  readonly why?: ProbeError;
  /** Where to go on; committed in the same transaction as the finds, so nothing is read twice or skipped. At most 64 KiB. */
  readonly cursor?: string;
  /** Bytes of payload that were scanned. */
  readonly bytes?: number;
}

export interface Observer {
  /**
   * `poll`: asked every `poll`. `on-demand`: asked only while some canary is past its deadline and was not seen further
   * down. `push`: canaries come in through `POST /hooks/hop/<name>`; asked every `poll` only for its coverage.
   */
  readonly mode: 'poll' | 'on-demand' | 'push';
  /** `unique`: a record is reported once however often it is looked at, so a second find is a real duplicate. `repeats`: it is not. */
  readonly finds: 'unique' | 'repeats';
  /** Looks once. A total failure throws ProbeError; what was found before a failure is better returned as `partial`. */
  observe(question: Question, options: CallOptions): Promise<Look>;
  close(): Promise<void>;
}

// ------------------------------------------------------------------------------------------------ checking

/** One health figure, read just now. Absent when it could not be read: no data is not zero. */
export interface Reading {
  /** What is measured, for example `disk`, `iterator-age`. Stable: part of the incident's identity. */
  readonly measure: string;
  /** The node, shard or index it belongs to. */
  readonly subject?: string;
  /** `ratio`: 0 to 1, where the target tells a share and no amount. */
  readonly unit: 'bytes' | 'seconds' | 'count' | 'ratio';
  /** The figure now, in `unit`, growing towards `limit`. */
  readonly value: number;
  /** Where it breaks, in the same unit (flood stage, retention). */
  readonly limit: number;
  /** What the limit is, for people: `flood stage 95%`. */
  readonly limitName: string;
  /** Worth a warning at or above this. */
  readonly warnAt?: number;
  /** The whole, when that is more than the limit (a disk's size). */
  readonly capacity?: number;
  /** Past `warnAt` or `limit` for so long, ms, before it is worth a finding: buffers fill in bursts. Default 0. */
  readonly lastingMs?: number;
  /** Of which agent it is. One agent past its limit is a warning; many are a page. */
  readonly agent?: AgentPlace;
  /** T at which it was read, when that was at an earlier check (agents that are read in turns). */
  readonly asOf?: EpochMs;
}

/** An agent that runs many times, one on each node. */
export interface AgentPlace {
  /** `fluent-bit`, `filebeat`... */
  readonly kind: string;
  /** Its node; host:port where the node is not known. */
  readonly node: string;
  /** Unique among the agents of a check, the same after a restart: the node of a DaemonSet's pod, a pod's name, host:port. */
  readonly name: string;
}

/**
 * A counter of what an agent gave up, as the agent tells it. The engine takes the differences: what it finds at its very
 * first reading is a baseline, and a counter that began anew counts from 0.
 */
export interface Drop {
  readonly agent: AgentPlace;
  /** For people, after a number: `records dropped`. Stable. */
  readonly measure: string;
  /** The output, input or pipeline in the agent. Stable over restarts. */
  readonly subject?: string;
  /** Since the agent's start; an integer. */
  readonly total: number;
  /** Another one means that the counter began anew at 0. Empty when nothing tells; then a smaller total means it. */
  readonly incarnation: string;
  /** `records` are lines lost, and summed up; `other` (batches, errors, cut lines) is told only. */
  readonly counts: 'records' | 'other';
}

export interface CheckResult {
  readonly readings: readonly Reading[];
  /** Things wrong in themselves, whatever the figures: `index logs-1 refuses writes (read_only_allow_delete)`. */
  readonly problems: readonly string[];
  /** Set when part of the target did not answer (`_nodes.failed`): what is missing. */
  readonly why?: ProbeError;
  /** What agents gave up since their start. */
  readonly drops?: readonly Drop[];
  /** What somebody changed there lately: named beside an incident that began soon after. */
  readonly changes?: readonly Change[];
}

/** A rollout, a new configuration: told as it is found, each time it is found. */
export interface Change {
  /** T; a stamp of another clock as our clock would have read. */
  readonly at: EpochMs;
  /** For people, the same each time: `DaemonSet logging/fluent-bit: revision 7c9f begins to roll out`. No secret, no content. */
  readonly what: string;
}

export interface Check {
  check(options: CallOptions): Promise<CheckResult>;
  close(): Promise<void>;
}

// ------------------------------------------------------------------------------------------------ definition

/** One role of a probe: its strict config schema (unknown keys refused), where it points, how it opens. */
export interface Role<Config, Opened> {
  readonly config: z.ZodType<Config>;
  /** The host:port, or other place, that calls go to: without credentials. For isolation, rate sharing and messages. */
  target(config: Config): string;
  /** Loads the vendor's client here, not at import. Contacts nothing that must be up: a dead target shows at the first call. */
  open(config: Config, context: ProbeContext): Promise<Opened>;
  /** Asks the real target whether it is reachable and permits what is needed; throws ProbeError with what to grant. For `validate --online`. */
  online?(config: Config, context: ProbeContext, options: CallOptions): Promise<string>;
}

export interface ProbeDefinition<I = never, O = never, C = never> {
  /** The word in the configuration. */
  readonly kind: string;
  /** One sentence: from when to when, or what. */
  readonly measures: string;
  readonly inject?: Role<I, Injector>;
  readonly observe?: Role<O, Observer>;
  readonly check?: Role<C, Check>;
  /** First things to look at, by incident kind (`stopped`, `unreadable`, `unproven`, `reading`...). */
  readonly runbook: Readonly<Record<string, string>>;
}

/** Types a probe's definition; does nothing else. */
export function defineProbe<I = never, O = never, C = never>(
  definition: ProbeDefinition<I, O, C>,
): ProbeDefinition<I, O, C> {
  return definition;
}

/** A definition whose config types are forgotten, as the list of probes holds them. */
// biome-ignore lint/suspicious/noExplicitAny: variance: a list of definitions with different configs has no common type
export type AnyProbe = ProbeDefinition<any, any, any>;
