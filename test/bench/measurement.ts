/** Every figure there is, with its goal, and the benchmark it comes from. */
import { benchCluster } from './cluster.ts';
import { benchEmitter } from './emitter.ts';
import { benchFirstInjection } from './first-injection.ts';
import { benchJudged } from './judged.ts';
import { benchLedgerBytes } from './ledger-bytes.ts';
import { benchFewStreamsDelay, benchManyStreamsDelay } from './loop-delay.ts';
import { benchManyStreams, benchOutstanding } from './memory.ts';
import { benchTokens } from './tokens.ts';

export interface Figure {
  /** In what `run` gives. */
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  /** Absent for what only explains another figure. */
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
}

export interface Measurement {
  readonly name: string;
  /** Each in a process of its own, one after the other; the median counts. */
  readonly runs: number;
  readonly figures: readonly Figure[];
  run(): Promise<Record<string, number>>;
}

const delayFigures: readonly Figure[] = [
  { key: 'p99Ms', title: 'event-loop delay, p99', unit: 'ms', goal: { atMost: 20 } },
  { key: 'p50Ms', title: 'event-loop delay, p50', unit: 'ms' },
  { key: 'maxMs', title: 'event-loop delay, longest', unit: 'ms' },
  { key: 'cpuShare', title: 'CPU used, of one core', unit: '' },
  { key: 'rssMb', title: 'RSS, as it is', unit: 'MB' },
  { key: 'canariesPerSecond', title: 'canaries injected', unit: '/s' },
];

const memoryFigures: readonly Figure[] = [
  { key: 'rssMb', title: 'RSS, collected', unit: 'MB', goal: { atMost: 250 } },
  { key: 'peakMb', title: 'RSS, peak in virtual time', unit: 'MB' },
  { key: 'injected', title: 'canaries injected', unit: '' },
];

export const measurements: readonly Measurement[] = [
  {
    name: 'tokens',
    runs: 1,
    figures: [
      { key: 'minted', title: 'tokens minted', unit: '/s', goal: { atLeast: 200_000 } },
      { key: 'verified', title: 'tokens verified', unit: '/s', goal: { atLeast: 200_000 } },
      { key: 'scannedMb', title: 'records scanned', unit: 'MB/s', goal: { atLeast: 1_000 } },
      { key: 'scannedTextMb', title: 'scanned as text', unit: 'MB/s' },
      { key: 'canaryMb', title: 'scanned where every record is a canary', unit: 'MB/s' },
    ],
    run: benchTokens,
  },
  {
    name: 'judged',
    runs: 3,
    figures: [
      { key: 'absentPerSecond', title: 'verdicts, canary not found', unit: '/s', goal: { atLeast: 500_000 } },
      { key: 'foundPerSecond', title: 'verdicts, canary found and verified', unit: '/s' },
    ],
    run: benchJudged,
  },
  {
    name: 'ledger-bytes',
    runs: 1,
    figures: [
      { key: 'bytesPerCanaryHop', title: 'ledger per canary-hop', unit: 'B', goal: { atMost: 3 } },
      { key: 'canaryHops', title: 'canary-hops', unit: '' },
    ],
    run: benchLedgerBytes,
  },
  { name: '10000-streams', runs: 3, figures: memoryFigures, run: benchManyStreams },
  {
    name: '1000000-outstanding',
    runs: 1,
    figures: [...memoryFigures, { key: 'restartMs', title: 'restart with that ledger', unit: 'ms' }],
    run: benchOutstanding,
  },
  { name: 'loop-1000-streams', runs: 3, figures: delayFigures, run: benchFewStreamsDelay },
  { name: 'loop-10000-streams', runs: 3, figures: delayFigures, run: benchManyStreamsDelay },
  {
    name: 'first-injection',
    runs: 5,
    figures: [{ key: 'firstInjectionMs', title: 'start to first injection', unit: 'ms', goal: { atMost: 1_500 } }],
    run: benchFirstInjection,
  },
  {
    name: 'cluster-2000-nodes',
    runs: 1,
    figures: [
      { key: 'callsPerSecond', title: 'calls to the API server', unit: '/s', goal: { atMost: 10 } },
      { key: 'busiestSecond', title: 'calls in the busiest second', unit: '' },
      { key: 'rssMb', title: 'RSS, as it is', unit: 'MB', goal: { atMost: 300 } },
      { key: 'maxMs', title: 'event-loop delay, longest', unit: 'ms', goal: { atMost: 50 } },
      { key: 'p99Ms', title: 'event-loop delay, p99', unit: 'ms' },
      { key: 'filledS', title: 'until every node is watched', unit: 's' },
      { key: 'cpuShare', title: 'CPU used, of one core', unit: '' },
      { key: 'delivered', title: 'canaries delivered', unit: '' },
      { key: 'bad', title: 'canaries lost, overdue or unverifiable', unit: '', goal: { atMost: 0 } },
    ],
    run: benchCluster,
  },
  {
    name: 'emitter',
    runs: 3,
    figures: [
      { key: 'pssMb', title: 'emitter, memory of the node (PSS)', unit: 'MB', goal: { atMost: 3 } },
      { key: 'rssMb', title: 'emitter, RSS added up', unit: 'MB' },
      { key: 'privateMb', title: 'emitter, shared with nobody', unit: 'MB' },
      { key: 'questionMs', title: 'a receipt asked for', unit: 'ms', goal: { atMost: 5 } },
      { key: 'refillMs', title: '10 lines brought', unit: 'ms', goal: { atMost: 5 } },
      { key: 'scheduleMs', title: '60 lines brought', unit: 'ms', goal: { atMost: 5 } },
      { key: 'longMs', title: 'one line of 27 KB brought', unit: 'ms', goal: { atMost: 5 } },
    ],
    run: benchEmitter,
  },
];
