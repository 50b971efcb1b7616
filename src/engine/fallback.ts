/** Who is told besides those that want to be: in place of a channel that is down, and of what stays critical for long. */
import type { OutboxRow } from '../core/ledger.ts';
import { laneOf, tellInstead, wants } from './outbox.ts';
import type { EngineState } from './state.ts';
import { beginTelling } from './storm.ts';

/** A beginning that its channel has not taken for long enough goes to the one that stands in for it, once. */
export function fallBack(state: EngineState): void {
  if (!state.notifiers.some(({ fallback }) => fallback)) return;
  const rows = [...state.outbox.values()].map(({ row }) => row).filter((row) => row.state === 'waiting');
  const failing = new Set(rows.filter(({ attempts }) => attempts > 0).map(laneOf));
  for (const row of rows)
    if (row.action === 'trigger' && failing.has(laneOf(row)) && isLate(state, row)) tellInstead(state, row);
}

function isLate(state: EngineState, row: OutboxRow): boolean {
  const { fallback } = state.notifiers.find(({ name }) => name === row.notifier) ?? {};
  return fallback !== undefined && state.now - row.queuedAt >= fallback.afterMs;
}

/** Those that are told only of what has been critical for long; and everybody of what outlives a maintenance. */
export function escalate(state: EngineState): void {
  for (const notifier of state.notifiers) {
    for (const incident of state.open.values()) {
      const isStorm = incident.facts.kind === 'storm';
      if (notifier.escalateAfterMs === undefined && !incident.hushed && !isStorm) continue;
      if (incident.notified.includes(notifier.name) || !wants(state, notifier, incident)) continue;
      beginTelling(state, incident, notifier.name);
    }
  }
}
