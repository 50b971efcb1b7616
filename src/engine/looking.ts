/** Asking observers, and turning what they found into sightings and coverage. */
import { codeOf, emission } from '../core/block.ts';
import { plannedAt } from '../core/schedule.ts';
import { checkToken, differences, readToken } from '../core/token.ts';
import type { Latency } from '../core/verdict.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { LogcanaryError, Reason } from '../lib/errors.ts';
import type { Find, Look } from '../probe.ts';
import { lookCommand, unseen } from './asking.ts';
import { awaitHere, contradict, noteHere } from './awaiting.ts';
import { changeTrack, changeTrackLater } from './changed.ts';
import { wasDeaf } from './deafness.ts';
import { firstPlannedFrom, timeOf } from './due.ts';
import type { AskedRange, Command } from './event.ts';
import type { LookOutcome } from './history.ts';
import { tokenOf } from './injecting.ts';
import { isSilent } from './look-outcome.ts';
import { isBlind } from './reason.ts';
import type { EngineState, HopState, StreamState, Track } from './state.ts';
import { isStranger, noteStray } from './straying.ts';
import { emissionAt, judgeTrack, runOf, sight, termsOf } from './track.ts';

/** A token that differs in at most this many characters from one of ours was damaged, not forged (design §3). */
const damageLimit = 4;
const oddLimit = 1_000;
const seenLimit = 5_000;
const strangeLimit = 4_096;

export function lookDue(state: EngineState, commands: Command[]): void {
  for (const pipeline of state.pipelines) {
    for (const hop of pipeline.hops) {
      if (hop.lookInFlight || state.now < hop.nextLookAt) continue;
      if (hop.mode === 'on-demand' && !wanted(state, hop)) {
        hop.nextLookAt = state.now + hop.spec.pollMs;
        continue;
      }
      hop.lookInFlight = true;
      hop.nextLookAt = nextSlot(hop, state.now);
      commands.push(lookCommand(state, hop));
    }
  }
}

/** On a fixed grid, so that a slow look does not move the next one further than it must. */
function nextSlot(hop: HopState, now: EpochMs): EpochMs {
  const every = hop.spec.pollMs;
  const missed = Math.floor((now - hop.nextLookAt) / every);
  return hop.nextLookAt + (missed + 1) * every;
}

/** An on-demand hop is read only while some canary is past its deadline here and was not seen further down either. */
function wanted(state: EngineState, hop: HopState): boolean {
  if (owesAnswer(state, hop) || othersAreSilent(hop)) return true;
  for (const track of hop.tracks) {
    for (const [seq, code] of unseen(track, state.now)) {
      if (code !== codeOf.pending && code !== codeOf.overdue && code !== codeOf.unverifiable) continue;
      const run = runOf(track.stream, seq);
      if (run && state.now > plannedAt(run, seq) + hop.spec.withinMs) return true;
      break;
    }
  }
  return false;
}

/** Nothing else answers: whether we are cut off, this hop can tell. */
function othersAreSilent(hop: HopState): boolean {
  const others = hop.pipeline.hops.filter((each) => each !== hop && each.mode === 'poll');
  return others.length > 0 && others.every(isSilent);
}

/** The last look failed, or before a restart one did: only another one can tell that it can be read again. */
function owesAnswer(state: EngineState, hop: HopState): boolean {
  const last = hop.looks.at(-1);
  if (last) return last.coverage !== 'complete';
  return [...state.open.values()].some(
    ({ facts }) => facts.pipeline === hop.pipeline.spec.name && facts.hop === hop.spec.name,
  );
}

export interface Looked {
  readonly asOf: EpochMs;
  readonly asked: readonly AskedRange[];
  readonly askedCount: number;
  readonly tookMs: number;
  readonly look?: Look;
  readonly error?: LogcanaryError;
}

export function onLooked(state: EngineState, hop: HopState, looked: Looked): void {
  hop.lookInFlight = false;
  const { look } = looked;
  const asOf = Math.min(looked.asOf, look?.asOf ?? looked.asOf);
  const coverage = look ? look.coverage : 'failed';
  const why = look?.why ?? looked.error;
  const seen = look ? onFinds(state, hop, look.finds, state.now) : 0;
  if (look?.cursor !== undefined && look.cursor !== hop.cursor) {
    hop.cursor = look.cursor;
    hop.dirty = true;
  }
  const { since = 0, without = [] } = look ?? {};
  if (coverage === 'complete') cover(hop, lookedAt(looked), asOf, since);
  else if (looked.asOf >= state.watchingSince) suspend(hop, why?.reason);
  if (coverage === 'complete') contradict(hop, { asOf, since, without }, state.now);
  noteOutcome(state, hop, { askedAt: looked.asOf, at: state.now, coverage }, why);
  state.pending.push({
    op: 'put',
    table: 'look',
    row: {
      id: state.next.look++,
      hop: hop.id,
      asOf,
      tookMs: Math.round(looked.tookMs),
      coverage,
      reason: why?.reason ?? null,
      asked: looked.askedCount,
      seen,
    },
  });
  for (const track of hop.tracks) judgeTrack(track, state.now);
}

/** Nodes whose part could not be read are no part of what was covered. */
function lookedAt({ asked, look }: Looked): readonly AskedRange[] {
  const without = new Set(look?.without);
  return without.size === 0 ? asked : asked.filter(({ stream }) => !without.has(stream.labels.node ?? ''));
}

function noteOutcome(state: EngineState, hop: HopState, outcome: LookOutcome, why: LogcanaryError | undefined): void {
  // A look that was under way while we were suspended ran out of time through our own fault.
  if (outcome.coverage !== 'complete' && outcome.askedAt < state.watchingSince) return;
  hop.looks.push({ ...outcome, ...(why ? { reason: why.reason, why: why.message } : {}) });
  if (hop.looks.length > 10) hop.looks.shift();
}

/**
 * Nobody watched from then until now: as after a restart a backlog may be on its way at every hop. Canaries that were posted to us
 * meanwhile were turned away, and when they come again is the sender's choice: that they are missing, or late, says nothing of the flow.
 */
export function onUnwatched(state: EngineState, from: EpochMs): void {
  state.pending.push({ op: 'put', table: 'unwatched', row: { from, to: state.now } });
  state.watchingSince = state.now;
  for (const hop of state.pipelines.flatMap(({ hops }) => hops)) {
    if (hop.mode === 'push') wasDeaf(state, hop, from, state.now);
    // A pause that no look would have noticed hides no outage of the target either.
    if (state.now - from <= 2 * hop.spec.pollMs + hop.spec.timeoutMs) continue;
    hop.settleUntil = Math.max(hop.settleUntil, state.now + hop.spec.withinMs);
    hop.settleBelowUntil = Math.max(hop.settleBelowUntil, state.now + slowestBelow(hop));
  }
}

/** Nothing is declared lost here until the hop was read again; nor below it, unless the trouble is on our own side. */
function suspend(hop: HopState, reason: Reason | undefined): void {
  hop.settleUntil = Number.POSITIVE_INFINITY;
  if (!isBlind(reason)) hop.settleBelowUntil = Number.POSITIVE_INFINITY;
}

/**
 * A complete look: absence is evidence for everything it covered. It proves loss only when nothing on the way could not
 * be read just before: after an outage a backlog is still on its way, and "not there yet" is not "lost".
 */
function cover(hop: HopState, asked: readonly AskedRange[], asOf: EpochMs, since: EpochMs): void {
  if (hop.settleUntil === Number.POSITIVE_INFINITY) hop.settleUntil = asOf + hop.spec.withinMs;
  if (hop.settleBelowUntil === Number.POSITIVE_INFINITY) hop.settleBelowUntil = asOf + slowestBelow(hop);
  hop.completeSinceStart += 1;
  const provesLoss = [...lineage(hop)].every(
    (each) => asOf >= (each === hop ? each.settleUntil : each.settleBelowUntil),
  );
  for (const { stream, from, to } of asked) {
    const track = stream.tracks.find((each) => each.hop === hop);
    if (!track) continue;
    for (const [first, last] of heardIn(hop, stream, firstEmittedSince(stream, from, to, since), to)) {
      track.absent.cover(first, last, asOf);
      if (provesLoss) track.lost.cover(first, last, asOf);
    }
    if (isEvidence(track, asOf)) changeTrack(track);
    else changeTrackLater(track);
  }
}

/** A look as of `asOf` says something of a canary's verdict: one is due by then, or its emission is not proven yet. */
function isEvidence(track: Track, asOf: EpochMs): boolean {
  for (const [seq] of unseen(track, asOf)) {
    const { stream, hop } = track;
    const terms = termsOf(runOf(stream, seq), hop.id, stream.number, seq);
    const sent = emissionAt(stream, seq);
    if (!terms || sent?.state !== emission.emitted || asOf > sent.na + terms.withinMs) return true;
  }
  return false;
}

/** A backlog must have had time to reach the last hop behind this one. */
function slowestBelow(hop: HopState): number {
  const below = hop.pipeline.hops.filter((each) => [...lineage(each)].includes(hop));
  return Math.max(...below.map((each) => each.spec.withinMs));
}

export function* lineage(hop: HopState): Iterable<HopState> {
  for (let each: HopState | undefined = hop; each; each = each.parent) yield each;
}

function firstEmittedSince(stream: StreamState, from: number, to: number, since: EpochMs): number {
  if (since === 0) return from;
  let seq = firstPlannedFrom(stream, from, to, since);
  // What was planned a little earlier may have gone out later.
  while (seq > from && (emissionAt(stream, seq - 1)?.nb ?? 0) >= since) seq -= 1;
  return seq;
}

/** A range without the canaries that could not be posted to us. */
function heardIn(hop: HopState, stream: StreamState, from: number, to: number): [first: number, last: number][] {
  const heard: [number, number][] = [];
  let first = from;
  const begin = hop.deaf.length === 0 ? 0 : timeOf(stream, from);
  for (const deaf of hop.deaf) {
    if (deaf.to <= begin) continue;
    const last = firstPlannedFrom(stream, first, to, deaf.from) - 1;
    if (last >= first) heard.push([first, last]);
    first = Math.max(first, firstPlannedFrom(stream, first, to, deaf.to));
  }
  if (first <= to) heard.push([first, to]);
  return heard;
}

/** Judges every find; returns how many were first sightings here. */
export function onFinds(state: EngineState, hop: HopState, finds: readonly Find[], seenAt: EpochMs): number {
  let seen = 0;
  for (const find of finds) {
    if (find.kind === 'echo') continue;
    if (find.kind === 'suspect') onSuspect(state, hop, find);
    else if (onLine(state, hop, find, seenAt)) seen += 1;
  }
  return seen;
}

function onLine(state: EngineState, hop: HopState, find: Find, seenAt: EpochMs): boolean {
  const fields = readToken(find.token);
  if (fields === undefined) return false;
  const stream = state.streamsByNumber.get(fields.stream);
  const ours = stream && fields.seq < stream.nextSeq ? tokenOf(state, stream, fields.seq) : undefined;
  // Equal to the token signed anew, it is verified: nearly all are, and one signature is enough for them.
  if (stream && ours !== undefined && differences(ours, find.token) === 0) {
    return onOurs(state, hop, stream, fields.seq, find, seenAt);
  }
  const check = checkToken(find.token, state.signer);
  if (check.state !== 'valid') {
    if (ours !== undefined && differences(ours, find.token) <= damageLimit) odd(state, hop, 'corrupted', find.token);
    else odd(state, hop, check.state === 'wrong-mac' ? 'forged' : 'foreign', find.token);
    return false;
  }
  // Of a stream that was pruned nothing is known any more.
  const pruned = !stream && fields.stream < state.next.stream;
  if (pruned || !state.writers.has(fields.writer)) {
    odd(state, hop, 'foreign', find.token);
    return false;
  }
  // Signed with our key under our name, but never handed out: somebody else holds the key.
  odd(state, hop, 'forged', find.token);
  return false;
}

function onOurs(
  state: EngineState,
  hop: HopState,
  stream: StreamState,
  seq: number,
  find: Find,
  seenAt: EpochMs,
): boolean {
  const sent = emissionAt(stream, seq);
  if (sent && sent.state === emission.emitted && seenAt < sent.nb) {
    odd(state, hop, 'forged', find.token);
    return false;
  }
  const track = stream.tracks.find((each) => each.hop === hop);
  if (!track) {
    onStranger(state, hop, stream, seq, find);
    return false;
  }
  const sighting = sight(track, seq, seenAt, false);
  noteHere(hop, { stream, seq }, sighting.again, state.now);
  if (sighting.again) {
    if (hop.finds === 'unique') count(state, hop, 'duplicated');
    return false;
  }
  if (find.damage !== undefined) count(state, hop, 'corrupted');
  if (sighting.latency) observeLatency(hop, find.token, sighting.latency);
  if (sighting.first) noteSighting(state, hop, stream, seq, seenAt);
  for (const ancestor of lineage(hop)) {
    const above = stream.tracks.find((each) => each.hop === ancestor);
    if (above && ancestor !== hop && sight(above, seq, seenAt, true).first) {
      noteSighting(state, ancestor, stream, seq, seenAt);
      awaitHere(ancestor, { stream, seq }, state.now);
    }
  }
  return sighting.first;
}

/** Of a stream that does not pass here. Each canary counts once. */
function onStranger(state: EngineState, hop: HopState, stream: StreamState, seq: number, { token }: Find): void {
  if (isStranger(hop, stream) && !isStrange(hop, `misrouted ${token}`)) noteStray(state, hop, { stream, seq });
}

function noteSighting(state: EngineState, hop: HopState, stream: StreamState, seq: number, seenAt: EpochMs): void {
  hop.dirty = true;
  hop.firstSightedAt ??= seenAt;
  pushBounded(hop.seenTimes, state.now, seenLimit);
  hop.newestSeen = Math.max(hop.newestSeen ?? 0, emissionAt(stream, seq)?.nb ?? 0);
}

function observeLatency(hop: HopState, token: string, latency: Latency): void {
  hop.dirty = true;
  hop.lastLatency = latency;
  hop.lastToken = token;
  pushBounded(hop.recentHi, latency.hiMs, 400);
  const { boundsMs, counts } = hop.counters.latency;
  const at = boundsMs.findIndex((bound) => latency.hiMs <= bound);
  const bucket = at < 0 ? boundsMs.length : at;
  counts[bucket] = (counts[bucket] ?? 0) + 1;
  hop.counters.latency.sumMs += latency.hiMs;
}

/** An opening without a whole token: ours if it is nearly one of ours. */
function onSuspect(state: EngineState, hop: HopState, find: Find): void {
  const fields = readToken(find.token.slice(0, 51).padEnd(51, 'a').concat('0'));
  const stream = fields && state.streamsByNumber.get(fields.stream);
  const ours = stream && fields.seq < stream.nextSeq ? tokenOf(state, stream, fields.seq) : undefined;
  if (ours !== undefined && differences(ours, find.token.slice(0, 52)) <= damageLimit)
    odd(state, hop, 'corrupted', find.token);
  // A cut token shows its beginning: our own prefix is enough to say that a canary was cut here.
  else if (ours?.startsWith(find.token.slice(0, 23))) odd(state, hop, 'corrupted', find.token);
}

/** Counts a strange token once per hop, however often it is read. */
function odd(state: EngineState, hop: HopState, kind: 'corrupted' | 'forged' | 'foreign', token: string): void {
  if (!isStrange(hop, `${kind} ${token}`)) count(state, hop, kind);
}

/** It was told before. From now on it was. */
function isStrange(hop: HopState, key: string): boolean {
  if (hop.strange.has(key)) return true;
  if (hop.strange.size >= strangeLimit) hop.strange.clear();
  hop.strange.add(key);
  return false;
}

function count(state: EngineState, hop: HopState, kind: 'corrupted' | 'forged' | 'foreign' | 'duplicated'): void {
  hop.counters.entered[kind] += 1;
  hop.dirty = true;
  if (kind !== 'foreign') pushBounded(hop.odd[kind], state.now, oddLimit);
}

/** Keeps the newest `limit` at least, and an eighth more: dropping one each time would move all the others each time. */
function pushBounded<T>(list: T[], value: T, limit: number): void {
  list.push(value);
  if (list.length > limit * 1.125) list.splice(0, list.length - limit);
}
