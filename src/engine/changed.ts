/** Marks what the next commit has to write: by stream, so that a commit costs what changed and not what there is. */
import type { StreamState, Track } from './state.ts';

export function changeStream(stream: StreamState): void {
  stream.rowChanged = true;
  stream.changed.add(stream);
}

export function changeEmission(stream: StreamState, block: number): void {
  stream.changedBlocks.add(block);
  stream.changed.add(stream);
}

export function changeTrack(track: Track): void {
  track.rowChanged = true;
  track.stream.changed.add(track.stream);
}

export function changeVerdicts(track: Track, block: number): void {
  track.changedBlocks.add(block);
  track.stream.changed.add(track.stream);
}
