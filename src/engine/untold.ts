/** Whether anybody has heard of an incident. */
import type { NotifierSpec } from '../core/pipeline.ts';
import { wants } from './outbox.ts';
import type { EngineState, IncidentState } from './state.ts';

/** Of the channels that want an open incident, or stand in for one that does, each has refused it or has not taken it after a try. */
export function isUntold(state: EngineState, incident: IncidentState): boolean {
  const wanting = state.notifiers.filter(
    (notifier) => incident.notified.includes(notifier.name) || wants(state, notifier, incident),
  );
  const rows = [...state.outbox.values()]
    .map(({ row }) => row)
    .filter((row) => row.incident === incident.number && row.state === 'waiting');
  const reached = ({ name }: NotifierSpec) =>
    incident.notified.includes(name) &&
    !rows.some((row) => row.notifier === name && row.action !== 'note' && row.attempts > 0);
  return wanting.length > 0 && !wanting.some(reached);
}
