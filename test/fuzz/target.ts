import fc from 'fast-check';

/** Which cases to draw: the same draw gives the same cases. */
export interface Draw {
  readonly seed: number;
  readonly numRuns: number;
  /** Of a failure, as fast-check tells it: only that case again. */
  readonly path?: string;
}

/** One thing that takes input from outside, and what must hold whatever comes. */
export interface FuzzTarget {
  readonly name: string;
  /** Cases in `npm test`: all targets together take seconds. */
  readonly runs: number;
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Resolves to what was found: undefined when it held in every case. */
  check(draw: Draw): Promise<Finding | undefined>;
  close(): Promise<void>;
}

export interface Finding {
  readonly seed: number;
  readonly path: string;
  /** The smallest input found that fails, and how; a few thousand characters at most. */
  readonly report: string;
}

const longestReport = 6_000;

/** A property as a target's check. */
export function checking<T>(property: fc.IRawProperty<T>, close: () => Promise<void> = async () => {}): OpenTarget {
  return {
    close,
    async check({ seed, numRuns, path }) {
      const details = await fc.check(property, { seed, numRuns, ...(path === undefined ? {} : { path }) });
      if (!details.failed) return undefined;
      const { errorInstance: error } = details;
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const report = `${why.slice(0, 1_500)}\n${(await fc.asyncDefaultReportMessage(details)) ?? ''}`;
      return { seed: details.seed, path: details.counterexamplePath ?? '', report: report.slice(0, longestReport) };
    },
  };
}

/** A target that needs nothing to be opened. */
export function pure<T>(name: string, runs: number, property: fc.IRawProperty<T>): FuzzTarget {
  return { name, runs, open: async () => checking(property) };
}

/** Fails the case: the input was answered with something it must never be answered with. */
export function refuse(what: string): never {
  throw new Error(what);
}
