/** Notifications wait in the ledger until a channel has taken them; an incident change and its notifications are one commit. */
import type { OutboxRow } from '../core/ledger.ts';
import type { NotificationAction } from '../core/notifier.ts';
import type { NotifierSpec } from '../core/pipeline.ts';
import { unitHash } from '../core/schedule.ts';
import type { LogcanaryError } from '../lib/errors.ts';
import type { Command } from './event.ts';
import type { EngineState, IncidentState, OutboxState } from './state.ts';

const firstRetryMs = 2_000;
/** PagerDuty advises minutes of back-off; two minutes keeps a long outage under 120 calls a minute by far. */
const longestRetryMs = 120_000;
/** Calls under way at once, over all channels. */
const inFlightLimit = 8;

function wants(notifier: NotifierSpec, { facts }: IncidentState): boolean {
  return notifier.minSeverity === 'warning' || facts.severity === 'critical';
}

/** Queues a change for every channel that wants it: resolves go to those that were told of the beginning. */
export function notify(state: EngineState, incident: IncidentState, action: NotificationAction): void {
  for (const notifier of state.notifiers) {
    const told = incident.notified.includes(notifier.name);
    if (action === 'resolve' ? !told : !wants(notifier, incident)) continue;
    const what = action === 'trigger' && told ? 'update' : action;
    if (!told) incident.notified = [...incident.notified, notifier.name];
    state.changedIncidents.add(incident);
    enqueue(state, incident, notifier.name, what);
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
    if (resolved && !waiting.some((row) => row.incident === incident.number && !isConfigured(state, row))) continue;
    for (const notifier of state.notifiers) {
      if (incident.notified.includes(notifier.name) || !wants(notifier, incident)) continue;
      incident.notified = [...incident.notified, notifier.name];
      state.changedIncidents.add(incident);
      enqueue(state, incident, notifier.name, resolved ? 'resolve' : 'trigger');
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

/** Of the channels that want an open incident, each has refused it or has not taken it yet after a try. */
export function isUntold(state: EngineState, incident: IncidentState): boolean {
  const wanting = state.notifiers.filter((notifier) => wants(notifier, incident));
  const rows = [...state.outbox.values()]
    .map(({ row }) => row)
    .filter((row) => row.incident === incident.number && row.state === 'waiting');
  const reached = ({ name }: NotifierSpec) =>
    incident.notified.includes(name) && !rows.some((row) => row.notifier === name && row.attempts > 0);
  return wanting.length > 0 && !wanting.some(reached);
}

function enqueue(state: EngineState, incident: IncidentState, notifier: string, action: NotificationAction): void {
  const id = state.next.outbox++;
  const { number: incidentNumber, facts } = incident;
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
    },
    inFlight: false,
    dirty: true,
  });
}

/** What may be sent now: per channel and incident identity in order, so that no trigger ever follows its resolve. */
export function deliverDue(state: EngineState, commands: Command[]): void {
  if (state.outbox.size === 0) return;
  let inFlight = [...state.outbox.values()].filter((entry) => entry.inFlight).length;
  const blocked = new Set<string>();
  for (const entry of state.outbox.values()) {
    const { row } = entry;
    const lane = `${row.notifier} ${row.facts.dedupKey}`;
    if (row.state !== 'waiting') continue;
    const first = !blocked.has(lane);
    blocked.add(lane);
    if (!first || entry.inFlight || row.nextAt > state.now || inFlight >= inFlightLimit) continue;
    if (!isConfigured(state, row)) {
      finish(state, entry, 'refused', `there is no notifier "${row.notifier}" in the configuration any more`);
      continue;
    }
    entry.inFlight = true;
    inFlight += 1;
    commands.push({ type: 'notify', row });
  }
}

export function onNotified(state: EngineState, id: number, error: LogcanaryError | undefined): void {
  const entry = state.outbox.get(id);
  if (!entry) return;
  entry.inFlight = false;
  if (!error) {
    finish(state, entry, 'sent', null);
    return;
  }
  tally(state, entry.row.notifier).failed += 1;
  state.talliesChanged = true;
  if (!error.retryable) {
    finish(state, entry, 'refused', error.message);
    untell(state, entry.row);
    return;
  }
  const attempts = entry.row.attempts + 1;
  const backOff = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 10));
  const wait = Math.max(backOff * (0.8 + 0.4 * unitHash(id, attempts)), error.retryAfterMs ?? 0);
  entry.row = { ...entry.row, attempts, nextAt: Math.round(state.now + wait), lastError: error.message };
  entry.dirty = true;
}

function finish(state: EngineState, entry: OutboxState, outcome: 'sent' | 'refused', error: string | null): void {
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
