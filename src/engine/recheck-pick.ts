/** Which canaries of a stretch of time are asked for again: a sample, spread over the streams, the same each time it is drawn. */
import { impliedBit, isSeen } from '../core/block.ts';
import { plannedAt, unitHash } from '../core/schedule.ts';
import type { EpochMs } from '../lib/clock.ts';
import { firstPlannedFrom, timeOf } from './due.ts';
import { type RecheckBook, type RecheckRef, spanOf } from './recheck-book.ts';
import type { HopState, StreamState, Track } from './state.ts';
import { codeAt, runOf, termsOf } from './track.ts';

/** Canaries asked for again at a hop in an hour, at most, of each age. */
const perHour = 200;
const hourMs = 3_600_000;

/** Those that were seen here, or further down, by now. */
export function pickFor(hop: HopState, book: RecheckBook<StreamState>, slot: number): RecheckRef<StreamState>[] {
  const quota = Math.max(1, Math.floor((perHour * book.everyMs) / hourMs));
  const span = spanOf(book, slot);
  const found: RecheckRef<StreamState>[][] = [];
  for (const track of fromSomewhere(hop.tracks, unitHash(hop.id, slot))) {
    const refs = seenIn(track, span);
    if (refs.length > 0) found.push(refs);
    if (found.length === quota) break;
  }
  const each = Math.ceil(quota / found.length);
  return found.flatMap((refs) => spread(refs, each)).slice(0, quota);
}

/** All of them, beginning at another one each time. */
function* fromSomewhere(tracks: readonly Track[], share: number): Iterable<Track> {
  const first = Math.floor(share * tracks.length);
  for (let i = 0; i < tracks.length; i++) yield tracks[(first + i) % tracks.length] as Track;
}

function seenIn(
  track: Track,
  { from, to }: { readonly from: EpochMs; readonly to: EpochMs },
): RecheckRef<StreamState>[] {
  const { stream } = track;
  if (stream.dueSeq === 0 || timeOf(stream, stream.dueSeq - 1) < from) return [];
  const refs: RecheckRef<StreamState>[] = [];
  for (let seq = firstPlannedFrom(stream, 0, stream.dueSeq - 1, from); seq < stream.dueSeq; seq++) {
    const run = runOf(stream, seq);
    if (!run || plannedAt(run, seq) >= to) break;
    if (!termsOf(run, track.hop.id, stream.number, seq)) continue;
    const code = codeAt(track, seq);
    if (code === undefined || isSeen(code)) refs.push(refOf(stream, seq, code));
  }
  return refs;
}

function refOf(stream: StreamState, seq: number, code: number | undefined): RecheckRef<StreamState> {
  return { stream, seq, implied: code === undefined ? undefined : code > impliedBit };
}

/** At most `count` of them, at equal distances. */
function spread(refs: readonly RecheckRef<StreamState>[], count: number): RecheckRef<StreamState>[] {
  if (refs.length <= count) return [...refs];
  const chosen = Array.from({ length: count }, (_, i) => refs[Math.floor(((i + 0.5) * refs.length) / count)]);
  return chosen.filter((ref) => ref !== undefined);
}
