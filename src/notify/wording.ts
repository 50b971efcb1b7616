/**
 * What people read, from the facts alone: pure, the same for every channel. Plain English for somebody woken at 3 a.m.;
 * the title alone must carry it. What could not be seen is never worded as lost.
 */
import type { IncidentFacts } from '../core/incident.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { localZone, spokenDuration, spokenTime } from './moments.ts';
import { phrases, placeOf } from './phrases.ts';
import { short, someOf } from './plain-text.ts';

/** A stretch of text (already cleaned, not yet escaped for any channel) or a moment that each channel shows its own way. */
export type Piece = string | { readonly at: EpochMs };
export type Line = readonly Piece[];

/** Code points of evidence in a line; the channels may cut further. */
const detailLimit = 400;
/** Code points of one thing to look at. */
const lookLimit = 200;
const namesShown = 5;
/** Changes in a line; the newest. */
const changesShown = 3;
/** Code points of one of them. */
const changeLimit = 120;

/** One line that stands alone: `prod logs STOPPED stream→index: 3/3 streams`, `RECOVERED prod logs …`. */
export function title(facts: IncidentFacts): string {
  const phrase = phrases[facts.kind];
  const words = facts.state === 'open' ? phrase.open(facts) : `RECOVERED ${phrase.over(facts)}${afterHowLong(facts)}`;
  return facts.test === true ? `TEST ${words}` : words;
}

/** At most six lines under the title: since when and how much, where and whom, evidence, what was changed, first look, what lies behind. */
export function lines(facts: IncidentFacts): readonly Line[] {
  const all = facts.state === 'open' ? openLines(facts) : overLines(facts);
  return all.map((line) => line.filter((piece) => piece !== '')).filter((line) => line.length > 0);
}

/** A line as plain text; moments as `03:02 Asia/Tokyo (18:02Z)`. */
export function plainLine(line: Line, facts: IncidentFacts, zone: string = localZone()): string {
  return line.map((piece) => (typeof piece === 'string' ? piece : plainMoment(piece.at, facts, zone))).join('');
}

/** A moment as plain text, with its date where that is not the day of the page. */
export function plainMoment(at: EpochMs, facts: IncidentFacts, zone: string = localZone()): string {
  return spokenTime(at, facts.resolvedAt ?? facts.openedAt, zone);
}

function openLines(facts: IncidentFacts): Line[] {
  return [
    [
      ...testNote(facts),
      'Since ',
      { at: facts.since },
      '.',
      ...spaced(tally(facts)),
      ...decision(facts),
      ...caution(facts),
    ],
    [whereAndWhom(facts)],
    [short(facts.detail, detailLimit)],
    changes(facts),
    [firstLook(facts)],
    [behind(facts)],
  ];
}

function overLines(facts: IncidentFacts): Line[] {
  const over = facts.resolvedAt ?? facts.since;
  return [
    [...testNote(facts), 'Over at ', { at: over }, ', began ', { at: facts.since }, '.', ...spaced(tally(facts))],
    [whereAndWhom(facts)],
    [short(facts.detail, detailLimit)],
  ];
}

function testNote(facts: IncidentFacts): Line {
  return facts.test === true ? ['This is a test page: nothing is broken. '] : [];
}

function caution(facts: IncidentFacts): Line {
  return spaced(phrases[facts.kind].caution ?? '');
}

/** How much, as one tally: where anything was counted, a verdict that is absent was counted 0; without any entry nothing is said. */
function tally({ counts, state }: IncidentFacts): string {
  if (Object.keys(counts).length === 0) return '';
  const count = (verdict: Verdict) => counts[verdict] ?? 0;
  const said = [
    several(count('overdue'), 'overdue'),
    several(count('delayed'), 'late'),
    several(count('excused'), 'lost with their node'),
    several(count('unverifiable'), 'we could not check (not counted as lost)'),
    several(count('lost'), 'declared lost') || 'none declared lost',
  ].filter((part) => part !== '');
  const settled = count('overdue') + count('pending') + count('unverifiable') + count('lost') === 0;
  const sum = state === 'resolved' && settled ? ', all accounted for' : '';
  return `Canary lines: ${said.join(', ')}${sum}.`;
}

function several(count: number, what: string): string {
  return count > 0 ? `${count} ${what}` : '';
}

function decision({ lossDecidedAt, counts }: IncidentFacts): Line {
  if (lossDecidedAt === undefined) return [];
  return [
    (counts.lost ?? 0) > 0 ? ' The next loss is decided at ' : ' Loss is decided at ',
    { at: lossDecidedAt },
    '.',
  ];
}

function whereAndWhom(facts: IncidentFacts): string {
  const { streams, looks } = facts;
  const names = someOf(streams.names, namesShown, Math.max(streams.affected, streams.names.length));
  const whom =
    streams.total > 0 ? `${streams.affected} of ${streams.total} streams${names === '' ? '' : ` (${names})`}.` : '';
  const where = facts.between === undefined ? '' : `Where: ${placeOf(facts)}.`;
  const seen = looks.asked > 0 ? `Looks complete: ${looks.complete} of ${looks.asked}.` : '';
  return [where, whom, seen].filter((part) => part !== '').join(' ');
}

function changes({ changed = [] }: IncidentFacts): Line {
  const shown = changed.slice(0, changesShown);
  const said = shown.flatMap(({ at, what }, place) => [
    place === 0 ? '' : '; ',
    { at },
    ` ${short(what, changeLimit)}`,
  ]);
  const more = changed.length - shown.length;
  return said.length === 0 ? [] : ['Changed shortly before: ', ...said, more > 0 ? `; and ${more} more.` : '.'];
}

function firstLook({ firstLook: looks }: IncidentFacts): string {
  const first = looks.slice(0, 2).map((look) => short(look, lookLimit));
  return first.length === 0 ? '' : `First look: ${first.join(' · ')}`;
}

function behind(facts: IncidentFacts): string {
  return facts.behind.length === 0 ? '' : `Not paged, behind it: ${someOf(facts.behind, namesShown)}.`;
}

/** ` after 24 min`; nothing where the beginning is not known to be earlier. */
function afterHowLong({ since, resolvedAt }: IncidentFacts): string {
  const ms = (resolvedAt ?? since) - since;
  return ms >= 1000 ? ` after ${spokenDuration(ms)}` : '';
}

function spaced(text: string): Line {
  return text === '' ? [] : [` ${text}`];
}
