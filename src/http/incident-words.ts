import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import type { HopState } from '../core/status.ts';

/** How the page says one kind of incident. `tone` is the hop state whose colour and shape it borrows. */
export interface IncidentWords {
  readonly word: string;
  readonly tone: HopState;
  /** Begins with a colon where it is a sentence of its own. */
  rest(facts: IncidentFacts): string;
  /** What people must not conclude. */
  readonly caution?: string;
}

/** It is about another logcanary. */
function isPeer({ evidence }: IncidentFacts): boolean {
  return evidence?.[0]?.key.startsWith('peer-') === true;
}

const notLoss = 'that is not loss';

export const incidentWords: Readonly<Record<IncidentKind, IncidentWords>> = {
  stopped: { word: 'STOPPED', tone: 'stopped', rest: place },
  lossy: { word: 'LOSING LINES', tone: 'lossy', rest: place },
  slow: { word: 'SLOW', tone: 'slow', rest: place },
  unreadable: {
    word: 'UNREADABLE',
    tone: 'unreadable',
    rest: at,
    caution: `It refuses or errors, so we cannot see; ${notLoss}.`,
  },
  blind: { word: 'BLIND', tone: 'blind', rest: at, caution: `The fault is on our side; ${notLoss}.` },
  isolated: {
    word: 'CUT OFF',
    tone: 'blind',
    rest: () => ': nothing answers logcanary',
    caution: `We cannot see; ${notLoss}.`,
  },
  ledger: { word: 'LEDGER FAILED', tone: 'blind', rest: () => ': logcanary cannot record what it sees' },
  injection: {
    word: 'NOT WRITING',
    tone: 'blind',
    rest: () => ': canaries are not proven to go in',
    caution: 'Until they do, loss cannot be judged.',
  },
  uncovered: {
    word: 'UNCOVERED',
    tone: 'blind',
    rest: () => ': no canaries where there should be some',
    caution: 'Nothing is known of the flow there.',
  },
  duplicated: { word: 'DUPLICATED', tone: 'slow', rest: place },
  corrupted: { word: 'CORRUPTED', tone: 'lossy', rest: place },
  vanished: {
    word: 'VANISHED',
    tone: 'lossy',
    rest: (facts) => `from ${facts.hop}`,
    caution: 'Lines had arrived there and are gone.',
  },
  inconsistent: {
    word: 'INCONSISTENT',
    tone: 'slow',
    rest: at,
    caution: 'Lines pass, and are seen behind it, but do not show there.',
  },
  misrouted: {
    word: 'MISROUTED',
    tone: 'lossy',
    rest: (facts) => `to ${facts.hop}`,
    caution: 'Lines of another pipeline arrive there.',
  },
  forged: { word: 'FORGED', tone: 'lossy', rest: at, caution: "Lines carry our key's name with a wrong signature." },
  reading: { word: 'UNHEALTHY', tone: 'slow', rest: at },
  clock: { word: 'CLOCK STEPPED', tone: 'slow', rest: () => 'on the machine logcanary runs on' },
  unproven: {
    word: 'UNPROVEN',
    tone: 'unproven',
    rest: at,
    caution: 'It was never seen working; a wrong setting is likelier than loss.',
  },
  undelivered: { word: 'UNDELIVERED', tone: 'slow', rest: () => ': a channel failed its last drill' },
  storm: { word: 'STORM', tone: 'stopped', rest: () => ': very many incidents at once, told as one' },
  silent: {
    word: 'SILENT',
    tone: 'slow',
    rest: (facts) => `: ${facts.hop} ${isPeer(facts) ? 'is not heard' : 'has not pinged us'}`,
  },
};

/** One line, for people: `STOPPED between stream and index, 3 of 3 streams`. */
export function describeIncident(facts: IncidentFacts): string {
  const words = incidentWords[facts.kind];
  const whom = streamsText(facts);
  return `${withRest(words.word, words.rest(facts))}${whom === '' ? '' : `, ${whom}`}`;
}

/** The word and what follows it, with a space where none is built in. */
export function withRest(word: string, rest: string): string {
  return `${word}${rest.startsWith(':') ? '' : ' '}${rest}`;
}

/** `3 of 42 streams`; empty where streams say nothing. */
export function streamsText({ streams }: IncidentFacts): string {
  return streams.total === 0
    ? ''
    : `${streams.affected} of ${streams.total} ${streams.nodes ? 'node' : 'stream'}${streams.total === 1 ? '' : 's'}${byLabel(streams.labels)}`;
}

function at({ hop }: IncidentFacts): string {
  return `at ${hop}`;
}

function place({ between, hop, unreadable }: IncidentFacts): string {
  if (between === undefined) return `at ${hop}`;
  const gap = unreadable.length === 0 ? '' : ` (${unreadable.join(', ')} cannot be read)`;
  return `between ${between.from} and ${between.to}${gap}`;
}

function byLabel(labels: readonly string[] = []): string {
  return labels.length === 0 ? '' : ` (${labels.join(', ')})`;
}
