/** Builds the engine's state from the configuration and the ledger's rows. */
import { codeCount, decodeEmission } from '../core/block.ts';
import type { FilledRunbook } from '../core/first-look.ts';
import type { HopRow, LedgerContents, RunRow, ScheduleRow, StreamRow } from '../core/ledger.ts';
import type { Config, HopSpec, InjectSpec, PipelineSpec } from '../core/pipeline.ts';
import type { HopTerms } from '../core/run.ts';
import { Spans } from '../core/spans.ts';
import { latencyBucketsMs } from '../core/status.ts';
import type { Signer } from '../core/token.ts';
import type { EpochMs } from '../lib/clock.ts';
import { LedgerError, messageOf } from '../lib/errors.ts';
import type { ScheduleLimits } from '../probe.ts';
import { newAwaitedBook, newStrayBook } from './beside-book.ts';
import { newChangeBook } from './changes.ts';
import { restoreDrills } from './drilling.ts';
import { restoreDrops } from './drops.ts';
import { firstPlannedFrom } from './due.ts';
import { enteredStates, type HopCounters } from './hop-counters.ts';
import { restoreOwed } from './hushing.ts';
import { leftBefore } from './leaving.ts';
import { restoreMaintenance } from './maintaining.ts';
import { restorePeers } from './peer-state.ts';
import { refuseImpossible } from './possible-rows.ts';
import { goneKey } from './pruning.ts';
import { bookKey, openBook, type RecheckTerms } from './recheck-book.ts';
import { newRest } from './rest.ts';
import { restoreIncidents } from './restore-incidents.ts';
import { decodeFoldedEmission, decodeTrack, restoreVerdicts } from './rows.ts';
import type { ScheduleState } from './schedule-state.ts';
import { restoreSilences } from './silencing.ts';
import type { CheckState, EngineState, HopState, InjectorState, PipelineState, StreamState, Track } from './state.ts';
import { judgeTrack } from './track.ts';

/** What the composition root knows of an opened observer. */
export interface ObserverInfo {
  readonly mode: 'poll' | 'on-demand' | 'push';
  readonly finds: 'unique' | 'repeats';
  /** Of one that can be asked again. */
  readonly recheck?: RecheckTerms;
  readonly target: string;
  /** `Role.through` */
  readonly through?: string;
  readonly runbook: FilledRunbook;
}
export interface PlaceInfo {
  readonly target: string;
  /** `Role.through` */
  readonly through?: string;
  readonly runbook: FilledRunbook;
}
export interface InjectorInfo extends PlaceInfo {
  /** Of one that is handed lines with their times. */
  readonly limits?: ScheduleLimits;
}

export interface RestoreInput {
  readonly config: Config;
  readonly contents: LedgerContents;
  readonly signer: Signer;
  readonly signingKey: number;
  /** This incarnation's writer, 25 bits, drawn at random at each open. */
  readonly writer: number;
  readonly seed: number;
  readonly now: EpochMs;
  readonly wall: EpochMs;
  readonly pageUrl?: string;
  observer(pipeline: PipelineSpec, hop: HopSpec): ObserverInfo;
  injector(pipeline: PipelineSpec, inject: InjectSpec): InjectorInfo;
  check(pipeline: PipelineSpec, name: string): PlaceInfo;
}

/** @throws LedgerError `corrupt` when a row cannot be decoded. */
export function restore(input: RestoreInput): EngineState {
  try {
    return build(input);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError(
      `Cannot read the ledger's rows: ${messageOf(error)}. The file is damaged or was edited; restore a copy, or move it away to begin a new ledger.`,
      { reason: 'corrupt', cause: error },
    );
  }
}

function build(input: RestoreInput): EngineState {
  const { contents, config } = input;
  refuseImpossible(contents);
  const meta = new Map(contents.meta.map((row) => [row.key, row.value]));
  const state: EngineState = {
    config,
    signer: input.signer,
    signingKey: input.signingKey,
    writer: input.writer,
    instance: meta.get('instance') ?? `${input.writer.toString(36)}-${input.seed.toString(36)}`,
    seed: input.seed,
    startedAt: input.now,
    pageUrl: input.pageUrl,
    pipelines: [],
    streamsByNumber: new Map(),
    changed: new Set(),
    writers: new Set([input.writer, ...contents.run.map((run) => run.writer)]),
    now: input.now,
    watchingSince: 0,
    wallReference: 0,
    wallSteady: input.wall - input.now,
    wallSteadySince: input.now,
    wallOffset: input.wall - input.now,
    next: {
      stream: nextOf(meta, 'nextStream'),
      run: nextOf(meta, 'nextRun'),
      hop: nextOf(meta, 'nextHop'),
      incident: nextOf(meta, 'nextIncident'),
      look: contents.lastLook + 1,
      outbox: contents.lastOutbox + 1,
    },
    open: new Map(),
    resolved: [],
    outbox: new Map(),
    tellings: new Map(),
    beginnings: [],
    sent: new Map(JSON.parse(meta.get('sent') ?? '[]')),
    maintenance: restoreMaintenance(meta),
    drills: restoreDrills(meta),
    silences: restoreSilences(meta),
    notifiers: config.notify,
    peers: restorePeers(config.peers, meta),
    loops: {},
    pings: new Map(contents.ping.map((row) => [row.name, row.at])),
    heartbeats: new Map(JSON.parse(meta.get('heartbeats') ?? '[]')),
    foreignAtHooks: new Map(),
    nextJudgeAt: 0,
    nextPruneAt: input.now + 60_000,
    changedIncidents: new Set(),
    talliesChanged: false,
    metaWritten: new Map(),
    pending: [],
  };
  for (const spec of config.pipelines) state.pipelines.push(buildPipeline(state, spec, input));
  restoreStreams(state, contents);
  restoreIncidents(state, contents);
  restoreOwed(state, meta);
  noteDowntime(state, meta);
  return state;
}

function nextOf(meta: ReadonlyMap<string, string>, key: string): number {
  return Number(meta.get(key) ?? 1);
}

/** Time nobody watched is written down; canaries of before keep their own proof. */
function noteDowntime(state: EngineState, meta: ReadonlyMap<string, string>): void {
  const last = Number(meta.get('time') ?? 0);
  if (last > 0 && last < state.now) {
    state.pending.push({ op: 'put', table: 'unwatched', row: { from: last, to: state.now } });
  }
}

function buildPipeline(state: EngineState, spec: PipelineSpec, input: RestoreInput): PipelineState {
  const goneRow = input.contents.meta.find(({ key }) => key === goneKey(spec.name));
  const gone = { granted: 0, emitted: 0, withheld: 0, ...JSON.parse(goneRow?.value ?? '{}') };
  const base = { spec, gone, hops: [], injectors: [], checks: [] };
  const pipeline: PipelineState = { ...base, leaving: new Map(), changes: newChangeBook(), rest: newRest() };
  for (const hop of spec.hops) {
    const row = input.contents.hop.find((each) => each.pipeline === spec.name && each.name === hop.name);
    const parent = pipeline.hops.find((each) => each.spec.name === hop.after);
    const { recheck, ...info } = input.observer(spec, hop);
    const built = buildHop(state, pipeline, hop, parent, row, info);
    const again = input.contents.meta.find(({ key }) => key === bookKey(built.id))?.value;
    const kept = { id: built.id, retentionMs: hop.retentionMs };
    pipeline.hops.push({ ...built, recheck: openBook(recheck, kept, again, state.now) });
  }
  for (const inject of spec.inject) {
    const { runbook, limits, target } = input.injector(spec, inject);
    pipeline.injectors.push({
      ...newInjector(inject, pipeline),
      runbook,
      target,
      ...(limits === undefined ? {} : { limits }),
    });
  }
  for (const check of spec.checks) {
    const info = input.check(spec, check.name);
    const checkState: CheckState = {
      spec: check,
      pipeline,
      target: info.target,
      through: info.through,
      runbook: info.runbook,
      nextAt: 0,
      inFlight: false,
      result: undefined,
      resultAt: 0,
      failures: 0,
      lastError: undefined,
      history: new Map(),
      drops: restoreDrops(spec.name, check.name, input.contents.meta, input.now),
    };
    pipeline.checks.push(checkState);
  }
  return pipeline;
}

function buildHop(
  state: EngineState,
  pipeline: PipelineState,
  spec: HopSpec,
  parent: HopState | undefined,
  row: HopRow | undefined,
  info: Omit<ObserverInfo, 'recheck'>,
): HopState {
  return {
    id: row?.id ?? state.next.hop++,
    spec,
    pipeline,
    parent,
    ...info,
    tracks: [],
    counters: restoreCounters(row?.counters, spec.withinMs),
    cursor: row?.cursor ?? undefined,
    firstSightedAt: row?.firstSightedAt ?? undefined,
    newestSeen: undefined,
    lastLatency: undefined,
    lastToken: undefined,
    recentHi: [],
    // Spread over the period, so that the hops do not all look in the same instant.
    nextLookAt: state.now + Math.floor((spec.pollMs * pipeline.hops.length) / pipeline.spec.hops.length),
    lookInFlight: false,
    asked: 0,
    looks: [],
    completeSinceStart: 0,
    // We were away: what the hop went through meanwhile is unknown, so a backlog may still be on its way.
    settleUntil: state.now + spec.withinMs,
    settleBelowUntil: state.now + spec.withinMs,
    absorbBefore: 0,
    deaf: [],
    odd: { duplicated: [], corrupted: [], forged: [] },
    seenTimes: [],
    strange: new Set(),
    recheck: undefined,
    awaited: newAwaitedBook(),
    strays: newStrayBook(),
    dirty: row === undefined,
  };
}

/** Counters go on; when the bounds changed with the config, old counts move to the next bound above. */
function restoreCounters(json: string | undefined, withinMs: number): HopCounters {
  const boundsMs = [...new Set([...latencyBucketsMs, withinMs])].sort((a, b) => a - b);
  const counters: HopCounters = {
    entered: Object.fromEntries(enteredStates.map((name) => [name, 0])) as HopCounters['entered'],
    latency: { boundsMs, counts: new Array(boundsMs.length + 1).fill(0), sumMs: 0 },
    gone: { codes: new Array(codeCount).fill(0), expected: 0 },
  };
  if (json === undefined) return counters;
  const stored = JSON.parse(json) as HopCounters;
  Object.assign(counters.entered, stored.entered);
  Object.assign(counters.gone, stored.gone);
  counters.latency.sumMs = stored.latency.sumMs;
  stored.latency.counts.forEach((count, i) => {
    const bound = stored.latency.boundsMs[i];
    const at = bound === undefined ? boundsMs.length : boundsMs.findIndex((each) => each >= bound);
    const to = at < 0 ? boundsMs.length : at;
    counters.latency.counts[to] = (counters.latency.counts[to] ?? 0) + count;
  });
  return counters;
}

function restoreStreams(state: EngineState, contents: LedgerContents): void {
  const runs = groupRuns(contents.run);
  for (const row of contents.stream) {
    const pipeline = state.pipelines.find((each) => each.spec.name === row.pipeline);
    if (!pipeline) continue;
    // An injector taken out of the configuration leaves canaries that are still to be judged.
    const injector =
      pipeline.injectors.find((each) => each.spec.name === row.injector) ?? retiredInjector(pipeline, row);
    const stream = createStream(state, injector, row, runs.get(row.number) ?? []);
    if (!pipeline.injectors.includes(injector)) continue;
    injector.streams.set(row.key, stream);
    leftBefore(state, stream);
  }
  restoreBlocks(state, contents);
}

function retiredInjector(pipeline: PipelineState, row: StreamRow): InjectorState {
  const { injector: name } = row;
  const spec: InjectSpec = { name, kind: name, options: {}, everyMs: 1, maxPerSecond: 1, shapes: ['plain'] };
  return { ...newInjector(spec, pipeline), nextListAt: Number.POSITIVE_INFINITY, listedOnce: true };
}

function newInjector(spec: InjectSpec, pipeline: PipelineState): InjectorState {
  return {
    spec,
    pipeline,
    target: '',
    runbook: {},
    streams: new Map(),
    written: 0,
    listInFlight: false,
    nextListAt: 0,
    listFailures: 0,
    listFailedSince: 0,
    listRecoveredAt: 0,
    lastListError: undefined,
    listedOnce: false,
    emptySince: undefined,
    listedAt: 0,
    injectInFlight: false,
    refillsInFlight: 0,
    nextReviewAt: 0,
    leftOut: [],
  };
}

function groupRuns(rows: readonly RunRow[]): Map<number, RunRow[]> {
  const shared = new Map<string, readonly HopTerms[]>();
  const runs = new Map<number, RunRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(row.terms);
    const terms = shared.get(key) ?? row.terms;
    shared.set(key, terms);
    const list = runs.get(row.stream) ?? [];
    list.push({ ...row, terms });
    runs.set(row.stream, list);
  }
  for (const list of runs.values()) list.sort((a, b) => a.fromSeq - b.fromSeq || a.id - b.id);
  return runs;
}

/** A stream with its tracks, empty of canaries. */
export function createStream(
  state: EngineState,
  injector: InjectorState,
  row: Omit<StreamRow, 'pipeline' | 'injector'>,
  runs: RunRow[],
): StreamState {
  const stream: StreamState = {
    number: row.number,
    injector,
    key: row.key,
    name: row.name,
    labels: row.labels,
    nextSeq: row.nextSeq,
    openedAt: row.openedAt,
    leavingSince: row.leavingSince ?? undefined,
    listed: false,
    held: undefined,
    heldUntil: 0,
    taker: undefined,
    runs,
    nextPlanned: Number.POSITIVE_INFINITY,
    dueSeq: injector.limits === undefined ? row.nextSeq : 0,
    ...(injector.limits === undefined ? {} : { schedule: restoreSchedule(row.schedule, state.now) }),
    emission: new Map(),
    foldedEmission: [0, 0, 0],
    foldedWithheld: new Map(),
    tracks: [],
    failedInRow: 0,
    lastEmittedAt: 0,
    failedSince: 0,
    lastFailure: '',
    rowChanged: false,
    changedBlocks: new Set(),
    changed: state.changed,
  };
  for (const hop of injector.pipeline.hops) {
    const track = createTrack(stream, hop);
    stream.tracks.push(track);
    hop.tracks.push(track);
  }
  state.streamsByNumber.set(stream.number, stream);
  return stream;
}

/** After a restart it is not known whether the last lines were taken. */
function restoreSchedule(row: ScheduleRow | null, now: EpochMs): ScheduleState {
  const { nextBatch, place, batches, again } = row ?? { nextBatch: 1, place: null, batches: [], again: [] };
  // Above what was used before even where this is an older copy of the ledger: calls of a stream are more than a second apart.
  const number = Math.max(nextBatch, Math.floor(now / 1000));
  return {
    ...{ nextBatch: number, place: place ?? undefined, batches, again },
    ...{ startedAt: now, inFlight: false, nextAt: 0, nextReviewAt: 0, calledAt: 0, unsure: batches.length > 0 },
    ...{ failures: 0, failedSince: 0, lastError: '' },
  };
}

function createTrack(stream: StreamState, hop: HopState): Track {
  return {
    stream,
    hop,
    blocks: new Map(),
    absent: new Spans(),
    lost: new Spans(),
    folded: [],
    live: new Array(codeCount).fill(0),
    lastSeenAt: 0,
    newestSeenSeq: -1,
    lastLateAt: 0,
    stoppedLooks: 0,
    wakeAt: 0,
    rowChanged: false,
    changedBlocks: [],
    justSettled: undefined,
  };
}

function restoreBlocks(state: EngineState, contents: LedgerContents): void {
  const trackOf = (stream: number, hop: number) =>
    state.streamsByNumber.get(stream)?.tracks.find((each) => each.hop.id === hop);
  for (const row of contents.emission) {
    state.streamsByNumber.get(row.stream)?.emission.set(row.block, decodeEmission(row.block, row.data));
  }
  for (const row of contents.track) {
    const stream = state.streamsByNumber.get(row.stream);
    if (stream && row.hop === 0) decodeFoldedEmission(stream, row.data);
    const track = trackOf(row.stream, row.hop);
    if (track) decodeTrack(track, row.data);
  }
  for (const row of contents.verdict) {
    const track = trackOf(row.stream, row.hop);
    if (track) restoreVerdicts(track, row.block, row.data);
  }
  for (const stream of state.streamsByNumber.values()) {
    if (stream.schedule) stream.dueSeq = firstPlannedFrom(stream, 0, stream.nextSeq - 1, state.now + 1);
    for (const track of stream.tracks) judgeTrack(track, state.now);
  }
}
