/** Maintenance windows: set and ended by people, kept in the ledger. */
import { covers, type Maintenance } from '../core/maintenance.ts';
import type { EngineState } from './state.ts';

/** Windows that are over are shown for so long, ms, and this many are kept at most. */
const keepMs = 30 * 86_400_000;
const keepCount = 200;

const rowKey = 'maintenance';

/** The window that is asked for, with its number; the caller has checked its times and its place. */
export function setMaintenance(state: EngineState, wanted: Omit<Maintenance, 'id'>): Maintenance {
  const numbers = state.maintenance.map(({ id }) => Number(id.slice('mw-'.length)));
  const window = { id: `mw-${Math.max(0, ...numbers) + 1}`, ...wanted };
  store(state, [...state.maintenance, window]);
  return window;
}

/** Ends a window now; one that has not begun is over before it began. False where there is none of that name that is not over. */
export function endMaintenance(state: EngineState, id: string): boolean {
  const window = state.maintenance.find((each) => each.id === id && each.until > state.now);
  if (window === undefined) return false;
  store(
    state,
    state.maintenance.map((each) => (each === window ? { ...each, until: Math.max(each.from, state.now) } : each)),
  );
  return true;
}

/** The newest stay, so numbers are not used again. */
function store(state: EngineState, windows: readonly Maintenance[]): void {
  const kept = windows.filter(({ until }, at) => at === windows.length - 1 || until > state.now - keepMs);
  state.maintenance = kept.slice(-keepCount);
  state.pending.push({ op: 'put', table: 'meta', row: { key: rowKey, value: JSON.stringify(state.maintenance) } });
}

/** What the ledger's meta rows hold of them. */
export function restoreMaintenance(meta: ReadonlyMap<string, string>): readonly Maintenance[] {
  return JSON.parse(meta.get(rowKey) ?? '[]');
}

/** The window in which an incident falls now, if one does: the one that lasts longest. */
export function maintenanceOf(
  { maintenance, now }: EngineState,
  place: { readonly pipeline: string; readonly hop: string },
): Maintenance | undefined {
  const windows = maintenance.filter((window) => covers(window, place, now));
  return windows.toSorted((one, other) => other.until - one.until)[0];
}
