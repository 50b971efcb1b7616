/**
 * What people read, from the facts alone: pure, and for every channel the same but for its language and zone. For somebody
 * woken at 3 a.m.; the title alone must carry it. What could not be seen is never worded as lost.
 */
import type { IncidentFacts, IncidentKind, Runway } from '../core/incident.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { lookLines, saidOf } from './evidence-said.ts';
import { briefTime, localZone, spokenTime, timeAgain } from './moments.ts';
import { isWritten, name, whomOf } from './place.ts';
import { short } from './plain-text.ts';
import type { Voice } from './voice.ts';
import type { Line, Piece, Tally, When, Words } from './words.ts';
import { english } from './words-en.ts';

const looksShown = 3;
const namesShown = 5;
/** Code points of one of them. */
const nameLimit = 63;
/** Changes in a line; the newest. */
const changesShown = 3;
/** Code points of one of them, and of what runs out. */
const changeLimit = 120;
const runwaysShown = 2;

/** They are about what we look at, or look with: no node is to blame, and a list of them would say so. */
const nobodys: ReadonlySet<IncidentKind> = new Set(['unreadable', 'blind', 'isolated', 'unproven']);
/** As a warning, what gets no worse until morning: lines come, or came never. */
const patient: ReadonlySet<IncidentKind> = new Set(['slow', 'duplicated', 'clock', 'unproven']);

/** What wording needs of a voice. */
type Language = Pick<Voice, 'words'>;

/** One line that stands alone: `prod logs STOPPED stream→index: all 3 nodes`, `RECOVERED prod logs …`. */
export function title(facts: IncidentFacts, { words }: Language = { words: english }): string {
  const phrase = words.phrases[facts.kind];
  const said =
    facts.state === 'open'
      ? phrase.open(facts, saidOf(facts, words))
      : words[phrase.stays?.(facts) === undefined ? 'recovered' : 'ended'](phrase.over(facts), lastedMs(facts));
  return facts.test === true ? words.test(said) : said;
}

/** What is said under the title, by what it is about; empty where nothing is known of it. */
export interface Sayings {
  /** How soon somebody is needed. */
  readonly urgency: Line;
  /** Since when, how much, why that is no more, and what must not be concluded. */
  readonly what: Line;
  /** Where, whom, and how well we see. */
  readonly whom: Line;
  readonly evidence: Line;
  readonly runway: Line;
  readonly changes: Line;
  /** Most useful first. */
  readonly looks: readonly Line[];
  readonly behind: Line;
}

export function sayings(facts: IncidentFacts, { words }: Language = { words: english }): Sayings {
  const open = facts.state === 'open';
  const { evidence } = saidOf(facts, words);
  const shown = open || evidence === '' ? evidence : words.was(evidence);
  return {
    urgency: open && facts.test !== true ? [words.urgency(facts.severity, whenOf(facts))] : [],
    what: open ? since(facts, words) : over(facts, words),
    whom: whereAndWhom(facts, words),
    evidence: shown === '' ? [] : [shown],
    runway: open ? runway(facts, words) : [],
    changes: open ? changes(facts, words) : [],
    looks: open ? lookLines(facts, words).slice(0, looksShown) : [],
    behind: open ? behind(facts, words) : [],
  };
}

/** One below the other; each thing to look at is a line of its own. */
export function lines(facts: IncidentFacts, { words }: Language = { words: english }): readonly Line[] {
  const { urgency, what, whom, evidence, runway: ahead, ...more } = sayings(facts, { words });
  const { changes: changed, looks, behind: hops } = more;
  const numbered = numberedLooks(looks, words);
  // What runs out is the first thing to know.
  const first = ahead.length === 0 ? [sentences(words, [urgency, what])] : [sentences(words, [urgency, ahead]), what];
  return [...first, whom, evidence, changed, ...numbered, hops].filter((line) => line.length > 0);
}

/** Each a line of its own, the first one with what they are. */
export function numberedLooks(looks: readonly Line[], words: Words): Line[] {
  return looks.map((look, at) => {
    const mark = looks.length < 2 ? '' : `${at + 1}. `;
    return [at === 0 ? `${words.firstLook}${mark}` : mark, ...look];
  });
}

/** One after the other, as the language separates them. */
export function sentences({ gap }: Words, all: readonly Line[]): Line {
  const said = all.map((line) => line.filter((piece) => piece !== '')).filter((line) => line.length > 0);
  return said.flatMap((sentence, place) => (place === 0 ? sentence : [gap, ...sentence]));
}

/** A line as plain text; its first moment as `03:02 JST (18:02Z)`, the others without the zone. */
export function plainLine(line: Line, facts: IncidentFacts, zone: string = localZone()): string {
  return plainTexts([line], facts, zone)[0] ?? '';
}

/** A moment as plain text, with its date where that is not the day of the page. */
export function plainMoment(at: EpochMs, facts: IncidentFacts, zone: string = localZone()): string {
  return spokenTime(at, dayOf(facts), zone);
}

/** All lines as plain text, one below the other. */
export function plainText(facts: IncidentFacts, voice: Voice): string {
  return plainTexts(lines(facts, voice), facts, voice.zone).join('\n');
}

/** The zone is said once. */
function plainTexts(all: readonly Line[], facts: IncidentFacts, zone: string): string[] {
  let zoneSaid = false;
  const said = (piece: Piece): string => {
    if (typeof piece === 'string') return piece;
    if ('run' in piece) return `\`${piece.run}\``;
    const { at, brief = false } = piece;
    if (brief) return briefTime(at, dayOf(facts), zone);
    const time = zoneSaid ? timeAgain(at, dayOf(facts), zone) : plainMoment(at, facts, zone);
    zoneSaid = true;
    return time;
  };
  return all.map((line) => line.map(said).join(''));
}

function dayOf({ resolvedAt, openedAt }: IncidentFacts): EpochMs {
  return resolvedAt ?? openedAt;
}

function since(facts: IncidentFacts, words: Words): Line {
  const { lossDecidedAt, counts, criticalAt, openedAt, between, unreadable } = facts;
  const above = between === undefined || isWritten(between.from) || unreadable.length > 0 ? '' : name(between.from);
  const never = facts.kind === 'unproven';
  const decided =
    lossDecidedAt === undefined || never ? [] : words.lossDecided(lossDecidedAt, (counts.lost ?? 0) > 0, above);
  const later = criticalAt !== undefined && criticalAt > openedAt;
  const figure = facts.evidence?.[0]?.key === 'figure-not-readable';
  return sentences(words, [
    testNote(facts, words),
    words.since(facts.since),
    later ? words.criticalSince(criticalAt, criticalAt - facts.since) : [],
    [tally(facts, words)],
    decided,
    [figure ? words.onlyFigure : (words.phrases[facts.kind].caution ?? '')],
  ]);
}

function over(facts: IncidentFacts, words: Words): Line {
  const at = words.overAt(facts.resolvedAt ?? facts.since, facts.since, lastedMs(facts));
  const stays = words.phrases[facts.kind].stays?.(facts) ?? '';
  return sentences(words, [testNote(facts, words), at, [tally(facts, words)], [stays]]);
}

/** With a limit ahead, that says when. */
function whenOf({ kind, severity, runway: ahead = [], evidence = [] }: IncidentFacts): When | undefined {
  if (ahead.length > 0) return undefined;
  if (severity === 'critical') return 'now';
  return patient.has(kind) && evidence[0]?.key !== 'ping-never' ? 'later' : 'soon';
}

function testNote({ test }: IncidentFacts, words: Words): Line {
  return test === true ? [words.testNote] : [];
}

/** Where anything was counted, a verdict that is absent was counted 0; without any entry nothing is said. */
function tally({ counts, state }: IncidentFacts, words: Words): string {
  if (Object.keys(counts).length === 0) return '';
  const count = (verdict: Verdict) => counts[verdict] ?? 0;
  const counted: Tally = {
    overdue: count('overdue'),
    delayed: count('delayed'),
    excused: count('excused'),
    unverifiable: count('unverifiable'),
    lost: count('lost'),
    pending: count('pending'),
    settled: state === 'resolved' && count('overdue') + count('unverifiable') + count('lost') === 0,
  };
  return words.tally(counted);
}

function whereAndWhom(facts: IncidentFacts, words: Words): Line {
  const { streams, looks, state, hop } = facts;
  const names = listOf(words, streams.names, streams.affected);
  return sentences(words, [
    [words.where(facts)],
    [streams.total > 0 && !nobodys.has(facts.kind) ? words.whom(whomOf(facts, names)) : ''],
    [looks.asked > 0 && state === 'open' ? words.looksComplete(name(hop), looks.complete, looks.asked) : ''],
  ]);
}

function runway({ runway: entries = [] }: IncidentFacts, words: Words): Line {
  const said = entries
    .slice(0, runwaysShown)
    .map((entry) =>
      words.runwayEntry(short(runsOut(entry, words), changeLimit), entry.at, entry.earliest, entry.latest),
    );
  return said.length === 0 ? [] : words.runway(said);
}

function runsOut({ what, figure, limit }: Runway, words: Words): string {
  const { speech } = words;
  return figure === undefined || limit === undefined ? what : words.runsOut(figure, speech.term(limit));
}

function changes({ changed = [] }: IncidentFacts, words: Words): Line {
  const shown = changed.slice(0, changesShown);
  const said = shown.map(({ at, what }): Line => [{ at }, ` ${short(what, changeLimit)}`]);
  return said.length === 0 ? [] : words.changed(said, changed.length - shown.length);
}

/** Where lines still arrive there, the evidence says so. */
function behind({ behind: all, evidence = [] }: IncidentFacts, words: Words): Line {
  const hops = evidence.some(({ key }) => key === 'still-behind') ? [] : all;
  return hops.length === 0 ? [] : [words.behind(listOf(words, hops, hops.length))];
}

function listOf(words: Words, names: readonly string[], total: number): string {
  const shown = names.slice(0, namesShown).map((name) => short(name, nameLimit));
  return shown.length === 0 ? '' : words.list(shown, Math.max(total, names.length) - shown.length);
}

/** Undefined where the beginning is not known to be earlier. */
function lastedMs({ since: began, resolvedAt }: IncidentFacts): number | undefined {
  const ms = (resolvedAt ?? began) - began;
  return ms >= 1000 ? ms : undefined;
}
