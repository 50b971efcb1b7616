/** State to ledger rows and back. What is written here and read in `restore.ts` is all that survives a crash. */
import {
  blockSize,
  codeCount,
  codeOf,
  decodeVerdicts,
  emission,
  encodeEmission,
  encodeVerdicts,
  firstOpenIn,
  impliedBit,
  verdictOfCode,
} from '../core/block.ts';
import type { Change, ScheduleRow } from '../core/ledger.ts';
import { Spans } from '../core/spans.ts';
import type { EpochMs } from '../lib/clock.ts';
import { ByteReader, ByteWriter } from '../lib/varint.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { withheldIn } from './sums.ts';
import { endOfBlock } from './track.ts';

/** Takes everything that changed since the last call, as one atomic list; the state is clean afterwards. */
export function takeChanges(state: EngineState): Change[] {
  const changes: Change[] = state.pending.splice(0);
  for (const stream of state.changed) streamChanges(stream, state.now, changes);
  state.changed.clear();
  for (const pipeline of state.pipelines) {
    for (const hop of pipeline.hops) if (hop.dirty) changes.push(hopChange(hop));
  }
  incidentChanges(state, changes);
  if (changes.length === 0) return changes;
  metaChanges(state, changes);
  return changes;
}

/** Time with every commit, the rest when it changed. */
function metaChanges(state: EngineState, changes: Change[]): void {
  const put = (key: string, value: string | number) => {
    if (state.metaWritten.get(key) === value) return;
    state.metaWritten.set(key, value);
    changes.push({ op: 'put', table: 'meta', row: { key, value: String(value) } });
  };
  const { next } = state;
  put('time', state.now);
  put('nextStream', next.stream);
  put('nextRun', next.run);
  put('nextHop', next.hop);
  put('nextIncident', next.incident);
  put('instance', state.instance);
  if (!state.talliesChanged) return;
  state.talliesChanged = false;
  put('sent', JSON.stringify([...state.sent]));
  put('heartbeats', JSON.stringify([...state.heartbeats]));
}

function streamChanges(stream: StreamState, now: EpochMs, changes: Change[]): void {
  if (stream.rowChanged) {
    stream.rowChanged = false;
    changes.push({
      op: 'put',
      table: 'stream',
      row: {
        number: stream.number,
        pipeline: stream.injector.pipeline.spec.name,
        injector: stream.injector.spec.name,
        key: stream.key,
        name: stream.name,
        labels: stream.labels,
        nextSeq: stream.nextSeq,
        openedAt: stream.openedAt,
        leavingSince: stream.leavingSince ?? null,
        schedule: scheduleRow(stream),
      },
    });
  }
  let folded = false;
  for (const track of stream.tracks) folded = trackChanges(track, now, changes) || folded;
  if (folded) foldEmission(stream, changes);
  for (const index of stream.changedBlocks) {
    const block = stream.emission.get(index);
    if (!block) continue;
    const row = { stream: stream.number, block: index, settled: false, endedAt: 0, data: encodeEmission(block) };
    changes.push({ op: 'put', table: 'emission', row });
  }
  stream.changedBlocks.clear();
}

function scheduleRow({ schedule }: StreamState): ScheduleRow | null {
  if (schedule === undefined) return null;
  const { nextBatch, place, batches, again } = schedule;
  return { nextBatch, place: place ?? null, batches, again };
}

/** Emission of a block is settled once every hop has settled it. Hop 0's track row holds the folded emission counts. */
function foldEmission(stream: StreamState, changes: Change[]): void {
  for (const [index, block] of stream.emission) {
    if (stream.nextSeq < (index + 1) * blockSize) continue;
    if (stream.tracks.some((track) => track.blocks.has(index))) continue;
    for (const state of block.states) stream.foldedEmission[state] = (stream.foldedEmission[state] ?? 0) + 1;
    for (const { hop } of stream.tracks) {
      const withheld = withheldIn(stream, block, hop.id) + (stream.foldedWithheld.get(hop.id) ?? 0);
      if (withheld > 0) stream.foldedWithheld.set(hop.id, withheld);
    }
    stream.emission.delete(index);
    stream.changedBlocks.delete(index);
    const row = {
      stream: stream.number,
      block: index,
      settled: true,
      endedAt: endOfBlock(stream, index),
      data: encodeEmission(block),
    };
    changes.push({ op: 'put', table: 'emission', row });
  }
  const writer = new ByteWriter();
  for (const state of Object.values(emission)) writer.unsigned(stream.foldedEmission[state] ?? 0);
  writer.unsigned(stream.foldedWithheld.size);
  for (const [hop, withheld] of stream.foldedWithheld) {
    writer.unsigned(hop);
    writer.unsigned(withheld);
  }
  changes.push({ op: 'put', table: 'track', row: { stream: stream.number, hop: 0, data: writer.finish() } });
}

function trackChanges(track: Track, now: EpochMs, changes: Change[]): boolean {
  const stream = track.stream.number;
  const hop = track.hop.id;
  const settled = track.justSettled;
  track.justSettled = undefined;
  for (const index of track.changedBlocks) {
    const done = settled?.get(index);
    const block = done ?? track.blocks.get(index);
    if (!block) continue;
    const endedAt = done ? endOfBlock(track.stream, index) : 0;
    const row = { stream, hop, block: index, settled: done !== undefined, endedAt, data: encodeVerdicts(block) };
    changes.push({ op: 'put', table: 'verdict', row });
  }
  track.changedBlocks.length = 0;
  if (track.rowChanged) {
    track.rowChanged = false;
    changes.push({ op: 'put', table: 'track', row: { stream, hop, data: encodeTrack(track, now) } });
  }
  return settled !== undefined;
}

function encodeTrack(track: Track, now: EpochMs): Uint8Array {
  const first = firstOpen(track, now);
  track.absent.dropBelow(first);
  track.lost.dropBelow(first);
  const writer = new ByteWriter();
  for (let code = 1; code < codeCount; code++) writer.unsigned(track.folded[code] ?? 0);
  track.absent.encode(writer);
  track.lost.encode(writer);
  writer.unsigned(track.lastSeenAt);
  writer.unsigned(track.newestSeenSeq + 1);
  return writer.finish();
}

/**
 * Below it every canary was seen or does not apply: what looks did not find there matters no more. One that was seen only
 * further down may still be seen here, and what looks said of it then bounds its latency; after twice the deadline that is over.
 */
function firstOpen(track: Track, now: EpochMs): number {
  const { hop, stream } = track;
  const implied = (track.live[codeOf.delivered + impliedBit] ?? 0) + (track.live[codeOf.delayed + impliedBit] ?? 0) > 0;
  let first = implied ? firstPlannedSince(stream, now - 2 * (hop.spec.withinMs + hop.spec.pollMs)) : stream.nextSeq;
  for (const block of track.blocks.values()) {
    const at = firstOpenIn(block);
    if (at < blockSize) first = Math.min(first, block.index * blockSize + at);
  }
  return first;
}

/** At most the first canary of the newest run that was planned at `since` or later: where bursts are planned, a lower one. */
function firstPlannedSince(stream: StreamState, since: EpochMs): number {
  const run = stream.runs.at(-1);
  if (!run) return 0;
  return since <= run.t0 ? 0 : run.fromSeq + Math.floor((since - run.jitterMs - run.t0) / run.everyMs);
}

/** Fills a track from its row. */
export function decodeTrack(track: Track, data: Uint8Array): void {
  const reader = new ByteReader(data);
  for (let code = 1; code < codeCount; code++) {
    const count = reader.unsigned();
    if (count > 0) track.folded[code] = count;
  }
  track.absent = Spans.decode(reader);
  track.lost = Spans.decode(reader);
  track.lastSeenAt = reader.unsigned();
  track.newestSeenSeq = reader.unsigned() - 1;
}

/** Fills a stream's folded emission counts from hop 0's row. */
export function decodeFoldedEmission(stream: StreamState, data: Uint8Array): void {
  const reader = new ByteReader(data);
  for (const state of Object.values(emission)) stream.foldedEmission[state] = reader.unsigned();
  for (let left = reader.unsigned(); left > 0; left--) stream.foldedWithheld.set(reader.unsigned(), reader.unsigned());
}

/** Puts a stored block of verdicts back in memory. */
export function restoreVerdicts(track: Track, index: number, data: Uint8Array): void {
  const block = decodeVerdicts(index, data);
  track.blocks.set(index, block);
  for (const code of block.codes) {
    if (verdictOfCode(code) !== undefined) track.live[code] = (track.live[code] ?? 0) + 1;
  }
}

function hopChange(hop: HopState): Change {
  hop.dirty = false;
  return {
    op: 'put',
    table: 'hop',
    row: {
      id: hop.id,
      pipeline: hop.pipeline.spec.name,
      name: hop.spec.name,
      cursor: hop.cursor ?? null,
      firstSightedAt: hop.firstSightedAt ?? null,
      counters: JSON.stringify(hop.counters),
    },
  };
}

function incidentChanges(state: EngineState, changes: Change[]): void {
  for (const incident of state.changedIncidents) {
    const { facts } = incident;
    changes.push({
      op: 'put',
      table: 'incident',
      row: {
        id: incident.number,
        pipeline: facts.pipeline,
        hop: facts.hop,
        kind: facts.kind,
        state: facts.state,
        openedAt: facts.openedAt,
        resolvedAt: facts.resolvedAt ?? null,
        facts,
        notified: incident.notified,
        receipts: incident.receipts,
      },
    });
  }
  state.changedIncidents.clear();
  for (const [id, entry] of state.outbox) {
    if (!entry.dirty) continue;
    entry.dirty = false;
    changes.push({ op: 'put', table: 'outbox', row: entry.row });
    if (entry.row.state !== 'waiting') state.outbox.delete(id);
  }
}
