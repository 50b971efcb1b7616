/** Schedules of streams, lines written directly when they are due, and what became of them. */

import { emission } from '../core/block.ts';
import type { RunRow } from '../core/ledger.ts';
import { composeLine } from '../core/line.ts';
import { shapes as allShapes } from '../core/pipeline.ts';
import type { HopTerms } from '../core/run.ts';
import { plannedAt, shapeOf, unitHash } from '../core/schedule.ts';
import { mintToken } from '../core/token.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { BatchLine, Emission } from '../probe.ts';
import { timeOf } from './due.ts';
import type { Command, LineRef } from './event.ts';
import type { EngineState, HopState, InjectorState, StreamState } from './state.ts';
import { grant, judgeTrack, recordEmission, runOf } from './track.ts';

/** Lines in one injector call at most; the rest goes with the next one. */
const batchLimit = 500;
/** More slots missed than this (process suspended, injector hung) are skipped, not made up for. */
const skipAfterMs = 5_000;
/** As many missed slots of a stream are withheld one by one; more begin a new schedule. */
const withholdLimit = 100;

/** Enough to keep streams and watchdogs apart; more would only blur the schedule. */
const longestJitterMs = 1_000;

/** The run the next canary belongs to, if it is of this incarnation and still what the configuration says. */
export function currentRun(state: EngineState, stream: StreamState): RunRow | undefined {
  const run = stream.runs.at(-1);
  return run && run.writer === state.writer && run.fromSeq <= stream.nextSeq ? run : undefined;
}

/** Canaries are sent there: it is listed, and not going away. */
function isWritten(stream: StreamState): boolean {
  return stream.listed && stream.leavingSince === undefined;
}

/**
 * Period of a stream now: slower while its pipeline is stopped and lines go out at once, and never above the injector's rate. In whole multiples of what is
 * configured: with each node that comes or goes every stream would begin a new schedule.
 */
export function everyMsOf(state: EngineState, stream: StreamState): number {
  const { spec, pipeline, written } = stream.injector;
  const base =
    spec.everyMs * Math.max(1, Math.ceil((Math.max(1, written) / spec.maxPerSecond) * (1000 / spec.everyMs)));
  const stopped = [...state.open.values()].some(
    ({ facts }) => facts.kind === 'stopped' && facts.pipeline === pipeline.spec.name && facts.streams.names.length > 0,
  );
  // Handed over ahead of their times, they would be slow only when it is over, and for as long.
  const slows = stopped && stream.injector.limits === undefined;
  return slows ? Math.max(base, pipeline.spec.stoppedEveryMs) : base;
}

/** Begins a new schedule for a stream from its next sequence number on. */
export function openRun(state: EngineState, stream: StreamState): void {
  const { injector } = stream;
  injector.terms ??= termsFor(injector);
  const everyMs = everyMsOf(state, stream);
  const seed = Math.floor(unitHash(state.seed ^ stream.number, stream.nextSeq) * 2_147_483_647);
  // Streams start spread out, so that they neither write in the same instant nor, many of them, above the injector's rate.
  const spreadMs = Math.min(everyMs, Math.max(1000, (injector.written / injector.spec.maxPerSecond) * 1000));
  const goesOn = currentRun(state, stream) !== undefined && stream.runs.at(-1)?.fromSeq !== stream.nextSeq;
  const offset = goesOn ? everyMs / 2 : unitHash(seed, 1) * spreadMs;
  const run: RunRow = {
    id: state.next.run++,
    stream: stream.number,
    fromSeq: stream.nextSeq,
    t0: Math.max(state.now + Math.round(offset), afterHanded(stream, everyMs)),
    everyMs,
    jitterMs: Math.min(Math.floor(everyMs / 10), longestJitterMs),
    seed,
    shapes: stream.injector.spec.shapes,
    key: state.signingKey,
    writer: state.writer,
    terms: injector.terms,
  };
  // A run that no canary was granted from is replaced.
  const last = stream.runs.at(-1);
  if (last && last.fromSeq === run.fromSeq) {
    stream.runs.pop();
    state.pending.push({ op: 'delete', table: 'run', row: { id: last.id } });
  }
  stream.runs.push(run);
  state.pending.push({ op: 'put', table: 'run', row: run });
  stream.nextPlanned = plannedAt(run, stream.nextSeq);
}

/** What was handed over ahead of its time goes out as it was planned; a new schedule comes behind it. */
function afterHanded(stream: StreamState, everyMs: number): EpochMs {
  if (stream.schedule === undefined || stream.nextSeq === 0) return 0;
  return timeOf(stream, stream.nextSeq - 1) + Math.ceil(everyMs / 2);
}

function termsFor(injector: InjectorState): HopTerms[] {
  const { pipeline, spec } = injector;
  const applies = (hop: HopState | undefined): boolean =>
    hop !== undefined && (hop.spec.name === spec.enters || applies(hop.parent));
  return pipeline.hops
    .filter((hop) => spec.enters === undefined || applies(hop))
    .map((hop) => ({
      hop: hop.id,
      after: hop.parent?.id ?? null,
      withinMs: hop.spec.withinMs,
      lostAfterMs: pipeline.spec.lostAfterMs,
      graceMs: 2 * hop.spec.pollMs + hop.spec.timeoutMs,
      take: hop.spec.sample.take,
      of: hop.spec.sample.of,
    }));
}

/** Everything that is due now, one batch per injector; sequence numbers are granted here. */
export function injectDue(state: EngineState, commands: Command[]): void {
  for (const pipeline of state.pipelines) {
    if (pipeline.rest.off !== undefined) continue;
    for (const injector of pipeline.injectors) {
      if (injector.injectInFlight || injector.limits !== undefined) continue;
      const lines: BatchLine[] = [];
      const refs: LineRef[] = [];
      for (const stream of injector.streams.values()) {
        if (isWritten(stream)) dueOf(state, stream, lines, refs);
        if (lines.length >= batchLimit) break;
      }
      if (lines.length === 0) continue;
      injector.injectInFlight = true;
      commands.push({ type: 'inject', injector, lines, refs });
    }
  }
}

function dueOf(state: EngineState, stream: StreamState, lines: BatchLine[], refs: LineRef[]): void {
  if (stream.nextPlanned > state.now) return;
  let run = currentRun(state, stream);
  if (!run) return;
  if (run.everyMs !== everyMsOf(state, stream)) {
    openRun(state, stream);
    run = stream.runs.at(-1);
  } else if (state.now - stream.nextPlanned > Math.max(2 * run.everyMs, skipAfterMs))
    run = skipMissed(state, stream, run);
  while (run && stream.nextPlanned <= state.now && lines.length < batchLimit) {
    const seq = grant(stream);
    lines.push({ stream: stream.key, seq, text: lineOf(state, stream, run, seq) });
    refs.push({ stream, seq });
    stream.nextPlanned = plannedAt(run, stream.nextSeq);
  }
}

/**
 * Slots that passed while nothing could be written are not made up for: those canaries did not go out, which is known, so
 * they are withheld. After a long pause the schedule begins anew instead.
 */
function skipMissed(state: EngineState, stream: StreamState, run: RunRow): RunRow | undefined {
  if (state.now - stream.nextPlanned > withholdLimit * run.everyMs) {
    openRun(state, stream);
    return stream.runs.at(-1);
  }
  while (stream.nextPlanned <= state.now - run.everyMs) {
    const seq = grant(stream);
    recordEmission(stream, seq, emission.withheld, state.now, state.now);
    stream.nextPlanned = plannedAt(run, stream.nextSeq);
  }
  for (const track of stream.tracks) judgeTrack(track, state.now);
  return run;
}

/** The token of a granted canary: never stored, always recomputed from its run. */
export function tokenOf(state: EngineState, stream: StreamState, seq: number): string | undefined {
  const run = runOf(stream, seq);
  return run && tokenIn(state, run, seq);
}

function tokenIn(state: EngineState, run: RunRow, seq: number): string {
  const shape = allShapes.indexOf(shapeOf(run, seq));
  const { key, writer, stream } = run;
  return mintToken({ key, writer, stream, seq, plannedAt: plannedAt(run, seq), shape, length: 0 }, state.signer);
}

export function lineOf(state: EngineState, stream: StreamState, run: RunRow, seq: number): string {
  const token = tokenIn(state, run, seq);
  return composeLine({ token, pipeline: stream.injector.pipeline.spec.name, stream: stream.name, seq });
}

export function onInjected(
  state: EngineState,
  injector: InjectorState,
  refs: readonly LineRef[],
  emissions: readonly Emission[] | undefined,
  error: LogcanaryError | undefined,
): void {
  injector.injectInFlight = false;
  refs.forEach(({ stream, seq }, i) => {
    const sent = emissions?.[i];
    if (sent?.state === 'emitted') {
      recordEmission(stream, seq, emission.emitted, sent.nb, sent.na);
      stream.failedInRow = 0;
      stream.lastEmittedAt = state.now;
      return;
    }
    if (sent?.state === 'withheld') recordEmission(stream, seq, emission.withheld, state.now, state.now);
    if (stream.failedInRow === 0) stream.failedSince = state.now;
    stream.failedInRow += 1;
    stream.lastFailure =
      sent?.why.message ?? error?.message ?? 'the injector answered for fewer lines than it was given';
  });
}
