import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import type { EpochMs } from '../lib/clock.ts';
import { type Link, linksOf } from './links.ts';
import { briefTime, isoUtc, zoneName } from './moments.ts';
import { noteLine } from './note-line.ts';
import { type Voice, voiceOf } from './voice.ts';
import { numberedLooks, sayings, sentences, title } from './wording.ts';
import type { Line, Piece } from './words.ts';

/** Characters of one section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const sectionLimit = 3000;
/** Of a title, escaped. */
const titleLimit = 425;
/**
 * Of every other line. The title and two of them stay below `sectionLimit`, and all of the message far below 10,000 (Slack refuses
 * near 13,200, undocumented: slackapi/bolt-js#2509).
 */
const lineLimit = 1_200;

/** More in one line would be a wall of text on a phone; the incident's page has all. */
const looksShown = 2;

export interface SlackMessage {
  /** What a phone's notification shows. */
  readonly text: string;
  readonly blocks: readonly object[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * The facts in at most six lines: what; how soon, since when and how much; where and why; two things to look at; what is behind, and
 * links. Sections in place of a header and a section: a header takes no escapes, and
 * `verbatim` keeps Slack from making mentions out of names.
 */
export function messageOf({ action, facts, pageUrl }: Notification, voice: Voice = voiceOf()): SlackMessage {
  const said = title(facts, voice);
  const head = `${mark(facts)} ${action === 'update' ? voice.words.update(said, facts.severity) : said}`;
  const { urgency, what, whom, evidence, runway, changes, looks, behind } = sayings(facts, voice);
  const line = (...all: Line[]) => render(sentences(voice.words, all), facts, voice);
  const links = linkLine(linksOf(facts, voice, pageUrl));
  const sections = [
    [`*${escapeWithin(head, titleLimit - 2)}*`, line(urgency, runway, what), line(whom, evidence, changes)],
    numberedLooks(looks.slice(0, looksShown), voice.words).map((look) => line(look)),
    [[line(behind), links].filter((part) => part !== '').join(' ')],
  ].map((section) => section.filter((said) => said !== '').join('\n'));
  return {
    text: escapeWithin(head, titleLimit),
    blocks: sections
      .filter((text) => text !== '')
      .map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } })),
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** One line for the thread of an incident: what happened to it now. */
export function replyOf({ action, facts }: Notification, voice: Voice): string {
  if (action === 'note') return escapeWithin(`📝 ${noteLine(facts, voice)}`, lineLimit);
  const said = title(facts, voice);
  return escapeWithin(
    `${mark(facts)} ${action === 'update' ? voice.words.update(said, facts.severity) : said}`,
    titleLimit,
  );
}

function mark({ state, severity }: IncidentFacts): string {
  if (state === 'resolved') return '🟢';
  return severity === 'critical' ? '🔴' : '🟡';
}

/** Text escaped, moments as dates that each reader sees in the own zone; cut to `lineLimit`, never inside an escape or a command. */
function render(line: Line, facts: IncidentFacts, { zone }: Voice): string {
  let done = '';
  for (const piece of line) {
    const room = lineLimit - done.length;
    const next = shown(piece, facts, zone, room);
    if (next.length > room) break;
    done += next;
  }
  return done;
}

function shown(piece: Piece, facts: IncidentFacts, zone: string, room: number): string {
  if (typeof piece === 'string') return escapeWithin(piece, room);
  if ('run' in piece) return `\`${escapeWithin(piece.run.replaceAll('`', "'"), room)}\``;
  return dateOf(piece, facts, zone);
}

/** In the reader's zone, and in UTC to talk about it. https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
function dateOf({ at, brief }: Extract<Piece, { at: EpochMs }>, facts: IncidentFacts, zone: string): string {
  const local = briefTime(at, facts.resolvedAt ?? facts.openedAt, zone);
  const fallback = escapeWithin(brief || zone === 'UTC' ? local : `${local} ${zoneName(at, zone)}`, 80);
  const stamp = (format: string) => `<!date^${Math.floor(at / 1000)}^${format}|${fallback}>`;
  return brief ? stamp('{time}') : `${stamp('{date_short_pretty} {time}')} (${isoUtc(at).slice(11, 16)}Z)`;
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Escapes exactly what Slack asks for (https://docs.slack.dev/messaging/formatting-message-text#escaping), in one pass,
 * and cuts to `max` characters after escaping.
 */
export function escapeWithin(text: string, max: number): string {
  let done = '';
  let room = max;
  for (const point of text) {
    const next = escapes[point] ?? point;
    if (next.length > room) return cutLast(done, max);
    done += next;
    room -= next.length;
  }
  return done;
}

/** Makes room for `…` by taking whole escapes or code points off the end. */
function cutLast(escaped: string, max: number): string {
  const units = escaped.match(/&(?:amp|lt|gt);|./gsu) ?? [];
  while (units.length > 0 && units.join('').length > max - 1) units.pop();
  return max > 0 ? `${units.join('')}…` : '';
}

function linkLine(links: readonly Link[]): string {
  const all = links.map(({ href, label }) => `<${escapeAddress(href)}|${escapeWithin(label, 80)}>`);
  // Never cut inside an address: the last ones are left out.
  while (all.join(' · ').length > sectionLimit - lineLimit - 1) all.pop();
  return all.join(' · ');
}

function escapeAddress(href: string): string {
  return href.replaceAll('&', '&amp;').replaceAll('|', '%7C').replaceAll('>', '%3E').replaceAll('<', '%3C');
}
