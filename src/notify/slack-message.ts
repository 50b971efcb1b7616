import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import { type Link, linksOf } from './links.ts';
import { isoUtc } from './moments.ts';
import { type Voice, voiceOf } from './voice.ts';
import { lines, plainMoment, title } from './wording.ts';
import type { Line, Piece } from './words.ts';

/** Characters of one section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const sectionLimit = 3000;
/**
 * Five lines of at most this many characters, escaped, stay below `sectionLimit`, and all of the message far below
 * 10,000 (Slack refuses near 13,200, undocumented: slackapi/bolt-js#2509).
 */
const lineLimit = 425;
/** The title and what happened; what follows is for whoever begins to work on it. */
const firstSection = 5;

export interface SlackMessage {
  /** What a phone's notification shows. */
  readonly text: string;
  readonly blocks: readonly object[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * The facts in at most eight lines and the links. Sections in place of a header and a section: a header takes no escapes, and
 * `verbatim` keeps Slack from making mentions out of names.
 */
export function messageOf({ action, facts, pageUrl }: Notification, voice: Voice = voiceOf()): SlackMessage {
  const said = title(facts, voice);
  const head = `${mark(facts)} ${action === 'update' ? voice.words.update(said) : said}`;
  const bold = `*${escapeWithin(head, lineLimit - 2)}*`;
  const rest = lines(facts, voice).map((line) => render(line, facts, voice));
  const all = [bold, ...rest, linkLine(linksOf(facts, voice, pageUrl))].filter((line) => line !== '');
  const sections = [all.slice(0, firstSection), all.slice(firstSection)].filter((section) => section.length > 0);
  return {
    text: escapeWithin(head, lineLimit),
    blocks: sections.map((section) => ({
      type: 'section',
      text: { type: 'mrkdwn', text: section.join('\n'), verbatim: true },
    })),
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** One line for the thread of an incident: what happened to it now. */
export function replyOf({ action, facts }: Notification, voice: Voice): string {
  const said = title(facts, voice);
  return escapeWithin(`${mark(facts)} ${action === 'update' ? voice.words.update(said) : said}`, lineLimit);
}

function mark({ state, severity }: IncidentFacts): string {
  if (state === 'resolved') return '🟢';
  return severity === 'critical' ? '🔴' : '🟡';
}

/** Text escaped, moments as dates that each reader sees in the own zone; cut to `lineLimit`, never inside an escape. */
function render(line: Line, facts: IncidentFacts, { zone }: Voice): string {
  let done = '';
  for (const piece of line) {
    const room = lineLimit - done.length;
    const next = typeof piece === 'string' ? escapeWithin(piece, room) : dateOf(piece, facts, zone);
    if (next.length > room) break;
    done += next;
  }
  return done;
}

/** In the reader's zone, and in UTC to talk about it. https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
function dateOf({ at, brief }: Exclude<Piece, string>, facts: IncidentFacts, zone: string): string {
  const fallback = escapeWithin(plainMoment(at, facts, zone), 80);
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
  while (all.join(' · ').length > sectionLimit - 4 * lineLimit) all.pop();
  return all.join(' · ');
}

function escapeAddress(href: string): string {
  return href.replaceAll('&', '&amp;').replaceAll('|', '%7C').replaceAll('>', '%3E').replaceAll('<', '%3C');
}
