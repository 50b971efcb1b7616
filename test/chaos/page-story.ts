/** What the people on call were told, in order, held against what the ledger knows. */
import type { IncidentRow, OutboxRow } from '../../src/core/ledger.ts';
import type { PagerdutyEvent } from '../fakes/pagerduty-server.ts';

export interface Told {
  readonly key: string;
  readonly action: string;
  readonly incident: string;
  readonly what: string;
}

/** A resolve names no incident: it is the newest one's of its key. */
export function toldBy(events: readonly PagerdutyEvent[]): Told[] {
  const newest = new Map<string, { incident: string; what: string }>();
  return events.map(({ dedup_key: key = '', event_action: action, payload }) => {
    const named = payload?.custom_details?.incident;
    const known = newest.get(key);
    const told = {
      incident: typeof named === 'string' ? named : (known?.incident ?? 'an incident nobody was told of'),
      what: payload?.class === undefined ? (known?.what ?? '?') : `${payload.class}@${payload.component}`,
    };
    newest.set(key, told);
    return { key, action, ...told };
  });
}

/** For each key trigger and resolve take turns, incident by incident, with nothing but repetitions in between. */
export function storyFaults(told: readonly Told[]): string[] {
  const faults: string[] = [];
  for (const key of new Set(told.map((each) => each.key))) {
    const own = told.filter((each) => each.key === key);
    const turns = own.filter((each, at) => {
      const before = own[at - 1];
      return before?.action !== each.action || before.incident !== each.incident;
    });
    const wrong = turns.some((turn, at) => {
      if (at % 2 === 0) return turn.action !== 'trigger' || turn.incident === turns[at - 1]?.incident;
      return turn.action !== 'resolve' || turn.incident !== turns[at - 1]?.incident;
    });
    const twice = new Set(turns.map(({ action, incident }) => `${action} ${incident}`)).size < turns.length;
    if (wrong || twice)
      faults.push(`${own[0]?.what}: ${turns.map(({ action, incident }) => `${action} ${incident}`).join(', ')}`);
  }
  return faults;
}

/** Everything that was told had been committed before, and everything that was called sent was told. */
export function deliveryFaults(
  told: readonly Told[],
  outbox: Iterable<OutboxRow>,
  incidents: ReadonlyMap<number, IncidentRow>,
): string[] {
  // PagerDuty is not told of mere changes
  const rows = [...outbox].filter(({ action }) => action !== 'update');
  const faults: string[] = [];
  for (const { action, incident, what } of told)
    if (!rows.some((row) => row.action === action && row.facts.id === incident))
      faults.push(`${action} of ${incident} (${what}) was told and is not in the ledger`);
  for (const { state, action, facts } of rows)
    if (state === 'sent' && !told.some((each) => each.action === action && each.incident === facts.id))
      faults.push(`${action} of ${facts.id} (${facts.kind}@${facts.hop}) is called sent and nobody heard it`);
  for (const { facts, severity } of [...incidents.values()].map((row) => ({ ...row, severity: row.facts.severity })))
    if (severity === 'critical' && !rows.some((row) => row.facts.id === facts.id))
      faults.push(`${facts.id} (${facts.kind}@${facts.hop}) is critical and nobody was to be told`);
  return faults;
}
