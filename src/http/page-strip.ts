import type { HopState, PipelineView, StreamView } from '../core/status.ts';
import type { Verdict } from '../core/verdict-name.ts';
import { countOf, countText } from './quantity.ts';

/** Columns of a strip, one canary each. */
export const stripColumns = 60;
/** Rows shown per hop: all bad ones up to this many; the rest is counted. */
export const stripRows = 24;
/** Good rows are shown up to this many rows in all, and always two to compare with. */
const fewRows = 8;

/** The latest canaries of every stream at one hop, bad streams first. */
export interface Strip {
  readonly hop: string;
  /** Shown unfolded: the first hop with something bad, else the last one. */
  readonly open: boolean;
  readonly rows: readonly StripRow[];
  /** Streams with overdue or lost canaries among those we hold (200 at most), as `14 of 42 streams behind`. */
  readonly behind: string;
  /** Streams that are not shown. */
  readonly more: number;
  /** Places that no canary is ever sent to, with why; may be empty. */
  readonly leftOut: string;
}

export interface StripRow {
  readonly stream: string;
  readonly labels: string;
  /** `leaving`, or why nothing can be sent there; may be empty. */
  readonly tag: string;
  /** For people who cannot see the strip, and beside it: `58 delivered, 2 overdue`. */
  readonly summary: string;
  readonly runs: readonly StripRun[];
}

/** Neighbours with the same verdict: columns `from` to `from + length`, newest on the right. */
export interface StripRun {
  readonly verdict: Verdict;
  readonly from: number;
  readonly length: number;
}

/** In the order of their gravity. */
export const verdictsToShow: readonly Verdict[] = [
  'delivered',
  'delayed',
  'overdue',
  'lost',
  'excused',
  'pending',
  'unverifiable',
  'withheld',
];

/**
 * How a verdict is drawn in a box 10 high: [y, height] of its bars. What is good lies low and thin, what is bad fills the
 * height, so the strip reads without colours too.
 */
export const verdictBars: Readonly<Record<Verdict, readonly (readonly [y: number, height: number])[]>> = {
  delivered: [[4, 3]],
  delayed: [[2, 7]],
  overdue: [[0, 10]],
  lost: [
    [0, 4],
    [6, 4],
  ],
  unverifiable: [[4.5, 2]],
  excused: [[7, 3]],
  pending: [[4.5, 2]],
  withheld: [],
};

/** How bad one canary makes its row. */
const gravity: Readonly<Record<Verdict, number>> = {
  lost: 1_000,
  overdue: 500,
  delayed: 20,
  unverifiable: 10,
  withheld: 2,
  excused: 1,
  pending: 0,
  delivered: 0,
};

export function stripsOf(pipeline: PipelineView): Strip[] {
  const strips = pipeline.hops.map(({ name }) => stripOf(pipeline, name));
  const firstBad = pipeline.hops.findIndex((hop) => !calm.has(hop.state));
  const lastSeen = strips.findLastIndex((strip) =>
    strip.rows.some((row) => row.runs.some((run) => run.verdict === 'delivered')),
  );
  const open = firstBad >= 0 ? firstBad : Math.max(0, lastSeen);
  return strips.map((strip, index) => ({ ...strip, open: index === open }));
}

const calm: ReadonlySet<HopState> = new Set(['flowing', 'off', 'unproven', 'unknown']);

function stripOf(pipeline: PipelineView, hop: string): Omit<Strip, 'open'> {
  const all = pipeline.streams
    .map((stream) => ({ stream, recent: (stream.recent[hop] ?? []).slice(-stripColumns) }))
    .toSorted((a, b) => weight(b.recent) - weight(a.recent));
  const bad = all.filter(({ recent }) => weight(recent) >= gravity.unverifiable).length;
  const behind = all.filter(({ recent }) => recent.includes('overdue') || recent.includes('lost')).length;
  const rows = all
    .slice(0, Math.min(stripRows, Math.max(fewRows, bad + 2)))
    .map(({ stream, recent }) => rowOf(stream, recent));
  return {
    hop,
    rows,
    behind: behind === 0 ? '' : `${countText(behind)} of ${countOf(pipeline.streamsTotal, 'stream')} behind`,
    more: Math.max(0, pipeline.streamsTotal - rows.length),
    leftOut: leftOutText(pipeline),
  };
}

/** `fargate-1 (Fargate), win-3 (Windows) and 4 more`; empty where every place is watched. */
function leftOutText({ leftOut }: PipelineView): string {
  const named = leftOut.slice(0, 3).map(({ name, why }) => `${name} (${why})`);
  const rest = leftOut.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${countText(rest)} more` : ''}`;
}

function weight(recent: readonly Verdict[]): number {
  return recent.reduce((sum, verdict) => sum + gravity[verdict], 0);
}

function rowOf(stream: StreamView, recent: readonly Verdict[]): StripRow {
  const counted = verdictsToShow.map((verdict) => [verdict, recent.filter((one) => one === verdict).length] as const);
  const summary = counted.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`);
  const labels = Object.entries(stream.labels).filter(([, value]) => value !== stream.name);
  return {
    stream: stream.name,
    labels: labels.map(([name, value]) => `${name} ${value}`).join(' · '),
    tag: stream.leaving ? 'leaving' : (stream.held ?? ''),
    summary: summary.length === 0 ? 'no canaries yet' : summary.join(', '),
    runs: runsOf(recent),
  };
}

function runsOf(recent: readonly Verdict[]): StripRun[] {
  const runs: { verdict: Verdict; from: number; length: number }[] = [];
  recent.forEach((verdict, index) => {
    const last = runs.at(-1);
    if (last?.verdict === verdict) last.length += 1;
    else runs.push({ verdict, from: stripColumns - recent.length + index, length: 1 });
  });
  return runs;
}
