/** Where people silence incidents of a running app and write down what they found out. */
import type { Note } from './core/note.ts';
import type { Config } from './core/pipeline.ts';
import type { Silence } from './core/silence.ts';
import { type Places, placesOf } from './core/window.ts';
import type { Event } from './engine/event.ts';
import type { NoSilence } from './engine/silencing.ts';
import type { EngineState } from './engine/state.ts';
import type { NoteOptions } from './http/notes.ts';
import type { SilenceOptions } from './http/silences.ts';
import type { Clock } from './lib/clock.ts';

export interface IncidentDeskOptions {
  readonly config: Config;
  readonly state: EngineState;
  readonly clock: Clock;
  /** Resolves after the commit; rejects while the ledger refuses. */
  committed(event: Event): Promise<void>;
}

export type IncidentDesk = Omit<SilenceOptions & NoteOptions, 'secret'>;

export function openIncidentDesk({ config, state, clock, committed }: IncidentDeskOptions): IncidentDesk {
  const opened = () => [...state.open.values()].map(({ facts }) => facts);
  return {
    now: () => clock.now(),
    places: () => withOpen(placesOf(config), opened()),
    openIncidents: () => opened().map(({ id }) => id),
    silences: () => state.silences,
    async silence(wanted) {
      const { promise, resolve } = Promise.withResolvers<Silence | NoSilence>();
      await committed({ type: 'silence', wanted, told: resolve });
      return await promise;
    },
    async endSilence(id) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      await committed({ type: 'silence-ended', id, told: resolve });
      return await promise;
    },
    async note(incident, note) {
      const { promise, resolve } = Promise.withResolvers<Note | undefined>();
      await committed({ type: 'noted', incident, note, told: resolve });
      return await promise;
    },
  };
}

/** What is open can be silenced wherever it is, be it a place that the configuration does not name. */
function withOpen(places: Places, open: readonly { readonly pipeline: string; readonly hop: string }[]): Places {
  const all = new Map(places);
  for (const { pipeline, hop } of open) {
    const known = all.get(pipeline) ?? [];
    if (!known.includes(hop)) all.set(pipeline, [...known, hop]);
  }
  return all;
}
