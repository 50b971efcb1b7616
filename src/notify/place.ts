/** What titles are made of in every language: names that are safe and short, and the span in which it broke. */
import type { IncidentFacts } from '../core/incident.ts';
import { short } from './plain-text.ts';
import type { Whom } from './words.ts';

/** Code points of a name in a title: a phone shows about 60 in all. */
const titleName = 40;
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

/** What cannot be looked at: a hop, or the `nodes` where test lines are written. */
export function unseen(facts: IncidentFacts, nodes: string): string {
  return facts.hop === 'emitter' ? `${subject(facts)} ${nodes}` : hopOf(facts);
}

/** These kinds are about logcanary, whichever pipeline noticed. */
export function ourselves(facts: IncidentFacts): string {
  return `logcanary ${name(facts.deployment)}`;
}

/** Who pings us, which is no matter of one pipeline. */
export function pinger(facts: IncidentFacts): string {
  return `${name(facts.deployment)} ${name(facts.hop)}`;
}

export function isPing({ evidence }: IncidentFacts): boolean {
  return evidence?.[0]?.key === 'ping-never';
}

/** It is about another logcanary. */
export function isPeer({ evidence }: IncidentFacts): boolean {
  return evidence?.[0]?.key.startsWith('peer-') === true;
}

/** Labels that hold nearly all streams concerned and hardly another, `zone=1c`; empty where none does, or all are concerned. */
function commonTo({ streams: { labels = [] } }: IncidentFacts): string {
  return labels
    .slice(0, labelsShown)
    .map((label) => short(label, titleName))
    .join(', ');
}

export function whomOf(facts: IncidentFacts, names = ''): Whom {
  const { affected, total, nodes = false } = facts.streams;
  return { affected, total, nodes, names, common: commonTo(facts) };
}

/** Lines that an agent gave up: they are gone, whatever it does now. */
export function isDropped({ evidence }: IncidentFacts): boolean {
  return evidence?.[0]?.key.startsWith('dropped') === true;
}

/** The figure that it is about, as text; empty where it is about none. */
export function figureOf({ evidence }: IncidentFacts): string {
  const figure = evidence?.[0]?.values.figure;
  return typeof figure === 'string' ? name(figure) : '';
}

/** How many there are in a storm, and the worst of them, `stopped prod/index`. */
export function stormOf({ evidence }: IncidentFacts): { readonly count: number; readonly worst: string } | undefined {
  const { count, places } = evidence?.[0]?.values ?? {};
  const worst = typeof places === 'object' ? places.shown[0] : undefined;
  return typeof count === 'number' && worst !== undefined ? { count, worst: name(worst) } : undefined;
}

/** The disk of the ledger has no room; our errors and those of SQLite say it so. */
export function isDiskFull({ detail }: IncidentFacts): boolean {
  return /disk (is )?full|no space left|ENOSPC/i.test(detail);
}

/** Above the first hop there are only the places where test lines are written. */
export function isWritten(text: string): boolean {
  return text === 'the emitters';
}
