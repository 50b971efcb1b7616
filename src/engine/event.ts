/** What happens to the engine, and what it asks to be done. */

import type { Drill } from '../core/drill.ts';
import type { OutboxRow } from '../core/ledger.ts';
import type { Maintenance } from '../core/maintenance.ts';
import type { Note } from '../core/note.ts';
import type { PeerReport } from '../core/peer.ts';
import type { Silence } from '../core/silence.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type {
  BatchLine,
  CheckResult,
  Emission,
  Find,
  ListedStream,
  Look,
  Question,
  Refill,
  RefillAnswer,
} from '../probe.ts';
import type { Picked, RecheckRef } from './recheck-book.ts';
import type { NoSilence } from './silencing.ts';
import type { CheckState, HopState, InjectorState, StreamState } from './state.ts';

/** Which sequence numbers of a stream a look was asked about. */
export interface AskedRange {
  readonly stream: StreamState;
  readonly from: number;
  readonly to: number;
}

export interface LineRef {
  readonly stream: StreamState;
  readonly seq: number;
}

export type Event =
  | { readonly type: 'tick'; readonly wall: EpochMs }
  /** The driver could not look around from then until now: suspended (SIGSTOP, a machine that slept), or without a ledger. */
  | { readonly type: 'unwatched'; readonly from: EpochMs }
  | { readonly type: 'listed'; readonly injector: InjectorState; readonly streams: readonly ListedStream[] }
  | { readonly type: 'list-failed'; readonly injector: InjectorState; readonly error: LogcanaryError }
  | {
      readonly type: 'injected';
      readonly injector: InjectorState;
      readonly refs: readonly LineRef[];
      /** Missing when the call failed as a whole: then nothing is known of any line. */
      readonly emissions?: readonly Emission[];
      readonly error?: LogcanaryError;
    }
  | {
      readonly type: 'refilled';
      readonly stream: StreamState;
      readonly refill: Refill;
      readonly answer?: RefillAnswer;
      /** Set when the call failed as a whole. */
      readonly error?: LogcanaryError;
    }
  | {
      readonly type: 'looked';
      readonly hop: HopState;
      readonly asOf: EpochMs;
      readonly asked: readonly AskedRange[];
      readonly askedCount: number;
      readonly tookMs: number;
      readonly look?: Look;
      readonly error?: LogcanaryError;
    }
  | {
      readonly type: 'rechecked';
      readonly hop: HopState;
      readonly picked: Picked<StreamState>;
      /** Those that were asked for. */
      readonly asked: readonly RecheckRef<StreamState>[];
      readonly look?: Look;
      readonly error?: LogcanaryError;
    }
  | { readonly type: 'hooked'; readonly hop: string; readonly finds: readonly Find[] }
  | {
      readonly type: 'checked';
      readonly check: CheckState;
      readonly result?: CheckResult;
      readonly error?: LogcanaryError;
    }
  | {
      readonly type: 'notified';
      readonly id: number;
      readonly error?: LogcanaryError;
      readonly receipt?: string | undefined;
    }
  | { readonly type: 'pinged'; readonly name: string }
  /** Answered through `told`: with its number, or nothing where there are too many. */
  | {
      readonly type: 'maintain';
      readonly wanted: Omit<Maintenance, 'id'>;
      readonly told: (window: Maintenance | undefined) => void;
    }
  | { readonly type: 'maintained'; readonly id: string; readonly told: (ended: boolean) => void }
  | {
      readonly type: 'silence';
      readonly wanted: Omit<Silence, 'id'>;
      readonly told: (silence: Silence | NoSilence) => void;
    }
  | { readonly type: 'silence-ended'; readonly id: string; readonly told: (ended: boolean) => void }
  | {
      readonly type: 'noted';
      readonly incident: string;
      readonly note: Omit<Note, 'at'>;
      /** Nothing where no such incident is remembered. */
      readonly told: (note: Note | undefined) => void;
    }
  /** A drill began, went on or ended. */
  | { readonly type: 'drilled'; readonly drill: Drill }
  | { readonly type: 'peer-heard'; readonly name: string; readonly report: PeerReport }
  | { readonly type: 'peer-missed'; readonly name: string; readonly why: string }
  | { readonly type: 'heartbeat-sent'; readonly url: string };

/** Carried out only after everything the step recorded is committed. */
export type Command =
  | { readonly type: 'list'; readonly injector: InjectorState }
  | {
      readonly type: 'inject';
      readonly injector: InjectorState;
      readonly lines: readonly BatchLine[];
      readonly refs: readonly LineRef[];
    }
  | { readonly type: 'refill'; readonly stream: StreamState; readonly refill: Refill }
  | {
      readonly type: 'look';
      readonly hop: HopState;
      readonly question: Question;
      /** What the look will have covered if it turns out complete: all of it when the observer asked for no token, else what it was given. */
      readonly asked: () => { readonly ranges: readonly AskedRange[]; readonly count: number };
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'recheck';
      readonly hop: HopState;
      readonly picked: Picked<StreamState>;
      readonly asOf: EpochMs;
      readonly timeoutMs: number;
    }
  | { readonly type: 'check'; readonly check: CheckState; readonly timeoutMs: number }
  /** `receipt`: what the same channel gave back for an earlier message of the incident. */
  | { readonly type: 'notify'; readonly row: OutboxRow; readonly receipt?: string };
