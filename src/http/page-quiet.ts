/** What the page says of who is told and who is not: silences, maintenance, and what people wrote down. */
import type { IncidentFacts } from '../core/incident.ts';
import { isAddress, type Note } from '../core/note.ts';
import { type Silence, subjectOf } from '../core/silence.ts';
import type { StatusView } from '../core/status.ts';
import type { EpochMs } from '../lib/clock.ts';
import { momentOf } from './moment.ts';
import { countOf } from './quantity.ts';

/** In the headline; the section below has all. */
const noted = 3;

/** Silences that hold, as sentences for the headline. */
export function silenced({ silences = [], at }: StatusView): string[] {
  const said = silences
    .slice(0, noted)
    .map(
      (one) =>
        `Silenced: ${subjectOf(one)} until ${momentOf(one.until, at).text}, nobody is told: ${one.reason} (${one.by}).`,
    );
  const more = silences.length - noted;
  return more > 0 ? [...said, `And ${countOf(more, 'more silence')} below.`] : said;
}

/** Everything that keeps people from being told, now or soon. */
export function quietModel({ silences = [], maintenance = [], at }: StatusView) {
  const windows = maintenance.map((one) => ({
    ...windowModel(one, at),
    what: one.from > at ? 'planned maintenance' : 'maintenance',
    of:
      one.pipeline === undefined
        ? 'everything'
        : [one.pipeline, one.hop].filter((part) => part !== undefined).join('/'),
  }));
  const held = silences.map((one) => ({ ...windowModel(one, at), what: 'silence', of: subjectOf(one) }));
  return [...held, ...windows];
}

function windowModel({ id, from, until, reason, by }: Omit<Silence, 'kind'>, at: EpochMs) {
  return { id, from: momentOf(from, at), until: momentOf(until, at), reason, by };
}

/** Beside an incident: who was told, what kept others from it, and notes, the newest first. */
export function asideOf({ id, notes = [], state }: IncidentFacts, { tellings, at }: StatusView) {
  const { told = [], silences = [] } = tellings?.[id] ?? {};
  const names = told.map((one) => (one.state === 'told' ? one.notifier : `${one.notifier} (${outcomes[one.state]})`));
  return {
    told: names.join(', ') || (tellings === undefined ? '' : 'nobody'),
    silences: silences.map((one) => ({
      ...windowModel(one, at),
      verb: state === 'open' && one.until > at ? 'silenced until' : 'was silenced until',
    })),
    notes: notes.map((note) => noteModel(note, at)).toReversed(),
  };
}

const outcomes = { waiting: 'has not taken it yet', refused: 'refused it' } as const;

function noteModel({ at: written, by, cause = '', remediation = '', ticket = '' }: Note, at: EpochMs) {
  return { at: momentOf(written, at), by, cause, remediation, ticket, href: isAddress(ticket) ? ticket : '' };
}
