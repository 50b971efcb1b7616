/** Notifications wait in the ledger until a channel has taken them; an incident change and its notifications are one commit. */
import type { OutboxRow } from '../core/ledger.ts';
import type { NotificationAction } from '../core/notifier.ts';
import type { NotifierSpec } from '../core/pipeline.ts';
import { unitHash } from '../core/schedule.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import { isAboutItself } from './drilling.ts';
import type { Command } from './event.ts';
import { saidTo, withdrawHushed } from './hushing.ts';
import { awaitsPeers, isToldByPeer, leftToPeer } from './peering.ts';
import { isQuiet } from './silencing.ts';
import type { EngineState, IncidentState, OutboxState } from './state.ts';
import { beginTelling, hasStorm, isInStorm } from './storm.ts';

const firstRetryMs = 2_000;
/** PagerDuty advises minutes of back-off; two minutes keeps a long outage under 120 calls a minute by far. */
const longestRetryMs = 120_000;
/** Calls under way at once, over all channels. */
const inFlightLimit = 8;

/** A channel that is told of the beginning by itself, now: its filters let it pass, and it is not there for others only. */
export function wants(state: EngineState, notifier: NotifierSpec, incident: IncidentState): boolean {
  return suits(state, notifier, incident) && !leftToPeer(state, notifier, incident);
}

function suits(state: EngineState, notifier: NotifierSpec, incident: IncidentState): boolean {
  const { facts } = incident;
  const { only, minSeverity, escalateAfterMs } = notifier;
  if (isQuiet(state, facts) || isInStorm(incident, notifier.name)) return false;
  if (facts.kind === 'storm') return hasStorm(state, notifier.name);
  if (notifier.standby === true || isAboutItself(state, facts, notifier.name)) return false;
  if (only?.pipelines?.includes(facts.pipeline) === false || only?.kinds?.includes(facts.kind) === false) return false;
  if (minSeverity !== 'warning' && facts.severity !== 'critical') return false;
  if (escalateAfterMs === undefined) return true;
  const since = facts.criticalAt ?? facts.openedAt;
  return facts.severity === 'critical' && facts.state === 'open' && state.now - since >= escalateAfterMs;
}

/** The incident that a notification is of; undefined for one that was over long ago. */
export function incidentOf(state: EngineState, { incident, facts }: OutboxRow): IncidentState | undefined {
  const open = facts.state === 'open' ? [...state.open.values()].find((each) => each.number === incident) : undefined;
  return open ?? state.resolved.find((each) => each.number === incident);
}

/** Messages of one incident identity to one channel, which go out in order. */
export function laneOf(row: OutboxRow): string {
  return `${row.notifier} ${row.facts.dedupKey}`;
}

/** The beginning, to a channel that has not heard of it. */
export function tell(state: EngineState, incident: IncidentState, notifier: string, facts = incident.facts): void {
  incident.notified = [...incident.notified, notifier];
  state.changedIncidents.add(incident);
  enqueue(state, incident, notifier, 'trigger', facts);
}

/** Tells the channel that stands in for another what that one did not take: also of what is over by now, with its end. */
export function tellInstead(state: EngineState, row: OutboxRow): void {
  const { fallback } = state.notifiers.find(({ name }) => name === row.notifier) ?? {};
  const incident = fallback && incidentOf(state, row);
  if (!fallback || !incident || incident.notified.includes(fallback.to) || incident.refusedBy?.has(fallback.to)) return;
  if (standsInLater(state, incident, fallback.to)) return;
  tell(state, incident, fallback.to, row.facts);
  if (incident.facts.state === 'resolved') enqueue(state, incident, fallback.to, 'resolve');
}

/** A peer may be telling the channel that stands in; that is seen to with each tick. */
function standsInLater(state: EngineState, incident: IncidentState, name: string): boolean {
  const notifier = state.notifiers.find((each) => each.name === name);
  const left = incident.facts.state === 'open' && notifier !== undefined && leftToPeer(state, notifier, incident);
  if (left) incident.standsIn = (incident.standsIn ?? new Set()).add(name);
  return left;
}

/** Queues a change for every channel that wants it: resolves go to those that were told of the beginning. */
export function notify(state: EngineState, incident: IncidentState, action: NotificationAction): void {
  incident.hushed ||= isQuiet(state, incident.facts);
  for (const notifier of state.notifiers) {
    const told = incident.notified.includes(notifier.name);
    if (action === 'resolve' ? !told : !told && !wants(state, notifier, incident)) continue;
    if (!told) {
      beginTelling(state, incident, notifier.name);
      continue;
    }
    state.changedIncidents.add(incident);
    enqueue(state, incident, notifier.name, action === 'trigger' ? 'update' : action);
  }
}

/**
 * After a start, with a configuration that may be another: a channel that was renamed or added, or that refused before it was
 * set right, hears of what is open; and a resolve that waits for a channel of another name goes to those that were not told.
 */
export function tellNewcomers(state: EngineState): void {
  const waiting = [...state.outbox.values()].map(({ row }) => row);
  for (const incident of [...state.open.values(), ...state.resolved]) {
    const resolved = incident.facts.state === 'resolved';
    incident.hushed = !resolved && isQuiet(state, incident.facts);
    if (resolved && !waiting.some((row) => row.incident === incident.number && !isConfigured(state, row))) continue;
    for (const notifier of state.notifiers) {
      if (incident.notified.includes(notifier.name) || !wants(state, notifier, incident)) continue;
      if (!resolved) {
        beginTelling(state, incident, notifier.name);
        continue;
      }
      incident.notified = [...incident.notified, notifier.name];
      state.changedIncidents.add(incident);
      enqueue(state, incident, notifier.name, 'resolve');
    }
  }
}

function isConfigured(state: EngineState, row: OutboxRow): boolean {
  return state.notifiers.some((notifier) => notifier.name === row.notifier);
}

/** Nobody was told there: not of its end either, and `notified` must not say so. */
function untell(state: EngineState, row: OutboxRow): void {
  const incident = [...state.open.values()].find((each) => each.number === row.incident);
  if (!incident || row.action !== 'trigger') return;
  incident.notified = incident.notified.filter((name) => name !== row.notifier);
  state.changedIncidents.add(incident);
}

function noteRefused(state: EngineState, row: OutboxRow): void {
  const incident = incidentOf(state, row);
  if (!incident || row.action !== 'trigger') return;
  incident.refusedBy = (incident.refusedBy ?? new Set()).add(row.notifier);
  tellInstead(state, row);
  untell(state, row);
}

export function enqueue(
  state: EngineState,
  incident: IncidentState,
  notifier: string,
  action: NotificationAction,
  given = incident.facts,
): void {
  const facts = saidTo(incident, notifier, action, given);
  if (facts === undefined) return;
  const id = state.next.outbox++;
  const { number: incidentNumber } = incident;
  state.outbox.set(id, {
    row: {
      id,
      incident: incidentNumber,
      notifier,
      action,
      facts,
      state: 'waiting',
      attempts: 0,
      nextAt: state.now,
      lastError: null,
      doneAt: null,
      queuedAt: state.now,
    },
    inFlight: false,
    // what only says again how it is, is said anew after a restart
    dirty: action !== 'renew',
  });
}

/** What may be sent now: per channel and incident identity in order, so that no trigger ever follows its resolve. */
export function deliverDue(state: EngineState, commands: Command[]): void {
  if (state.outbox.size === 0) return;
  withdrawHushed(state);
  let inFlight = [...state.outbox.values()].filter((entry) => entry.inFlight).length;
  const blocked = new Set<string>();
  for (const entry of state.outbox.values()) {
    const { row } = entry;
    const lane = laneOf(row);
    if (row.state !== 'waiting') continue;
    const first = !blocked.has(lane);
    blocked.add(lane);
    if (!first || entry.inFlight || row.nextAt > state.now || inFlight >= inFlightLimit) continue;
    if (awaitsPeers(state, row.notifier)) continue;
    if (!isConfigured(state, row)) {
      finish(state, entry, 'refused', `there is no notifier "${row.notifier}" in the configuration any more`);
      continue;
    }
    if (isToldElsewhere(state, row)) {
      giveUp(state, entry);
      continue;
    }
    if (leaveToPeer(state, row)) continue;
    entry.inFlight = true;
    inFlight += 1;
    const receipt = incidentOf(state, row)?.receipts[row.notifier];
    commands.push({ type: 'notify', row, ...(receipt === undefined ? {} : { receipt }) });
  }
}

/**
 * A beginning that the channel could not be told of, and that is over: whoever stands in for it was told of both. Telling it
 * now would wake people for nothing, for each incident of a long outage of the channel.
 */
function isToldElsewhere(state: EngineState, row: OutboxRow): boolean {
  const next = (name: string) => state.notifiers.find((each) => each.name === name)?.fallback?.to;
  if (row.action !== 'trigger' || next(row.notifier) === undefined) return false;
  const incident = state.resolved.find((each) => each.number === row.incident);
  if (!incident) return false;
  const waiting = [...state.outbox.values()].filter((entry) => entry.row.action === 'trigger');
  const waits = (name: string) =>
    waiting.some((each) => each.row.incident === row.incident && each.row.notifier === name);
  const passed = new Set([row.notifier]);
  for (let name = next(row.notifier); name !== undefined && !passed.has(name); name = next(name)) {
    if (incident.notified.includes(name) && !waits(name)) return true;
    passed.add(name);
  }
  return false;
}

/** A peer has told it while it waited here: it goes on with it. */
function leaveToPeer(state: EngineState, row: OutboxRow): boolean {
  const notifier = state.notifiers.find(({ name }) => name === row.notifier);
  const incident = row.action === 'trigger' ? incidentOf(state, row) : undefined;
  if (!notifier || !incident || !isToldByPeer(state, notifier, incident)) return false;
  discard(state, incident, row.notifier, 'another logcanary told it');
  untell(state, row);
  leftToPeer(state, notifier, incident);
  return true;
}

/** Whatever waits for a channel about an incident is not sent any more. */
export function discard(state: EngineState, { number }: IncidentState, notifier: string, why: string): void {
  for (const entry of state.outbox.values()) {
    const { row, inFlight } = entry;
    if (row.incident === number && row.notifier === notifier && !inFlight) finish(state, entry, 'refused', why);
  }
}

/** Its end is still told where the channel may have taken the beginning without our hearing so. */
function giveUp(state: EngineState, entry: OutboxState): void {
  const { incident, notifier, attempts } = entry.row;
  const why = 'it was over before this channel took it, and another one was told instead';
  for (const each of attempts === 0 ? [...state.outbox.values()] : [entry]) {
    const { row, inFlight } = each;
    if (row.incident === incident && row.notifier === notifier && !inFlight) finish(state, each, 'refused', why);
  }
}

export function onNotified(
  state: EngineState,
  id: number,
  error: LogcanaryError | undefined,
  receipt?: string | undefined,
): void {
  const entry = state.outbox.get(id);
  if (!entry) return;
  entry.inFlight = false;
  if (!error) noteTaken(state, entry.row, receipt);
  if (!error || entry.row.action === 'renew') {
    finish(state, entry, error ? 'refused' : 'sent', null);
    return;
  }
  tally(state, entry.row.notifier).failed += 1;
  state.talliesChanged = true;
  if (!error.retryable) {
    finish(state, entry, 'refused', error.message);
    noteRefused(state, entry.row);
    return;
  }
  const attempts = entry.row.attempts + 1;
  const backOff = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 10));
  const wait = Math.max(backOff * (0.8 + 0.4 * unitHash(id, attempts)), error.retryAfterMs ?? 0);
  entry.row = { ...entry.row, attempts, nextAt: Math.round(state.now + wait), lastError: error.message };
  entry.dirty = true;
}

function noteTaken(state: EngineState, row: OutboxRow, receipt: string | undefined): void {
  const incident = incidentOf(state, row);
  if (!incident) return;
  incident.renewedAt = (incident.renewedAt ?? new Map()).set(row.notifier, state.now);
  if (receipt === undefined) return;
  incident.receipts = { ...incident.receipts, [row.notifier]: receipt };
  state.changedIncidents.add(incident);
}

function finish(state: EngineState, entry: OutboxState, outcome: 'sent' | 'refused', error: string | null): void {
  if (entry.row.action === 'renew') {
    state.outbox.delete(entry.row.id); // was never written
    return;
  }
  entry.row = { ...entry.row, attempts: entry.row.attempts + 1, state: outcome, lastError: error, doneAt: state.now };
  entry.dirty = true;
  if (outcome !== 'sent') return;
  tally(state, entry.row.notifier).sent += 1;
  state.talliesChanged = true;
}

export function tally(state: EngineState, notifier: string): { sent: number; failed: number } {
  let counts = state.sent.get(notifier);
  if (!counts) {
    counts = { sent: 0, failed: 0 };
    state.sent.set(notifier, counts);
  }
  return counts;
}
