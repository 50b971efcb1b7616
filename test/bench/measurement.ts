/** Every figure there is, with its goal, and the benchmark it comes from. */
import { benchFirstInjection } from './first-injection.ts';
import { benchJudged } from './judged.ts';
import { benchLedgerBytes } from './ledger-bytes.ts';
import { benchFewStreams, benchManyStreams as benchManyStreamsDelay } from './loop-delay.ts';
import { benchManyStreams, benchOutstanding, benchRestart } from './memory.ts';
import { benchTokens } from './tokens.ts';

export interface Figure {
  /** In what `run` returns. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  /** Absent: shown for what it explains. */
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface Measurement {
  readonly name: string;
  /** Processes it is repeated in, one after the other: the median counts. */
  readonly runs: number;
  readonly figures: readonly Figure[];
  run(): Promise<Record<string, number>>;
}
