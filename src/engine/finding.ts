/** Something wrong with a pipeline, and what is said of every one: streams, looks, counts. */
import { verdictOfCode } from '../core/block.ts';
import { type Evidence, evidenceText } from '../core/evidence.ts';
import { type FilledRunbook, type FirstLook, firstLooks, lookText } from '../core/first-look.ts';
import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import type { Severity } from '../core/pipeline.ts';
import { plannedAt } from '../core/schedule.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { keyOf } from './incident-place.ts';
import type { EngineState, HopState, PipelineState, StreamState, Track } from './state.ts';
import { codeAt, runOf } from './track.ts';

/** At least so many losses, duplicates or damaged lines, whatever their share (facts: one loss at 1/min is 1.67 % of an hour). */
export const enough = 3;

export interface Finding {
  readonly kind: IncidentKind;
  readonly hop: string;
  readonly since: EpochMs;
  readonly streams: readonly StreamState[];
  readonly totalStreams: number;
  /** By which labels they differ from the others; empty: not clear. Absent where that is not asked, or all are concerned. */
  readonly labels?: readonly string[];
  readonly detail: readonly Evidence[];
  /** Severity if it does not follow from reach. */
  readonly severity?: Severity;
  readonly between?: { readonly from: string; readonly to: string };
  readonly unreadable?: readonly string[];
  readonly behind?: readonly string[];
  /** Hops that it is told for besides its own. */
  readonly alsoAt?: readonly string[];
  /** Counted only when it is told: it walks every stream. */
  readonly counts?: () => Readonly<Partial<Record<Verdict, number>>>;
  readonly lossDecidedAt?: EpochMs;
  readonly looks?: { readonly complete: number; readonly asked: number };
  readonly firstLook: readonly FirstLook[];
}

export function hasOpen(state: EngineState, hop: HopState, kind: IncidentKind): boolean {
  // Nearly always nothing is open, and this is asked at every judging.
  return state.open.size > 0 && state.open.has(keyOf({ pipeline: hop.pipeline.spec.name, hop: hop.spec.name, kind }));
}

/** Nothing is expected of a stream that is gone, or leaves. */
export function isWatched({ stream }: Track): boolean {
  return stream.listed && stream.leavingSince === undefined;
}

export function streamsOf(state: EngineState, pipeline: PipelineState): StreamState[] {
  return [...state.streamsByNumber.values()].filter(
    (stream) => stream.injector.pipeline === pipeline && stream.listed && stream.leavingSince === undefined,
  );
}

export function looksOf(hop: HopState): { complete: number; asked: number } {
  return { complete: hop.looks.filter((look) => look.coverage === 'complete').length, asked: hop.looks.length };
}

export function runbookOf({ runbook }: { readonly runbook: FilledRunbook }, kind: string): readonly FirstLook[] {
  return runbook[kind] ?? [];
}

/** Each is on a node of its own: then people count nodes. */
export function areNodes(streams: readonly StreamState[]): boolean {
  const nodes = new Set(streams.map(({ labels }) => labels.node));
  return streams.length > 0 && !nodes.has(undefined) && nodes.size === streams.length;
}

/** Its sentences: as data, and in English. */
export function saidOf({
  detail,
  firstLook,
}: Finding): Pick<IncidentFacts, 'detail' | 'evidence' | 'firstLook' | 'advice'> {
  const advice = firstLooks(firstLook);
  return { detail: evidenceText(detail), evidence: detail, firstLook: advice.map(lookText), advice };
}

/** Verdicts at a hop of the canaries planned since a moment, at most 1000 back per stream. */
export function countsSince(hop: HopState, since: EpochMs): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const track of hop.tracks) {
    const { stream } = track;
    for (let seq = stream.dueSeq - 1; seq >= Math.max(0, stream.dueSeq - 1_000); seq--) {
      const run = runOf(stream, seq);
      if (!run || plannedAt(run, seq) < since) break;
      const verdict = verdictOfCode(codeAt(track, seq) ?? 0);
      if (verdict) counts[verdict] = (counts[verdict] ?? 0) + 1;
    }
  }
  return counts;
}
