/** What outlives its silence is told then: this is what channels that know of it already are told. */
import { forgive } from './hushing.ts';
import { enqueue } from './outbox.ts';
import { endWithIncidents, silenceOf } from './silencing.ts';
import type { EngineState } from './state.ts';

export function tellOwed(state: EngineState): void {
  endWithIncidents(state);
  for (const incident of state.open.values()) {
    if (!incident.owed?.size || silenceOf(state, incident.facts) !== undefined) continue;
    for (const [notifier, { action }] of [...incident.owed]) {
      forgive(state, incident, notifier);
      enqueue(state, incident, notifier, action);
    }
  }
}
