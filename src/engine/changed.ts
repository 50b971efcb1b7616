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
  if (!track.changedBlocks.includes(block)) track.changedBlocks.push(block);
  track.stream.changed.add(track.stream);
}

/**
 * The track's row goes with the next commit that writes anything else of its stream: a look covers all streams at once,
 * and each time a row of each would be written. For looks that change no verdict: a crash before that commit forgets
 * only that canaries which were not due yet had not been seen yet.
 */
export function changeTrackLater(track: Track): void {
  track.rowChanged = true;
}
