/** Beginnings are told at the end of each step: one by one, or as one where a channel would hear of very many. */
import { tell } from './outbox.ts';
import type { EngineState, IncidentState } from './state.ts';

/** More beginnings than this that one channel is told of within the time are a storm (facts: 10 in 2 min). */
const stormAfter = 10;
const stormMs = 120_000;

export function restoreTellings(state: EngineState): void {
  for (const { row } of state.outbox.values())
    if (row.action === 'trigger')
      state.tellings.set(row.notifier, [...(state.tellings.get(row.notifier) ?? []), row.queuedAt]);
}

/** What began in this step, to those that want to hear of it: each by itself, or all of them as one where they are many. */
export function tellBeginnings(state: EngineState): void {
  const waiting = state.beginnings.splice(0);
  for (const name of new Set(waiting.map(({ notifier }) => notifier))) {
    const all = new Set(waiting.filter(({ notifier }) => notifier === name).map(({ incident }) => incident));
    const open = [...all].filter(({ facts, notified }) => facts.state === 'open' && !notified.includes(name));
    tellEach(state, name, open);
  }
}

function tellEach(state: EngineState, name: string, incidents: readonly IncidentState[]): void {
  const storms = incidents.filter(({ facts }) => facts.kind === 'storm');
  const others = incidents.filter(({ facts }) => facts.kind !== 'storm');
  const lately = (state.tellings.get(name) ?? []).filter((at) => at > state.now - stormMs);
  if (others.length > 0) state.tellings.set(name, [...lately, ...others.map(() => state.now)]);
  const many = lately.length + others.length > stormAfter;
  for (const incident of many ? others : []) {
    incident.facts = { ...incident.facts, storm: [...(incident.facts.storm ?? []), name] };
    state.changedIncidents.add(incident);
  }
  for (const incident of many ? storms : incidents) tell(state, incident, name);
}
