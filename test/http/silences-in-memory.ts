/** Silences and notes without an engine. */
import type { Note } from '../../src/core/note.ts';
import type { Silence } from '../../src/core/silence.ts';
import type { HttpServerOptions } from '../../src/http/server.ts';
import { windowsNow } from './windows-in-memory.ts';

/** `inc-12` is open and may be noted; `inc-13` is over by the time it is to be silenced. */
export function silencesInMemory(): NonNullable<HttpServerOptions['incidents']> & {
  kept: Silence[];
  notes: [incident: string, note: Note][];
} {
  const kept: Silence[] = [];
  const notes: [string, Note][] = [];
  return {
    kept,
    notes,
    now: () => windowsNow,
    places: () =>
      new Map([
        ['prod', ['stream', 'index', 'emitter']],
        ['staging', ['archive']],
      ]),
    openIncidents: () => ['inc-12', 'inc-13'],
    silences: () => kept,
    async silence(wanted) {
      if (wanted.incident === 'inc-13') return 'no-incident';
      const silence = { id: `sil-${kept.length + 1}`, ...wanted };
      kept.push(silence);
      return silence;
    },
    async endSilence(id) {
      const at = kept.findIndex((each) => each.id === id);
      if (at >= 0) kept.splice(at, 1);
      return at >= 0;
    },
    async note(incident, said) {
      if (incident !== 'inc-12') return undefined;
      const note = { at: windowsNow, ...said };
      notes.push([incident, note]);
      return note;
    },
  };
}
