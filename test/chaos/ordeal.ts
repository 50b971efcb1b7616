/** What an ordeal is: something bad that is done to real processes, and what must stay true of them. */
import type { Clock } from '../../src/lib/clock.ts';
import type { Random } from '../../src/sandbox/seeded-random.ts';

/** What the runner gives to an ordeal. */
export interface Bench {
  /** Everything that is drawn follows from it; what the machine's timing adds does not. */
  readonly seed: number;
  /** Numbers in [0, 1) from the seed, the ordeal's own row of them. */
  readonly random: Random;
  /** The form for CI: less than a minute. */
  readonly short: boolean;
  /** `--kills`; undefined: the ordeal's own number. */
  readonly kills: number | undefined;
  readonly clock: Clock;
  /** Aborted by Ctrl-C and SIGTERM: whatever waits must end. */
  readonly signal: AbortSignal;
  /** A folder of its own; removed when everything held, else kept and named. */
  readonly dir: string;
  /** A line of progress. */
  say(text: string): void;
  /** To be undone when the ordeal is over, however it ends; the latest first. */
  defer(undo: () => unknown): void;
}

/** One promise, and what speaks against it. It held when nothing does. */
export interface Finding {
  readonly promise: string;
  readonly against: readonly string[];
}

export interface Ordeal {
  /** As `--only` takes it. */
  readonly name: string;
  /** What is done to it, in one line. */
  readonly does: string;
  /** Throws only when it could not be carried out, which counts as a failure too. */
  run(bench: Bench): Promise<readonly Finding[]>;
}
