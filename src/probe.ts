/**
 * All that a probe may import of ours. Probes see; the core judges: a probe reports what it found, how completely it
 * looked, and as of when. It never decides that a canary is late or lost.
 */
import type { z } from 'zod';
import type { Find } from './core/find.ts';
import type { Runbook } from './core/first-look.ts';
import type { CallOptions, Injector } from './core/injector.ts';
import type { Clock, EpochMs } from './lib/clock.ts';
import type { ProbeError } from './lib/errors.ts';
import type { Log } from './lib/log.ts';

export type { Find } from './core/find.ts';
export type { Advice, LookTemplate, Runbook } from './core/first-look.ts';
export type {
  BatchLine,
  CallOptions,
  DirectInjector,
  Emission,
  HandedBatch,
  Injector,
  ListedStream,
  Refill,
  RefillAnswer,
  ScheduleLimits,
  SchedulingInjector,
} from './core/injector.ts';
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
  /** Values of the label `node`: a complete look says nothing of the streams there, which could not be looked at. */
  readonly without?: readonly string[];
  /** Why the look is partial. Required then, and absent otherwise. */
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
  /** Present where what arrived long ago can still be asked for. A stream that is read on, or a hook, cannot. */
  readonly recheck?: Rechecker;
  close(): Promise<void>;
}

/** Asks again for canaries that were there an hour or a day ago: were they deleted since? */
export interface Rechecker {
  /** So often at most, ms. */
  readonly everyMs: number;
  /** So long a stretch of time one re-check asks about, ms, at most `everyMs`: short where an answer means reading all of that time. */
  readonly spanMs: number;
  /** Looks once, with the limits of `observe`. `complete`: every canary asked about that is there as of `asOf` is among `finds`. No cursor. */
  look(question: RecheckQuestion, options: CallOptions): Promise<Look>;
}

/** At most 200 canaries, all of which were seen at the hop or further down. */
export interface RecheckQuestion extends Omit<Question, 'cursor'> {
  /** T by which all of them had been seen. */
  readonly seenBy: EpochMs;
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
  /**
   * The place that calls go through before they reach what is looked at (an API server before nodes), where there is one: an injector
   * may have it for its target. That it does not answer says nothing of what is behind it: we are just blind.
   */
  through?(config: Config): string | undefined;
  /**
   * What its runbook's gaps are filled with, by name: a namespace, an index, an address. Never a secret. What is undefined is not known,
   * and looks that name it are left out.
   */
  names?(config: Config): Readonly<Record<string, string | undefined>>;
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
  /** Of one that observes, in a sentence or two: what it costs to ask again for what was seen an hour or a day ago, or why that cannot be. */
  readonly asksAgain?: string;
  readonly check?: Role<C, Check>;
  /**
   * First things to look at, by incident kind (`stopped`, `unreadable`, `unproven`, `reading`...), most useful first; gaps as
   * `Role.names` has them.
   */
  readonly runbook: Runbook;
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
