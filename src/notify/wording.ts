/**
 * What people read, from the facts alone: pure, and for every channel the same but for its language and zone. For somebody
 * woken at 3 a.m.; the title alone must carry it. What could not be seen is never worded as lost.
 */
import type { IncidentFacts } from '../core/incident.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { briefTime, localZone, spokenTime } from './moments.ts';
import { commonTo } from './place.ts';
import { short } from './plain-text.ts';
import type { Voice } from './voice.ts';
import type { Line, Piece, Tally, Words } from './words.ts';
import { english } from './words-en.ts';

/** Code points of evidence in a line; the channels may cut further. */
const detailLimit = 400;
/** Code points of one thing to look at. */
const lookLimit = 200;
const looksShown = 2;
const namesShown = 5;
/** Code points of one of them. */
const nameLimit = 63;
/** Changes in a line; the newest. */
const changesShown = 3;
/** Code points of one of them, and of what runs out. */
const changeLimit = 120;
const runwaysShown = 2;

/** What wording needs of a voice. */
type Language = Pick<Voice, 'words'>;

/** One line that stands alone: `prod logs STOPPED stream→index: 3/3 streams`, `RECOVERED prod logs …`. */
export function title(facts: IncidentFacts, { words }: Language = { words: english }): string {
  const phrase = words.phrases[facts.kind];
  const said = facts.state === 'open' ? phrase.open(facts) : words.recovered(phrase.over(facts), lastedMs(facts));
  return facts.test === true ? words.test(said) : said;
}

/**
 * At most seven lines under the title: since when, how much and why that is no more; where, whom and how well we see; evidence;
 * how long it can go on; what was changed; what to look at first; what lies behind.
 */
export function lines(facts: IncidentFacts, { words }: Language = { words: english }): readonly Line[] {
  const all = facts.state === 'open' ? openLines(facts, words) : overLines(facts, words);
  return all.map((line) => line.filter((piece) => piece !== '')).filter((line) => line.length > 0);
}

/** A line as plain text; moments as `03:02 Asia/Tokyo (18:02Z)`. */
export function plainLine(line: Line, facts: IncidentFacts, zone: string = localZone()): string {
  const said = ({ at, brief }: Exclude<Piece, string>) =>
    brief ? briefTime(at, facts.resolvedAt ?? facts.openedAt, zone) : plainMoment(at, facts, zone);
  return line.map((piece) => (typeof piece === 'string' ? piece : said(piece))).join('');
}

/** A moment as plain text, with its date where that is not the day of the page. */
export function plainMoment(at: EpochMs, facts: IncidentFacts, zone: string = localZone()): string {
  return spokenTime(at, facts.resolvedAt ?? facts.openedAt, zone);
}

/** All lines as plain text, one below the other. */
export function plainText(facts: IncidentFacts, voice: Voice): string {
  return lines(facts, voice)
    .map((line) => plainLine(line, facts, voice.zone))
    .join('\n');
}

function openLines(facts: IncidentFacts, words: Words): Line[] {
  const { lossDecidedAt, counts } = facts;
  const decided = lossDecidedAt === undefined ? [] : words.lossDecided(lossDecidedAt, (counts.lost ?? 0) > 0);
  return [
    sentences(words, [
      facts.test === true ? [words.testNote] : [],
      words.since(facts.since),
      [tally(facts, words)],
      decided,
      [words.phrases[facts.kind].caution ?? ''],
    ]),
    whereAndWhom(facts, words),
    [short(facts.detail, detailLimit)],
    runway(facts, words),
    changes(facts, words),
    [firstLook(facts, words)],
    [behind(facts, words)],
  ];
}

function overLines(facts: IncidentFacts, words: Words): Line[] {
  const over = words.overAt(facts.resolvedAt ?? facts.since, facts.since);
  const note = facts.test === true ? [words.testNote] : [];
  return [
    sentences(words, [note, over, [tally(facts, words)]]),
    whereAndWhom(facts, words),
    [short(facts.detail, detailLimit)],
  ];
}

/** One after the other, as the language separates them. */
function sentences({ gap }: Words, all: readonly Line[]): Line {
  const said = all.filter((sentence) => sentence.some((piece) => piece !== ''));
  return said.flatMap((sentence, place) => (place === 0 ? sentence : [gap, ...sentence]));
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
    settled: state === 'resolved' && count('overdue') + count('pending') + count('unverifiable') + count('lost') === 0,
  };
  return words.tally(counted);
}

function whereAndWhom(facts: IncidentFacts, words: Words): Line {
  const { streams, looks } = facts;
  const names = listOf(words, streams.names, streams.affected);
  return sentences(words, [
    [facts.between === undefined ? '' : words.where(facts)],
    [streams.total > 0 ? words.streams(streams.affected, streams.total, names, commonTo(facts)) : ''],
    [looks.asked > 0 ? words.looks(looks.complete, looks.asked) : ''],
  ]);
}

function runway({ runway: entries = [] }: IncidentFacts, words: Words): Line {
  const said = entries
    .slice(0, runwaysShown)
    .map(({ what, at, earliest, latest }) => words.runwayEntry(short(what, changeLimit), at, earliest, latest));
  return said.length === 0 ? [] : words.runway(said);
}

function changes({ changed = [] }: IncidentFacts, words: Words): Line {
  const shown = changed.slice(0, changesShown);
  const said = shown.map(({ at, what }): Line => [{ at }, ` ${short(what, changeLimit)}`]);
  return said.length === 0 ? [] : words.changed(said, changed.length - shown.length);
}

function firstLook({ firstLook: looks }: IncidentFacts, words: Words): string {
  const first = looks.slice(0, looksShown).map((look) => short(look, lookLimit));
  return first.length === 0 ? '' : words.firstLook(first);
}

function behind({ behind: hops }: IncidentFacts, words: Words): string {
  return hops.length === 0 ? '' : words.behind(listOf(words, hops, hops.length));
}

function listOf(words: Words, names: readonly string[], total: number): string {
  const shown = names.slice(0, namesShown).map((name) => short(name, nameLimit));
  return shown.length === 0 ? '' : words.list(shown, Math.max(total, names.length) - shown.length);
}

/** Undefined where the beginning is not known to be earlier. */
function lastedMs({ since, resolvedAt }: IncidentFacts): number | undefined {
  const ms = (resolvedAt ?? since) - since;
  return ms >= 1000 ? ms : undefined;
}
