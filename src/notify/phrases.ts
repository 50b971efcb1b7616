import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import { cut, short, someOf } from './plain-text.ts';

/** How one kind of incident is said: while it is open, and when it is over. */
export interface Phrase {
  /** The whole title. */
  open(facts: IncidentFacts): string;
  /** What is fine again, after `RECOVERED`: a subject and a state, the duration follows. */
  over(facts: IncidentFacts): string;
  /** What people must not conclude: said beside the evidence while the incident is open. */
  readonly caution?: string;
}

/** Code points of a name in a title: a phone shows about 100 in all. */
const titleName = 40;
/** Code points of evidence in a title. */
const titleDetail = 70;

const notLoss = 'We could not look, which is not loss: the verdicts wait until we can.';

export const phrases: Readonly<Record<IncidentKind, Phrase>> = {
  stopped: flow('STOPPED', '', 'flowing again'),
  slow: flow('SLOW', '', 'in time again'),
  lossy: flow('LOSSY', ' (some lines missing)', 'no new gaps'),
  duplicated: flow('DUPLICATED', '', 'no new duplicates'),
  corrupted: flow('CORRUPTED', '', 'no new damage'),
  unreadable: {
    open: (facts) => `${hopOf(facts)} UNREADABLE: it refuses or errors; flow unknown, not proof of loss`,
    over: (facts) => `${hopOf(facts)}: readable again`,
    caution: notLoss,
  },
  blind: {
    open: (facts) => `${hopOf(facts)} BLIND: logcanary cannot look there (our side); not proof of loss`,
    over: (facts) => `${hopOf(facts)}: logcanary can look again`,
    caution: notLoss,
  },
  isolated: {
    open: (facts) => `${ourselves(facts)} ISOLATED: nothing answers it; flow unknown, not proof of loss`,
    over: (facts) => `${ourselves(facts)}: reaches its targets again`,
    caution: notLoss,
  },
  reading: {
    open: (facts) => `${hopOf(facts)} READING: ${evidence(facts, 'near its limit')}`,
    over: (facts) => `${hopOf(facts)}: reading away from its limit again`,
  },
  injection: {
    open: (facts) =>
      `${subject(facts)} INJECTION failing${reach(facts)} without proof of canaries; flow unknown, not loss`,
    over: (facts) => `${subject(facts)}: canaries go in again`,
    caution: 'Canaries that are not proven to have gone in cannot prove a loss.',
  },
  uncovered: {
    open: (facts) => `${subject(facts)} UNCOVERED${reach(facts)} without a working emitter; flow unknown there`,
    over: (facts) => `${subject(facts)}: watched everywhere again`,
    caution: 'Where no canaries go in, nothing is known of the flow: neither that it is fine, nor that it is not.',
  },
  forged: {
    open: (facts) =>
      `${subject(facts)} FORGED canaries at ${name(facts.hop)}: ${evidence(facts, 'the signature is wrong')}`,
    over: (facts) => `${hopOf(facts)}: no new forged canaries`,
  },
  clock: {
    open: (facts) => `${ourselves(facts)} CLOCK stepped: ${evidence(facts, 'times may be off')}`,
    over: (facts) => `${ourselves(facts)}: clock steady again`,
  },
  unproven: {
    open: (facts) => `${hopOf(facts)} UNPROVEN: no canary was ever seen there; check its settings`,
    over: (facts) => `${hopOf(facts)}: proven, it was seen for the first time`,
    caution: 'Never seen is more often a wrong setting than a loss.',
  },
  silent: {
    open: (facts) => `${hopOf(facts)} SILENT: its expected ping is missing`,
    over: (facts) => `${hopOf(facts)}: pings again`,
  },
  ledger: {
    open: (facts) => `${ourselves(facts)} LEDGER FAILED: ${evidence(facts, 'nothing is recorded')}`,
    over: (facts) => `${ourselves(facts)}: the ledger takes writes again`,
    caution: 'Until it is repaired nothing is recorded and other pages may not come.',
  },
};

/**
 * Where lines stop: `stream→index`; with unreadable hops in between the whole span, since the break is anywhere in it;
 * `at index` when nothing is known of the parent.
 */
export function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop } = facts;
  if (between === undefined) return `at ${name(hop)}`;
  if (unreadable.length === 0) return `${name(between.from.replace(/^the /, ''))}→${name(between.to)}`;
  const verb = unreadable.length === 1 ? 'is' : 'are';
  return `after ${name(between.from)}, before ${name(between.to)}; the ${someOf(unreadable, 2)} ${verb} unreadable`;
}

function flow(word: string, note: string, over: string): Phrase {
  return {
    open: (facts) => `${subject(facts)} logs ${word} ${placeOf(facts)}${note}${reach(facts)}`,
    over: (facts) => `${subject(facts)} logs ${placeOf(facts)}: ${over}`,
  };
}

function subject(facts: IncidentFacts): string {
  return name(facts.pipeline === '' ? facts.deployment : facts.pipeline);
}

function hopOf(facts: IncidentFacts): string {
  return `${subject(facts)} ${name(facts.hop)}`;
}

/** These kinds are about logcanary, whichever pipeline noticed. */
function ourselves(facts: IncidentFacts): string {
  return `logcanary ${name(facts.deployment)}`;
}

function reach({ streams }: IncidentFacts): string {
  return streams.total > 0 ? `: ${streams.affected}/${streams.total} streams` : '';
}

function evidence(facts: IncidentFacts, otherwise: string): string {
  const detail = short(facts.detail, 4 * titleDetail);
  return detail === '' ? otherwise : cut(detail, titleDetail);
}

function name(text: string): string {
  return short(text, titleName);
}
