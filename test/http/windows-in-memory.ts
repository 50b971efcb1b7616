/** Maintenance windows without an engine. */
import type { Maintenance } from '../../src/core/maintenance.ts';
import type { MaintenanceOptions } from '../../src/http/maintenance.ts';

export const windowsNow = 1_795_163_811_000;

export function windowsInMemory(): Omit<MaintenanceOptions, 'secret'> & { windows: Maintenance[] } {
  const windows: Maintenance[] = [];
  return {
    windows,
    now: () => windowsNow,
    places: () => new Map([['prod', ['index']]]),
    maintenance: () => windows,
    async maintain(wanted) {
      const window = { id: `mw-${windows.length + 1}`, ...wanted };
      windows.push(window);
      return window;
    },
    async endMaintenance(id) {
      const at = windows.findIndex((each) => each.id === id);
      if (at >= 0) windows.splice(at, 1);
      return at >= 0;
    },
  };
}
