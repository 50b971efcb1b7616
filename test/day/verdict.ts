/** What was said held against what was wanted: channel by channel, message by message, in order. */
import { type Message, scopeOf, type Trouble } from './day.ts';
import { clockOf, isScope, timeOf, type Wanted } from './wanted.ts';

/** A line of each list; equal where a message is as it was wanted. */
export interface Compared {
  readonly wanted: readonly string[];
  readonly said: readonly string[];
}

/** In the order in which it was said; what was wanted and not said stands where it should have come. */
export function compare(script: readonly Trouble[], messages: readonly Message[], until: number): Compared {
  const wants = script.filter(({ at }) => timeOf(at) < until).flatMap(({ wants: each = [] }) => each);
  const pairs = pair(wants, messages);
  const saidAt = new Map([...pairs].map(([{ at }, wanted]) => [wanted, at]));
  const timeFor = (wanted: Wanted) => saidAt.get(wanted) ?? wanted.from;
  return {
    wanted: wants
      .toSorted((one, other) => timeFor(one) - timeFor(other))
      .map(lineOf)
      .toSorted(byChannel),
    said: messages
      .map((each) => (pairs.has(each) ? lineOf(pairs.get(each) as Wanted) : sayingOf(each)))
      .toSorted(byChannel),
  };
}

/** Sorting is stable, so within a channel the order stays. */
function byChannel(one: string, other: string): number {
  const channel = (line: string) => line.slice(0, line.indexOf(':'));
  return channel(one).localeCompare(channel(other));
}

/** Each message with what was wanted then, of the same text; of several the one that had to come soonest. */
function pair(wants: readonly Wanted[], messages: readonly Message[]): Map<Message, Wanted> {
  const pairs = new Map<Message, Wanted>();
  const open = new Set(wants);
  for (const each of messages) {
    const [found] = [...open].filter((wanted) => isIt(wanted, each)).toSorted((one, other) => one.to - other.to);
    if (found === undefined) continue;
    pairs.set(each, found);
    open.delete(found);
  }
  return pairs;
}

function isIt(wanted: Wanted, { at, action, facts }: Message): boolean {
  const { place, severity, scope, from, to } = wanted;
  const isThere = [placeOf(facts), placeOf({ ...facts, pipeline: 'any' })].includes(place);
  const same = isThere && action === wanted.action && facts.severity === severity;
  return same && at >= from && at <= to && isScope(scope, scopeOf(facts));
}

function placeOf({ pipeline, kind, hop }: Message['facts']): string {
  return `${pipeline} ${kind}@${hop}`;
}

function lineOf({ channel, action, severity, place, scope, from, to }: Wanted): string {
  return `${channel}: ${clockOf(from)} to ${clockOf(to)} ${action} ${severity} ${place} ${scope}`.trimEnd();
}

function sayingOf({ channel, at, action, facts }: Message): string {
  return `${channel}: ${clockOf(at)} ${action} ${facts.severity} ${placeOf(facts)} ${scopeOf(facts)}`.trimEnd();
}
