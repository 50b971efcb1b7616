import type { IncidentFacts } from '../core/incident.ts';
import { spokenDuration } from './moments.ts';
import { arrow, commonTo, evidence, hopOf, name, ourselves, subject } from './place.ts';
import { someOf } from './plain-text.ts';
import type { Line, Phrase, Tally, Words } from './words.ts';

const notLoss = 'We could not look, which is not loss: the verdicts wait until we can.';

/** Plain English for somebody woken at 3 a.m. */
export const english: Words = {
  phrases: {
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
  },
  severity: { critical: 'critical', warning: 'warning' },
  gap: ' ',
  test: (title) => `TEST ${title}`,
  update: (title) => `UPDATE ${title}`,
  recovered: (what, ms) => `RECOVERED ${what}${ms === undefined ? '' : ` after ${spokenDuration(ms)}`}`,
  testNote: 'This is a test page: nothing is broken.',
  since: (at) => ['Since ', { at }, '.'],
  overAt: (at, since) => ['Over at ', { at }, ', began ', { at: since }, '.'],
  tally,
  lossDecided: (at, someLost) =>
    someLost
      ? ['The next loss is decided at ', { at }, '.']
      : ['They may still arrive: loss is decided at ', { at }, '.'],
  where: (facts) => `Where: ${placeOf(facts)}.`,
  streams: (affected, total, names, common) =>
    `${affected} of ${total} streams${common === '' ? '' : `, mostly ${common}`}${names === '' ? '' : ` (${names})`}.`,
  looks: (complete, asked) => `Looks complete: ${complete} of ${asked}.`,
  runway: (entries) => ['Runway: ', ...joined(entries), '.'],
  runwayEntry: (what, at, earliest, latest) => [
    `${what} `,
    { at },
    ' (',
    { at: earliest, brief: true },
    latest === undefined ? ' or later' : '–',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    ')',
  ],
  changed: (entries, more) => ['Changed shortly before: ', ...joined(entries), more > 0 ? `; and ${more} more.` : '.'],
  firstLook: (looks) => `First look: ${looks.join(' · ')}`,
  behind: (names) => `Not paged, behind it: ${names}.`,
  list: (shown, more) => (more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')),
  links: { page: 'Open logcanary', incident: 'Incident', runbook: 'Runbook', discover: 'Discover' },
};

/**
 * Where lines stop: `stream→index`; with unreadable hops in between the whole span, since the break is anywhere in it;
 * `at index` when nothing is known of the parent.
 */
function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop } = facts;
  if (between === undefined) return `at ${name(hop)}`;
  const span = arrow(facts, 'emitters');
  if (span !== undefined) return span;
  const verb = unreadable.length === 1 ? 'is' : 'are';
  return `after ${name(between.from)}, before ${name(between.to)}; the ${someOf(unreadable, 2)} ${verb} unreadable`;
}

function flow(word: string, note: string, over: string): Phrase {
  return {
    open: (facts) => `${subject(facts)} logs ${word} ${placeOf(facts)}${note}${reach(facts)}`,
    over: (facts) => `${subject(facts)} logs ${placeOf(facts)}: ${over}`,
  };
}

function reach(facts: IncidentFacts): string {
  const { affected, total } = facts.streams;
  const common = commonTo(facts);
  return total > 0 ? `: ${affected}/${total} streams${common === '' ? '' : `, mostly ${common}`}` : '';
}

function tally({ overdue, delayed, excused, unverifiable, lost, settled }: Tally): string {
  const said = [
    several(overdue, 'overdue'),
    several(delayed, 'late'),
    several(excused, 'lost with their node'),
    several(unverifiable, 'we could not check (not counted as lost)'),
    several(lost, 'declared lost') || 'none declared lost',
  ].filter((part) => part !== '');
  return `Canary lines: ${said.join(', ')}${settled ? ', all accounted for' : ''}.`;
}

function several(count: number, what: string): string {
  return count > 0 ? `${count} ${what}` : '';
}

function joined(entries: readonly Line[]): Line {
  return entries.flatMap((entry, place) => (place === 0 ? entry : ['; ', ...entry]));
}
