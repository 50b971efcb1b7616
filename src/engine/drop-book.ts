/** The counters of what an agent gave up, as they are kept. */
import type { EpochMs } from '../lib/clock.ts';
import type { Drop } from '../probe.ts';

export interface DropCounter {
  readonly measure: string;
  readonly subject: string;
  readonly counts: Drop['counts'];
  /** The newest total by incarnation, latest seen last. */
  readonly totals: Map<string, number>;
  /** Given up while we watched, over the ledger's whole life. */
  counted: number;
  /** The latest run of losses; `open` until a reading without any. */
  burst: DropBurst | undefined;
}

interface DropBurst {
  since: EpochMs;
  lastAt: EpochMs;
  count: number;
  open: boolean;
}

/** Which of an agent's counters it is. */
export function counterKey({ measure, subject }: Pick<DropCounter, 'measure' | 'subject'>): string {
  return `${measure}\n${subject}`;
}

/** The counters of one agent. */
export interface DropBook {
  readonly kind: string;
  node: string;
  seenAt: EpochMs;
  /** Read from the ledger and not yet from the agent. */
  restored: boolean;
  readonly counters: Map<string, DropCounter>;
}

/** Lines that an agent gave up while we watched, over the ledger's whole life. */
export function recordsLost(book: DropBook): number {
  let sum = 0;
  for (const { counts, counted } of book.counters.values()) if (counts === 'records') sum += counted;
  return sum;
}

/** Ends the runs of losses; true when there was one. */
export function closeBursts(book: DropBook): boolean {
  let closed = false;
  for (const { burst } of book.counters.values()) {
    if (!burst?.open) continue;
    burst.open = false;
    closed = true;
  }
  return closed;
}

// ------------------------------------------------------------------------------------------------ rows

interface StoredBook extends Pick<DropBook, 'kind' | 'node'> {
  readonly counters: readonly (Omit<DropCounter, 'totals'> & {
    readonly totals: readonly (readonly [string, number])[];
  })[];
}

/** As the ledger has it. @throws Error for what we did not write */
export function restoreBook({ kind, node, counters }: StoredBook, now: EpochMs): DropBook {
  if (typeof kind !== 'string' || typeof node !== 'string' || !counters.every(isSound))
    throw new Error("an agent's row of drops holds what no agent can have counted");
  const restored = counters.map((each) => ({ ...each, totals: new Map(each.totals) }));
  const byKey = new Map(restored.map((each) => [counterKey(each), each]));
  return { kind, node, seenAt: now, restored: true, counters: byKey };
}

function isSound({ counted, totals, burst }: StoredBook['counters'][number]): boolean {
  const inBurst = burst === undefined ? [] : [burst.since, burst.lastAt, burst.count];
  return [counted, ...totals.map(([, total]) => total), ...inBurst].every(isCount);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
