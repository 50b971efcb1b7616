/** Some channels take an incident for over when they hear no more of it: they are told again how it is, while it is so. */

import { keyOf } from './incident-place.ts';
import { enqueue, laneOf } from './outbox.ts';
import type { EngineState, IncidentState } from './state.ts';

/** An end is said again for so long, for members of a cluster that were away: https://prometheus.io/docs/alerting/latest/clients/ */
const endSaidMs = 5 * 60_000;

/** What such a channel was told of is told again in its time, unless something newer is on its way there. */
export function renewDue(state: EngineState): void {
  const forgetful = state.notifiers.filter(({ renewEveryMs }) => renewEveryMs !== undefined);
  if (forgetful.length === 0) return;
  const busy = new Set([...state.outbox.values()].map(({ row }) => laneOf(row)));
  for (const incident of [...state.open.values(), ...justOver(state)]) {
    for (const { name, renewEveryMs = 0 } of forgetful) {
      const at = incident.renewedAt?.get(name) ?? 0;
      if (!incident.notified.includes(name) || state.now - at < renewEveryMs) continue;
      if (busy.has(`${name} ${incident.facts.dedupKey}`)) continue;
      incident.renewedAt = (incident.renewedAt ?? new Map()).set(name, state.now);
      enqueue(state, incident, name, 'renew');
    }
  }
}

/** Not where the same began anew: it would end that. */
function justOver(state: EngineState): IncidentState[] {
  const since = state.now - endSaidMs;
  const firstOld = state.resolved.findIndex(({ facts }) => (facts.resolvedAt ?? 0) < since);
  const recent = firstOld < 0 ? state.resolved : state.resolved.slice(0, firstOld);
  return recent.filter(({ facts }) => !state.open.has(keyOf(facts)));
}
