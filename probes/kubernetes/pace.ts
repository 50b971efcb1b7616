/** How often one process may call one API server, whatever the number of probes that point at it. */
import { type Clock, ProbeError } from '../../src/probe.ts';

/** Calls a second: a control plane serves everybody, and 2,000 nodes must do with as many (issue 4). */
export const CALLS_PER_SECOND = 10;
const WINDOW_MS = 1000;
/** Callers that may wait for their turn; more than a minute's calls will not be in time any more. */
export const MAX_WAITING = 600;

export interface Pace {
  /** Waits for its turn. Rejects with the signal's reason, or with a ProbeError when too many wait already. */
  turn(signal: AbortSignal): Promise<void>;
  /** Nobody's turn comes before this many ms have passed: the server asked for a rest. */
  rest(ms: number): void;
}

/** Kept by the clock, which an app has one of: two apps in one process do not slow each other. */
const paces = new WeakMap<Clock, Map<string, Pace>>();

/** The pace of this server, shared by all who ask with the same clock. */
export function paceOf(clock: Clock, server: string): Pace {
  const known = paces.get(clock) ?? new Map<string, Pace>();
  paces.set(clock, known);
  const pace = known.get(server) ?? createPace(clock);
  known.set(server, pace);
  return pace;
}

interface Waiter {
  readonly signal: AbortSignal;
  go(): void;
  give(error: unknown): void;
}

export function createPace(clock: Clock): Pace {
  const waiting: Waiter[] = [];
  /** Monotonic ms of the newest turns, oldest first. */
  const turns: number[] = Array.from({ length: CALLS_PER_SECOND }, () => Number.NEGATIVE_INFINITY);
  let restUntil = Number.NEGATIVE_INFINITY;
  let running = false;

  /** In the order of asking; who gave up meanwhile takes no turn from the others. */
  async function serve(): Promise<void> {
    running = true;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const at = Math.max((turns[0] ?? 0) + WINDOW_MS, restUntil);
      const now = clock.monotonicMs();
      if (!next.signal.aborted && at > now) {
        await clock.sleep(at - now, next.signal).catch(() => {});
        continue;
      }
      waiting.shift();
      if (next.signal.aborted) next.give(next.signal.reason);
      else {
        turns.shift();
        turns.push(now);
        next.go();
      }
    }
    running = false;
  }

  return {
    turn: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (waiting.length >= MAX_WAITING) return reject(tooMany());
        waiting.push({ signal, go: resolve, give: reject });
        if (!running) void serve();
      }),
    rest(ms) {
      restUntil = Math.max(restUntil, clock.monotonicMs() + ms);
    },
  };
}

function tooMany(): ProbeError {
  const message = `Cannot call the API server: ${MAX_WAITING} calls of ours wait already, at ${CALLS_PER_SECOND} a second. Watch fewer pods, or look why it answers slowly.`;
  return new ProbeError(message, { reason: 'rate_limited', retryable: true });
}
