/** Where people set and end maintenance windows of a running app; channels with a history of changes note it. */
import type { Maintenance } from './core/maintenance.ts';
import type { Announcement, Notifier } from './core/notifier.ts';
import type { Config } from './core/pipeline.ts';
import { placeFaults, placesOf } from './core/window.ts';
import type { Event } from './engine/event.ts';
import type { EngineState } from './engine/state.ts';
import type { MaintenanceOptions } from './http/maintenance.ts';
import type { Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';

/** A note in a channel's history may take so long, ms; nobody waits for it. */
const noteMs = 10_000;

export interface DeskOptions {
  readonly config: Config;
  readonly state: EngineState;
  readonly clock: Clock;
  readonly log: Log;
  readonly notifiers: readonly Notifier[];
  /** Resolves after the commit; rejects while the ledger refuses. */
  committed(event: Event): Promise<void>;
}

export function openDesk(options: DeskOptions): Omit<MaintenanceOptions, 'secret'> {
  const { config, state, clock, committed } = options;
  return {
    now: () => clock.now(),
    places: () => placesOf(config),
    maintenance: () => state.maintenance,
    async maintain(wanted) {
      if (placeFaults(wanted, placesOf(config)).length > 0) return undefined;
      const { promise, resolve } = Promise.withResolvers<Maintenance | undefined>();
      await committed({ type: 'maintain', wanted, told: resolve });
      const window = await promise;
      if (window) note(options, `Maintenance ${window.id} of ${placeOf(window)}: ${window.reason}`, window);
      return window;
    },
    async endMaintenance(id) {
      const window = state.maintenance.find((each) => each.id === id);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      await committed({ type: 'maintained', id, told: resolve });
      const ended = await promise;
      if (ended && window) note(options, `Maintenance ${id} of ${placeOf(window)} was ended`, window);
      return ended;
    },
  };
}

function placeOf({ pipeline, hop }: Maintenance): string {
  if (pipeline === undefined) return 'every pipeline';
  return hop === undefined ? pipeline : `${pipeline}/${hop}`;
}

/** It only explains: that a channel does not take it is logged. */
function note({ config, clock, log, notifiers }: DeskOptions, what: string, { by, until }: Maintenance): void {
  const details = { by, until: new Date(until).toISOString() };
  const announcement: Announcement = { deployment: config.deployment, at: clock.now(), what, details };
  for (const notifier of notifiers) {
    if (notifier.announce === undefined) continue;
    const deadline = clock.deadline(noteMs);
    notifier
      .announce(announcement, deadline)
      .catch((error: unknown) => log.warn({ notifier: notifier.name }, messageOf(error)))
      .finally(() => deadline.clear());
  }
}
