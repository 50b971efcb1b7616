/**
 * The engine: one event in, the commands it calls for out. Synchronous and deterministic: the same state, event and time
 * give the same state and commands. What changed is taken with `takeChanges` and must be committed before any command is
 * carried out: nothing leaves that the ledger does not know.
 */
import { heartbeatKeyOf } from '../core/dedup-key.ts';
import type { EpochMs } from '../lib/clock.ts';
import { tellBeginnings } from './beginnings.ts';
import { noteWall } from './deployment-finding.ts';
import { advanceDue } from './due.ts';
import type { Command, Event } from './event.ts';
import { escalate, fallBack } from './fallback.ts';
import { noteLook } from './flow.ts';
import { judgeIncidents } from './incidents.ts';
import { injectDue, onInjected } from './injecting.ts';
import { listEveryMs, onListed, onListFailed } from './listing.ts';
import { lookDue, onFinds, onLooked, onUnwatched } from './looking.ts';
import { deliverDue, onNotified } from './outbox.ts';
import { onOutside } from './outside.ts';
import { tellOwed } from './owing.ts';
import { actForPeers } from './peer-news.ts';
import { pruneStreams } from './pruning.ts';
import { onChecked } from './reading.ts';
import { onRefilled } from './receipts.ts';
import { onRechecked, recheckDue } from './rechecking.ts';
import { mayRefill, refillDue } from './refilling.ts';
import { renewDue } from './renewing.ts';
import { noteRests } from './rest.ts';
import type { EngineState, InjectorState } from './state.ts';
import { judgeTrack } from './track.ts';

/** Between looks little can change: judged anew so often in each look interval, within these bounds, ms. */
const judgings = 8;
const judgeBounds = { least: 500, most: 60_000 };
const pruneEveryMs = 3_600_000;
const keepLooksMs = 48 * 3_600_000;
const checkTimeoutMs = 10_000;

export function step(state: EngineState, event: Event, now: EpochMs): Command[] {
  state.now = Math.max(state.now, now);
  const commands: Command[] = [];
  handle(state, event, commands);
  tellBeginnings(state);
  deliverDue(state, commands);
  return commands;
}

function handle(state: EngineState, event: Event, commands: Command[]): void {
  switch (event.type) {
    case 'tick':
      noteWall(state, event.wall - state.now);
      tick(state, commands);
      return;
    case 'listed':
      onListed(state, event.injector, event.streams);
      return;
    case 'list-failed':
      onListFailed(state, event.injector, event.error);
      return;
    case 'injected':
      onInjected(state, event.injector, event.refs, event.emissions, event.error);
      state.loops.inject = state.now;
      return;
    case 'refilled':
      onRefilled(state, event.stream, event.refill, event.answer, event.error);
      state.loops.inject = state.now;
      return;
    case 'looked':
      onLooked(state, event.hop, event);
      if (event.look?.coverage === 'complete') for (const track of event.hop.tracks) noteLook(track, state.now);
      state.loops.observe = state.now;
      state.nextJudgeAt = 0;
      judgeDue(state);
      return;
    case 'rechecked':
      onRechecked(state, event);
      return;
    case 'hooked':
      for (const pipeline of state.pipelines) {
        const hop = pipeline.hops.find((each) => each.spec.name === event.hop && each.mode === 'push');
        if (hop) onFinds(state, hop, event.finds, state.now);
      }
      noteForeign(state, event);
      return;
    case 'checked':
      onChecked(state, event.check, event.result, event.error);
      state.nextJudgeAt = 0;
      state.loops.check = state.now;
      return;
    case 'notified':
      onNotified(state, event.id, event.error, event.receipt);
      state.loops.deliver = state.now;
      return;
    case 'pinged':
      state.pings.set(event.name, state.now);
      state.pending.push({ op: 'put', table: 'ping', row: { name: event.name, at: state.now } });
      return;
    case 'unwatched':
      onUnwatched(state, event.from);
      return;
    case 'heartbeat-sent':
      state.heartbeats.set(heartbeatKeyOf(event.url), state.now);
      state.talliesChanged = true;
      return;
    default:
      onOutside(state, event);
  }
}

/** Canaries of another writer with our key: `check` beside a running `run` asks for them. */
function noteForeign(state: EngineState, event: Extract<Event, { type: 'hooked' }>): void {
  for (const find of event.finds) {
    if (find.kind !== 'line') continue;
    const hooks = state.foreignAtHooks.get(find.token) ?? new Set<string>();
    hooks.add(event.hop);
    state.foreignAtHooks.set(find.token, hooks);
    const oldest = state.foreignAtHooks.keys().next();
    if (state.foreignAtHooks.size > 512 && !oldest.done) state.foreignAtHooks.delete(oldest.value);
  }
}

function tick(state: EngineState, commands: Command[]): void {
  noteRests(state);
  listDue(state, commands);
  injectDue(state, commands);
  refillDue(state, commands);
  lookDue(state, commands);
  recheckDue(state, commands);
  checkDue(state, commands);
  judgeDue(state);
  fallBack(state);
  escalate(state);
  actForPeers(state);
  tellOwed(state);
  renewDue(state);
  if (state.outbox.size === 0) state.loops.deliver = state.now;
  if (state.pipelines.every((pipeline) => pipeline.checks.length === 0)) state.loops.check = state.now;
  // Or the loop would count as wedged as soon as there is something to write to again.
  if (state.pipelines.every(({ injectors }) => injectors.every(isIdle))) state.loops.inject = state.now;
  prune(state);
}

/** Nothing is to be written now: there is nobody to write to, or their schedules are filled. */
function isIdle({ written, limits, refillsInFlight, pipeline }: InjectorState): boolean {
  return written === 0 || pipeline.rest.off !== undefined || (limits !== undefined && refillsInFlight === 0);
}

function listDue(state: EngineState, commands: Command[]): void {
  for (const pipeline of state.pipelines) {
    for (const injector of pipeline.injectors) {
      if (injector.listInFlight || state.now < injector.nextListAt) continue;
      injector.listInFlight = true;
      injector.nextListAt = state.now + listEveryMs(injector);
      commands.push({ type: 'list', injector });
    }
  }
}

function checkDue(state: EngineState, commands: Command[]): void {
  for (const pipeline of state.pipelines) {
    for (const check of pipeline.checks) {
      if (check.inFlight || state.now < check.nextAt) continue;
      check.inFlight = true;
      check.nextAt = state.now + check.spec.everyMs;
      commands.push({ type: 'check', check, timeoutMs: checkTimeoutMs });
    }
  }
}

function judgeDue(state: EngineState): void {
  if (state.now < state.nextJudgeAt) return;
  state.nextJudgeAt = state.now + judgeEveryMs(state);
  for (const stream of state.streamsByNumber.values()) {
    advanceDue(stream, state.now);
    for (const track of stream.tracks) if (state.now >= track.wakeAt) judgeTrack(track, state.now);
  }
  judgeIncidents(state);
  state.loops.judge = state.now;
}

export function judgeEveryMs({ config, pipelines }: EngineState): number {
  let soonest = judgeBounds.most * judgings;
  for (const { graceMs } of config.expectedPings) soonest = Math.min(soonest, graceMs);
  for (const { hops } of pipelines) for (const { spec } of hops) soonest = Math.min(soonest, spec.pollMs);
  return Math.max(judgeBounds.least, soonest / judgings);
}

/** Old rows go; life-long counters at each full hour stay as rollups. */
function prune(state: EngineState): void {
  if (state.now < state.nextPruneAt) return;
  state.nextPruneAt = Math.floor(state.now / pruneEveryMs + 1) * pruneEveryMs;
  pruneStreams(state);
  const hour = Math.floor(state.now / pruneEveryMs) * pruneEveryMs;
  const keepCanaries = Math.max(...state.pipelines.map((pipeline) => pipeline.spec.keepCanariesMs));
  const keepRollups = Math.max(...state.pipelines.map((pipeline) => pipeline.spec.keepRollupsMs));
  // Only where this hour began while we ran: what a start finds is not how the last hour ended.
  for (const pipeline of hour > state.startedAt ? state.pipelines : []) {
    for (const hop of pipeline.hops) {
      const counters = JSON.stringify(hop.counters);
      state.pending.push({ op: 'put', table: 'rollup', row: { hop: hop.id, hour, counters } });
    }
  }
  state.pending.push(
    { op: 'prune', table: 'look', before: state.now - keepLooksMs },
    { op: 'prune', table: 'emission', before: state.now - keepCanaries },
    { op: 'prune', table: 'verdict', before: state.now - keepCanaries },
    { op: 'prune', table: 'rollup', before: state.now - keepRollups },
    { op: 'prune', table: 'unwatched', before: state.now - keepRollups },
    { op: 'prune', table: 'incident', before: state.now - keepRollups },
    { op: 'prune', table: 'outbox', before: state.now - keepCanaries },
  );
}

/** T at which something is due next, at most `limit` away: how long the driver may sleep. */
export function nextWake(state: EngineState, limit: number): EpochMs {
  let next = state.now + limit;
  for (const stream of state.streamsByNumber.values()) {
    const { schedule, injector } = stream;
    const rests = injector.pipeline.rest.off !== undefined;
    const idle = rests || !stream.listed || stream.leavingSince !== undefined || injector.injectInFlight;
    if (schedule !== undefined) next = Math.min(next, mayRefill(stream) ? schedule.nextAt : next);
    else if (!idle) next = Math.min(next, stream.nextPlanned);
  }
  for (const pipeline of state.pipelines) {
    for (const hop of pipeline.hops) if (!hop.lookInFlight) next = Math.min(next, hop.nextLookAt);
    for (const check of pipeline.checks) if (!check.inFlight) next = Math.min(next, check.nextAt);
  }
  return next;
}
