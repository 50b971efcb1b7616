/**
 * What silences hold back: beginnings and changes wait until the silence is over, ends go out as ever. What a channel was told
 * stays true for it meanwhile: it is told again, and of the end, as if it had not become worse.
 */
import type { IncidentFacts } from '../core/incident.ts';
import type { NotificationAction } from '../core/notifier.ts';
import type { Severity } from '../core/pipeline.ts';
import { activeSilences, silenceOf } from './silencing.ts';
import type { EngineState, IncidentState, OutboxState } from './state.ts';
import type { Owed } from './telling.ts';

const rowKey = 'owed';

/** What is said to a channel now in place of `facts`; undefined where nothing is. What may wait is withdrawn before it goes out. */
export function saidTo(
  incident: IncidentState,
  notifier: string,
  action: NotificationAction,
  facts: IncidentFacts,
): IncidentFacts | undefined {
  const owed = incident.owed?.get(notifier);
  if (owed === undefined || action === 'trigger' || action === 'update') return facts;
  if (action !== 'resolve' && owed.action === 'trigger') return undefined;
  return asTold(facts, owed);
}

function asTold({ criticalAt, ...facts }: IncidentFacts, { severity }: Owed): IncidentFacts {
  return { ...facts, ...(severity === 'critical' && criticalAt !== undefined ? { criticalAt } : {}), severity };
}

/** What waits for a channel when a silence begins waits for its end. Those under way now are left alone. */
export function withdrawHushed(state: EngineState): void {
  if (activeSilences(state).length === 0) return;
  for (const entry of state.outbox.values()) {
    const { action, facts } = entry.row;
    if (!isWaiting(entry) || (action !== 'trigger' && action !== 'update')) continue;
    const silence = silenceOf(state, facts);
    if (silence !== undefined) withdraw(state, entry, `held back by ${silence.id}`);
  }
}

function isWaiting({ row, inFlight }: OutboxState): boolean {
  return row.state === 'waiting' && !inFlight;
}

/** A channel that was never asked knows nothing of it. One that was may have taken it: it is told of the end, or again. */
function withdraw(state: EngineState, entry: OutboxState, why: string): void {
  const { incident: number, notifier, action, attempts, facts } = entry.row;
  const incident = [...state.open.values()].find((each) => each.number === number);
  const unheard = action === 'trigger' && attempts === 0;
  for (const each of unheard ? [...state.outbox.values()] : [entry])
    if (each.row.incident === number && each.row.notifier === notifier && isWaiting(each)) dismiss(state, each, why);
  if (incident === undefined) return;
  if (unheard) {
    incident.hushed = true;
    incident.notified = incident.notified.filter((name) => name !== notifier);
    state.changedIncidents.add(incident);
  } else
    owe(state, incident, notifier, {
      action: action === 'trigger' ? action : 'update',
      severity: severityBefore(action, facts),
    });
}

/** Channels are told of a change when it became critical, and only then. */
function severityBefore(action: NotificationAction, { severity }: IncidentFacts): Severity {
  return action === 'trigger' ? severity : 'warning';
}

function dismiss({ now }: EngineState, entry: OutboxState, lastError: string): void {
  entry.row = { ...entry.row, state: 'refused', lastError, doneAt: now };
  entry.dirty = true;
}

/** The first counts: that is what the channel knows. */
function owe(state: EngineState, incident: IncidentState, notifier: string, owed: Owed): void {
  if (incident.owed?.has(notifier)) return;
  incident.owed = (incident.owed ?? new Map()).set(notifier, owed);
  storeOwed(state);
}

export function forgive(state: EngineState, incident: IncidentState, notifier: string): void {
  if (incident.owed?.delete(notifier)) storeOwed(state);
}

type OwedRow = readonly [incident: number, notifier: string, owed: Owed];

function storeOwed(state: EngineState): void {
  const rows = [...state.open.values()].flatMap(({ number, owed = new Map<string, Owed>() }) =>
    [...owed].map(([notifier, each]): OwedRow => [number, notifier, each]),
  );
  state.pending.push({ op: 'put', table: 'meta', row: { key: rowKey, value: JSON.stringify(rows) } });
}

export function restoreOwed(state: EngineState, meta: ReadonlyMap<string, string>): void {
  const rows: readonly OwedRow[] = JSON.parse(meta.get(rowKey) ?? '[]');
  const open = [...state.open.values()];
  for (const [number, notifier, owed] of rows) {
    const incident = open.find((each) => each.number === number);
    if (incident) incident.owed = (incident.owed ?? new Map()).set(notifier, owed);
  }
}
