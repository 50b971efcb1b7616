/** Maintenance windows: set and ended by people, kept in the ledger. */
import type { IncidentKind } from '../core/incident.ts';
import { covers, type Maintenance } from '../core/maintenance.ts';
import type { IncidentPlace } from '../core/window.ts';
import { withPeers } from './peer-state.ts';
import type { EngineState } from './state.ts';
import { endedIn, isFull, keepWindows, nextId } from './windows.ts';

const rowKey = 'maintenance';

/** The window that is asked for, with its number; the caller has checked its times and its place. Undefined where there are too many. */
export function setMaintenance(state: EngineState, wanted: Omit<Maintenance, 'id'>): Maintenance | undefined {
  if (isFull(state.maintenance, state.now)) return undefined;
  const window = { id: nextId('mw', state.maintenance), ...wanted };
  state.maintenance = keepWindows(state, rowKey, [...state.maintenance, window]);
  return window;
}

/** Ends a window now. False where there is none of that name that is not over. */
export function endMaintenance(state: EngineState, id: string): boolean {
  const ended = endedIn(state.maintenance, id, state.now);
  if (ended === undefined) return false;
  state.maintenance = keepWindows(state, rowKey, ended);
  return true;
}

/** What the ledger's meta rows hold of them. */
export function restoreMaintenance(meta: ReadonlyMap<string, string>): readonly Maintenance[] {
  return JSON.parse(meta.get(rowKey) ?? '[]');
}

/** The window in which an incident falls now, if one does: the one that lasts longest. */
export function maintenanceOf(
  state: EngineState,
  place: IncidentPlace & { readonly kind?: IncidentKind },
): Maintenance | undefined {
  const windows = withPeers(state, 'maintenance').filter((window) => covers(window, place, state.now));
  return windows.toSorted((one, other) => other.until - one.until)[0];
}
