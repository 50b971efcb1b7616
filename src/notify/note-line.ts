/** Notes of people on an incident, as channels show them. */
import type { IncidentFacts } from '../core/incident.ts';
import type { Note } from '../core/note.ts';
import { short } from './plain-text.ts';
import type { Voice } from './voice.ts';

/** Code points of each part. */
const partLimit = 500;

/** The newest one: `aki: cause: a full disk; ticket: OPS-12`. Empty without any. */
export function noteLine({ notes = [] }: Pick<IncidentFacts, 'notes'>, voice: Voice): string {
  const last = notes.at(-1);
  return last === undefined ? '' : lineOf(last, voice);
}

/** All of them, one below the other, the newest first. */
export function noteLines({ notes = [] }: Pick<IncidentFacts, 'notes'>, voice: Voice): string {
  return notes
    .toReversed()
    .map((note) => lineOf(note, voice))
    .join('\n');
}

function lineOf(note: Note, { words }: Voice): string {
  const parts = (['cause', 'remediation', 'ticket'] as const).flatMap((part) => {
    const said = note[part];
    return said === undefined ? [] : [`${words.note[part]}: ${short(said, partLimit)}`];
  });
  return `${short(note.by, partLimit)}: ${parts.join('; ')}`;
}
