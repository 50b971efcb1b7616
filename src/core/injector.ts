/** What an injector promises: part of `probe.ts`, which is all that a probe may import of ours. */
import type { EpochMs } from '../lib/clock.ts';
import type { ProbeError } from '../lib/errors.ts';

export interface CallOptions {
  /** Aborts at the engine's deadline or at shutdown: reject promptly with a ProbeError `timeout` or `aborted`. */
  readonly signal: AbortSignal;
}

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
  /** Who takes its lines now, where the list tells: when that is somebody else, or started anew, it is asked at once. */
  readonly taker?: string;
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
  readonly fresh?: {
    /** T: will be that of its `HandedBatch`, so delays that are counted from it can be told again later. */
    readonly handedAt: EpochMs;
    readonly texts: readonly string[];
    readonly plannedAt: readonly EpochMs[];
  };
}

export interface RefillAnswer {
  /** Who takes lines now (a pod, one start of its container); the next call may bring some. */
  readonly place: string;
  /**
   * What is known of the lines of batches, the new one's too, by number and position. Undefined: not known yet. `withheld` of a line
   * whose time is still to come: it can be handed over again. `unconfirmed`: nothing more will be learnt.
   */
  readonly settled: ReadonlyMap<number, readonly (Emission | undefined)[]>;
  /** Of some lines it is still not known whether they were taken: nothing new may be brought before it was asked again. */
  readonly unsure?: boolean;
  /** Why the new lines were not taken, if they were not and that was not because `place` is another one now. */
  readonly why?: ProbeError;
  /** Lines that were brought in time are long due and have not gone out, and are not given up either. */
  readonly stuck?: ProbeError;
}
