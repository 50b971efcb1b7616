import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import { webPage } from './address.ts';
import { type Line, lines, plainMoment, title } from './wording.ts';

/** Characters of one section's text: https://docs.slack.dev/reference/block-kit/blocks/section-block */
const sectionLimit = 3000;
/**
 * Seven lines of at most this many characters, escaped, stay below `sectionLimit`, and all of the message far below
 * 10,000 (Slack refuses near 13,200, undocumented: slackapi/bolt-js#2509).
 */
const lineLimit = 425;

export interface SlackMessage {
  /** What a phone's notification shows. */
  readonly text: string;
  readonly blocks: readonly object[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/**
 * The facts in at most seven lines. One section in place of a header and a section: a header takes no escapes, and
 * `verbatim` keeps Slack from making mentions out of names.
 */
export function messageOf({ action, facts, pageUrl }: Notification): SlackMessage {
  const head = `${mark(facts)} ${action === 'update' ? 'UPDATE ' : ''}${title(facts)}`;
  const bold = `*${escapeWithin(head, lineLimit - 2)}*`;
  const body = [bold, ...lines(facts).map((line) => render(line, facts))].join('\n');
  const text = body + link(pageUrl, sectionLimit - body.length);
  return {
    text: escapeWithin(head, lineLimit),
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }],
    unfurl_links: false,
    unfurl_media: false,
  };
}

function mark({ state, severity }: IncidentFacts): string {
  if (state === 'resolved') return '🟢';
  return severity === 'critical' ? '🔴' : '🟡';
}

/** Text escaped, moments as dates that each reader sees in the own zone; cut to `lineLimit`, never inside an escape. */
function render(line: Line, facts: IncidentFacts): string {
  let done = '';
  for (const piece of line) {
    const room = lineLimit - done.length;
    const next = typeof piece === 'string' ? escapeWithin(piece, room) : dateOf(piece.at, facts);
    if (next.length > room) break;
    done += next;
  }
  return done;
}

/** https://docs.slack.dev/messaging/formatting-message-text#date-formatting */
function dateOf(at: number, facts: IncidentFacts): string {
  const fallback = escapeWithin(plainMoment(at, facts), 80);
  return `<!date^${Math.floor(at / 1000)}^{date_short_pretty} {time}|${fallback}>`;
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

function link(pageUrl: string | undefined, room: number): string {
  const href = webPage(pageUrl)
    ?.replaceAll('&', '&amp;')
    .replaceAll('|', '%7C')
    .replaceAll('>', '%3E')
    .replaceAll('<', '%3C');
  const words = href === undefined ? '' : ` <${href}|Open logcanary>`;
  return words.length <= room ? words : '';
}
