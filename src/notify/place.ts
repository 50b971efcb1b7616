/** What titles are made of in every language: names that are safe and short, and the span in which it broke. */
import type { IncidentFacts } from '../core/incident.ts';
import { cut, short } from './plain-text.ts';

/** Code points of a name in a title: a phone shows about 100 in all. */
const titleName = 40;
/** Code points of evidence in a title. */
const titleDetail = 70;
const labelsShown = 2;

export function name(text: string): string {
  return short(text, titleName);
}

/** The pipeline; what concerns none is the deployment's. */
export function subject(facts: IncidentFacts): string {
  return name(facts.pipeline === '' ? facts.deployment : facts.pipeline);
}

export function hopOf(facts: IncidentFacts): string {
  return `${subject(facts)} ${name(facts.hop)}`;
}

/** These kinds are about logcanary, whichever pipeline noticed. */
export function ourselves(facts: IncidentFacts): string {
  return `logcanary ${name(facts.deployment)}`;
}

export function evidence(facts: IncidentFacts, otherwise: string): string {
  const detail = short(facts.detail, 4 * titleDetail);
  return detail === '' ? otherwise : cut(detail, titleDetail);
}

/** Labels that hold nearly all streams concerned and hardly another, `zone=1c`; empty where none does, or all are concerned. */
export function commonTo({ streams: { labels = [] } }: IncidentFacts): string {
  return labels
    .slice(0, labelsShown)
    .map((label) => short(label, titleName))
    .join(', ');
}

/** `stream→index`, where both ends are known and everything between them can be read. */
export function arrow({ between, unreadable }: IncidentFacts, emitters: string): string | undefined {
  if (between === undefined || unreadable.length > 0) return undefined;
  return `${from(between.from, emitters)}→${name(between.to)}`;
}

/** The engine says `the emitters` for what is above the first hop. */
export function from(text: string, emitters: string): string {
  return text === 'the emitters' ? emitters : name(text.replace(/^the /, ''));
}
