/** Who was told of each incident, and what kept it from being told: for the page and the API. */
import { matches, type Silence } from '../core/silence.ts';
import type { TellingView } from '../core/status.ts';
import { withPeers } from './peer-state.ts';
import type { EngineState, IncidentState } from './state.ts';

/** Of the incidents given, by their ids. */
export function tellingViews(
  state: EngineState,
  incidents: readonly IncidentState[],
): Readonly<Record<string, TellingView>> {
  const all = withPeers(state, 'silences');
  const waiting = new Set<string>();
  for (const { row } of state.outbox.values())
    if (row.state === 'waiting' && row.action === 'trigger') waiting.add(`${row.incident} ${row.notifier}`);
  return Object.fromEntries(
    incidents.map((incident) => [
      incident.facts.id,
      { told: toldOf(incident, waiting), silences: all.filter((silence) => heldDuring(silence, incident)) },
    ]),
  );
}

function toldOf({ number, notified, refusedBy }: IncidentState, waiting: ReadonlySet<string>): TellingView['told'] {
  const told = notified.map((notifier) => ({
    notifier,
    state: waiting.has(`${number} ${notifier}`) ? ('waiting' as const) : ('told' as const),
  }));
  const refused = [...(refusedBy ?? [])].filter((name) => !notified.includes(name));
  return [...told, ...refused.map((notifier) => ({ notifier, state: 'refused' as const }))];
}

/** It held while the incident was open, be it for a while. */
function heldDuring(silence: Silence, { facts }: IncidentState): boolean {
  const until = facts.resolvedAt ?? Number.POSITIVE_INFINITY;
  return matches(silence, facts) && silence.until > facts.openedAt && silence.from < until;
}
