/** Notes of people on incidents: kept with the facts, and shown where a channel can do so without waking anybody. */
import { type Note, notesKept } from '../core/note.ts';
import { enqueue } from './outbox.ts';
import type { EngineState, IncidentState } from './state.ts';

/** Undefined where no such incident is remembered. The newest stay. */
export function addNote(state: EngineState, id: string, wanted: Omit<Note, 'at'>): Note | undefined {
  const incident = [...state.open.values(), ...state.resolved].find(({ facts }) => facts.id === id);
  if (incident === undefined) return undefined;
  const note: Note = { at: state.now, ...wanted };
  const notes = [...(incident.facts.notes ?? []), note].slice(-notesKept);
  incident.facts = { ...incident.facts, notes };
  state.changedIncidents.add(incident);
  showNote(state, incident);
  return note;
}

function showNote(state: EngineState, incident: IncidentState): void {
  for (const { name, takesNotes } of state.notifiers)
    if (takesNotes === true && incident.notified.includes(name)) enqueue(state, incident, name, 'note');
}
