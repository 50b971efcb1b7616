/** What was said to whom: every incident as it was committed, every notification as a channel took it. */
import type { Change, IncidentRow, OutboxRow } from '../../src/core/ledger.ts';
import type { EngineState } from '../../src/engine/state.ts';
import type { Auditor } from './auditor.ts';
import type { MaintenanceBook } from './maintenance.ts';
import type { Times } from './truth-test.ts';

/** An incident as it went. Times in ms since the beginning, when its row was committed. */
export interface Said {
  readonly id: number;
  readonly place: string;
  readonly openedAt: number;
  /** When it was found, be it committed later. */
  readonly raisedAt: number;
  resolvedAt: number | undefined;
  severity: string;
  criticalAt: number | undefined;
  readonly streams: readonly string[];
  /** Every label that was ever named, and those that were named last. */
  readonly everNamed: Set<string>;
  labels: readonly string[] | undefined;
}

export interface Delivery {
  readonly at: number;
  readonly notifier: string;
  readonly row: number;
  readonly incident: number;
  readonly action: string;
  readonly place: string;
}

/** A notification as it was written down. `at`: ms since the beginning. */
interface Queued {
  readonly row: OutboxRow;
  readonly at: number;
}

export class Gazette {
  readonly said = new Map<number, Said>();
  readonly deliveries: Delivery[] = [];
  private readonly auditor: Auditor;
  private readonly times: Times;
  /** The last notification a channel took for an incident's identity. */
  private readonly lanes = new Map<string, Delivery>();
  private readonly rows = new Map<number, Pick<IncidentRow, 'state' | 'notified'>>();
  /** Of every place and kind. */
  private readonly keys = new Map<string, string>();
  private readonly outbox = new Map<number, OutboxRow['state']>();
  /** Beginnings, by incident and channel. */
  readonly triggers = new Map<string, Queued>();
  private readonly maintenance: MaintenanceBook;

  constructor(auditor: Auditor, times: Times, maintenance: MaintenanceBook) {
    this.auditor = auditor;
    this.times = times;
    this.maintenance = maintenance;
  }

  committed(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.op !== 'put') continue;
      if (change.table === 'incident') this.incident(change.row);
      if (change.table === 'outbox') this.queue(change.row);
    }
  }

  private queue(row: OutboxRow): void {
    const isNew = !this.outbox.has(row.id);
    this.outbox.set(row.id, row.state);
    const key = `${row.incident} ${row.notifier}`;
    if (!isNew || row.action !== 'trigger') return;
    this.triggers.set(key, { row, at: this.times.now });
    const before = [...this.triggers.values()].some((each) => each.row.incident === row.incident && each.row !== row);
    if (!before && this.maintenance.holds(row.facts, row.queuedAt))
      this.auditor.complain('told-in-maintenance', `${row.notifier}: ${placeOf(row.facts)}`);
  }

  private incident(row: IncidentRow): void {
    const { now } = this.times;
    this.rows.set(row.id, { state: row.state, notified: row.notified });
    const { dedupKey } = row.facts;
    const known = this.keys.get(placeOf(row)) ?? dedupKey;
    this.keys.set(placeOf(row), known);
    if (known !== dedupKey) this.auditor.complain('dedup-key-changed', placeOf(row));
    let said = this.said.get(row.id);
    if (!said) {
      const { names } = row.facts.streams;
      said = {
        id: row.id,
        place: placeOf(row),
        openedAt: now,
        raisedAt: this.times.fromT(row.facts.openedAt),
        resolvedAt: undefined,
        severity: '',
        criticalAt: undefined,
        streams: names,
        everNamed: new Set(),
        labels: undefined,
      };
      this.said.set(row.id, said);
      const other = [...this.said.values()].find(
        (each) => each.place === placeOf(row) && each.id !== row.id && each.resolvedAt === undefined,
      );
      if (other) this.auditor.complain('opened-twice', `${placeOf(row)} is open as ${other.id} and as ${row.id}`);
    }
    said.labels = row.facts.streams.labels;
    for (const label of said.labels ?? []) said.everNamed.add(label);
    said.severity = row.facts.severity;
    if (row.facts.severity === 'critical') said.criticalAt ??= now;
    if (row.state === 'resolved') said.resolvedAt ??= now;
    else if (said.resolvedAt !== undefined) this.auditor.complain('reopened', `${said.place} ${row.id}`);
  }

  /** A channel accepted a notification. */
  delivered(row: OutboxRow): void {
    const { id, notifier, action, incident, facts } = row;
    const place = placeOf(facts);
    const delivery = { at: this.times.now, notifier, row: id, incident, action, place };
    if (!this.outbox.has(id)) this.auditor.complain('sent-before-committed', `${action} ${place}`);
    const lane = `${notifier} ${facts.dedupKey}`;
    const last = this.lanes.get(lane);
    this.deliveries.push(delivery);
    if (last?.row === id) {
      if (last.action !== action)
        this.auditor.complain('repeat-differs', `${notifier}: ${last.action}, then ${action} ${place}`);
      return;
    }
    if (action !== 'update') this.lanes.set(lane, delivery);
    if (last && last.row > id)
      this.auditor.complain('out-of-order', `${notifier}: ${action} ${place} after a later one`);
    // It may have taken the beginning without our hearing so, and the phone was told of it meanwhile.
    const instead = notifier === 'pager' && action === 'resolve' && this.triggers.has(`${incident} phone`);
    const wrong = action === 'trigger' ? last && last.action !== 'resolve' : !last || last.action === 'resolve';
    if (wrong && !instead)
      this.auditor.complain('not-alternating', `${notifier}: ${last?.action ?? 'nothing'}, then ${action} ${place}`);
  }

  /** What is open and what waits to be sent is what was committed. */
  rebuilt(state: EngineState): void {
    const open = [...state.open.values()].map((each) => each.number).sort();
    const expected = [...this.rows]
      .filter(([, row]) => row.state === 'open')
      .map(([id]) => id)
      .sort();
    if (open.join() !== expected.join())
      this.auditor.complain('incidents-differ', `open ${open.join()} after a crash, ${expected.join()} before`);
    const waiting = [...state.outbox.keys()].sort();
    const queued = [...this.outbox]
      .filter(([, each]) => each === 'waiting')
      .map(([id]) => id)
      .sort();
    if (waiting.join() !== queued.join())
      this.auditor.complain('outbox-differs', `waiting ${waiting.join()} after a crash, ${queued.join()} before`);
  }
}

function placeOf({ kind, hop }: { readonly kind: string; readonly hop: string }): string {
  return `${kind}@${hop}`;
}
