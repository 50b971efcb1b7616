/** Streams that are gone for good and of which nothing can change any more: only their sums are kept. */
import type { EpochMs } from '../lib/clock.ts';
import { timeOf } from './due.ts';
import type { EngineState, HopState, PipelineState, StreamState, Track } from './state.ts';
import { emissionCounts, expectedAt } from './sums.ts';
import { lingerMs } from './track.ts';

/** Nodes come and go: without this every one there ever was would be judged, and kept in memory, for ever. */
export function pruneStreams(state: EngineState): void {
  for (const stream of state.streamsByNumber.values()) if (isOver(state, stream)) forget(state, stream);
}

/** Its rows of blocks were deleted by their age by then, so nobody can ask for one of its canaries. */
function isOver(state: EngineState, stream: StreamState): boolean {
  const { injector, listed, nextSeq } = stream;
  if (listed || !injector.listedOnce) return false;
  const last = nextSeq === 0 ? stream.openedAt : timeOf(stream, nextSeq - 1);
  return last + keptMs(injector.pipeline) < state.now;
}

function keptMs({ spec }: PipelineState): EpochMs {
  return Math.max(spec.keepCanariesMs, spec.lostAfterMs + lingerMs);
}

function forget(state: EngineState, stream: StreamState): void {
  const { pipeline } = stream.injector;
  const { emitted, withheld } = emissionCounts([stream]);
  const { gone } = pipeline;
  gone.granted += stream.nextSeq;
  gone.emitted += emitted;
  gone.withheld += withheld;
  for (const track of stream.tracks) foldTrack(track.hop, track);
  deleteRows(state, stream);
  state.pending.push({
    op: 'put',
    table: 'meta',
    row: { key: goneKey(pipeline.spec.name), value: JSON.stringify(gone) },
  });
  state.streamsByNumber.delete(stream.number);
  state.changed.delete(stream);
  pipeline.leaving.delete(stream);
  if (stream.injector.streams.get(stream.key) === stream) stream.injector.streams.delete(stream.key);
}

/** Where the sums of a pipeline's gone streams stand among the meta rows. */
export function goneKey(pipeline: string): string {
  return `gone ${pipeline}`;
}

function foldTrack(hop: HopState, track: Track): void {
  const { gone } = hop.counters;
  gone.expected += expectedAt(hop, [track]);
  for (const counts of [track.folded, track.live])
    counts.forEach((count, code) => {
      if (count > 0) gone.codes[code] = (gone.codes[code] ?? 0) + count;
    });
  hop.tracks.splice(hop.tracks.indexOf(track), 1);
  hop.dirty = true;
}

function deleteRows({ pending }: EngineState, { number: stream, runs, emission, tracks }: StreamState): void {
  for (const { id } of runs) pending.push({ op: 'delete', table: 'run', row: { id } });
  for (const block of emission.keys()) pending.push({ op: 'delete', table: 'emission', row: { stream, block } });
  for (const { hop, blocks } of tracks) {
    for (const block of blocks.keys())
      pending.push({ op: 'delete', table: 'verdict', row: { stream, hop: hop.id, block } });
    pending.push({ op: 'delete', table: 'track', row: { stream, hop: hop.id } });
  }
  pending.push({ op: 'delete', table: 'track', row: { stream, hop: 0 } });
  pending.push({ op: 'delete', table: 'stream', row: { number: stream } });
}
