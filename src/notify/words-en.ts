import { evidenceTemplates } from '../core/evidence.ts';
import type { IncidentFacts } from '../core/incident.ts';
import { inTitle } from './evidence-said.ts';
import { spokenDuration } from './moments.ts';
import { hopOf, isPeer, isPing, isWritten, name, ourselves, pinger, subject, unseen, whomOf } from './place.ts';
import { someOf } from './plain-text.ts';
import { counted, englishSpeech } from './speech.ts';
import type { Line, Phrase, Tally, Whom, Words } from './words.ts';

const notLoss = 'Whether lines are lost is unknown: none is counted as lost until we can look again.';

/** Plain English for somebody woken at 3 a.m. who has never seen this before. */
export const english: Words = {
  phrases: {
    stopped: flow('logs STOPPED', 'logs flow again'),
    slow: flow('logs SLOW', 'logs in time again'),
    lossy: flow('LOSING LINES', 'no new gaps'),
    duplicated: flow('logs DUPLICATED', 'no new duplicates'),
    corrupted: flow('logs CORRUPTED', 'no new damage'),
    vanished: {
      open: (facts) => `${hopOf(facts)} LINES VANISHED: they had arrived and are gone`,
      over: (facts) => `${hopOf(facts)} keeps what arrived again`,
      caution: 'They had arrived, so somebody or some rule removed them. Other lines may be gone, too.',
    },
    inconsistent: {
      open: (facts) => `${hopOf(facts)} INCONSISTENT: lacks lines seen further on`,
      over: (facts) => `${hopOf(facts)} shows again what passes`,
      caution: 'Lines do pass: they are seen further on. What is to be seen here is not all of them.',
    },
    misrouted: {
      open: (facts) => `${hopOf(facts)} MISROUTED: lines of another pipeline arrive`,
      over: (facts) => `${hopOf(facts)} gets no more lines of other pipelines`,
      caution: 'Lines of one tenant may be readable to another.',
    },
    unreadable: {
      open: (facts) => `${hopOf(facts)} UNREADABLE: refuses or errors; not proof of loss`,
      over: (facts) => `${hopOf(facts)} readable again`,
      caution: notLoss,
    },
    blind: {
      open: (facts) => `${unseen(facts, 'nodes')}: logcanary is BLIND (our side); not proof of loss`,
      over: (facts) => `logcanary can look at ${unseen(facts, 'nodes')} again`,
      caution: `The fault is on our side. ${notLoss}`,
    },
    isolated: {
      open: (facts) => `${ourselves(facts)} CUT OFF: nothing answers it; not proof of loss`,
      over: (facts) => `${ourselves(facts)} reaches its targets again`,
      caution: `Until it is back, nobody watches. ${notLoss}`,
    },
    reading: {
      open: (facts, said) =>
        said.brief === undefined
          ? `${hopOf(facts)} UNHEALTHY: ${inTitle(said, 'near its limit')}`
          : `${subject(facts)} ${said.brief}`,
      over: (facts) => `${hopOf(facts)} healthy again`,
    },
    injection: {
      open: (facts) => `${subject(facts)} TEST LINES NOT WRITTEN${reach(facts)}; flow unknown`,
      over: (facts) => `${subject(facts)} test lines are written again`,
      caution: 'Where no test lines go in, nothing is known of the flow: that is no proof of loss.',
    },
    uncovered: {
      open: (facts) => `${subject(facts)} NOT WATCHED${reach(facts)} without a working emitter`,
      over: (facts) => `${subject(facts)} watched everywhere again`,
      caution: 'Where no test lines go in, nothing is known of the flow: neither that it is fine, nor that it is not.',
    },
    forged: {
      open: (facts) => `${hopOf(facts)} FORGED test lines arrive: not signed by us`,
      over: (facts) => `${hopOf(facts)} gets no new forged test lines`,
    },
    clock: {
      open: (facts, said) =>
        `${ourselves(facts)} ${said.brief ?? `CLOCK jumped: ${inTitle(said, 'times may be off')}`}`,
      over: (facts) => `${ourselves(facts)} clock steady again`,
    },
    unproven: {
      open: (facts) =>
        isPing(facts)
          ? `${pinger(facts)} NEVER PINGED us: set it up`
          : isPeer(facts)
            ? `${pinger(facts)} NOT WORKING AS A PEER: check its settings`
            : `${hopOf(facts)} NEVER SEEN WORKING: check its settings`,
      over: (facts) =>
        isPing(facts)
          ? `${pinger(facts)} pinged for the first time`
          : isPeer(facts)
            ? `${pinger(facts)} works as a peer`
            : `${hopOf(facts)} works, a first test line was seen`,
      caution: 'What never worked is more often set wrongly than broken.',
    },
    silent: {
      open: (facts, said) => `${pinger(facts)} SILENT: ${inTitle(said, 'its expected ping is missing')}`,
      over: (facts) => `${pinger(facts)} heard again`,
    },
    undelivered: {
      open: (facts, said) => `${ourselves(facts)} UNDELIVERED: ${inTitle(said, 'a channel failed its drill')}`,
      over: (facts) => `${ourselves(facts)} channels carry pages again`,
      caution: 'Real pages may not have come that way since.',
    },
    storm: {
      open: (facts, said) => `${ourselves(facts)} STORM: ${inTitle(said, 'many things at once')}`,
      over: (facts) => `${ourselves(facts)} all that went wrong at once`,
      caution: 'One cause may be behind all of them: begin with what lies furthest up the way.',
    },
    ledger: {
      open: (facts, said) => `${ourselves(facts)} LEDGER FAILED: ${inTitle(said, 'nothing is recorded')}`,
      over: (facts) => `${ourselves(facts)} ledger records again`,
      caution: 'Until it is repaired nothing is recorded and other pages may not come.',
    },
  },
  severity: { critical: 'critical', warning: 'warning' },
  speech: englishSpeech,
  evidence: evidenceTemplates,
  briefs: {
    'clock-ahead': 'CLOCK jumped {by:span} forward',
    'clock-behind': 'CLOCK jumped {by:span} back',
    'ping-late': 'no ping for {for:span}',
    'peer-silent': 'this logcanary was not heard for {for:span}',
    'figure-over': '{figure} at {used:level}: OVER {limit:term}',
    'figure-near': '{figure} at {used:level}: NEAR {limit:term}',
    'figure-soon': '{figure} at {used:level}: {left:span} to {limit:term}',
    'figure-perhaps-soon': '{figure} at {used:level}: {left:span} to {limit:term}',
    problem: 'UNHEALTHY: {problem:term}',
    undelivered: '{channels:list} failed the drill',
    storm: '{count:number} more at once: {places:list}',
    dropped: '{agent} UNHEALTHY: {count:number} {what:term} on {names:list}',
    'dropped-by': '{agent} UNHEALTHY: {count:number} {what:term} on {names:list}',
  },
  looks: {},
  gap: ' ',
  test: (title) => `TEST ${title}`,
  update: (title, severity) => `${severity === 'critical' ? 'NOW CRITICAL:' : 'UPDATE'} ${title}`,
  recovered: (what, ms) => `RECOVERED ${ms === undefined ? '' : `after ${spokenDuration(ms)}: `}${what}`,
  testNote: 'This is a test page: nothing is broken.',
  since: (at) => ['Since ', { at }, '.'],
  overAt: (at, since, ms) => [
    'Over at ',
    { at },
    ms === undefined ? '' : `, after ${spokenDuration(ms)}`,
    ', began ',
    { at: since, brief: true },
    '.',
  ],
  tally,
  lossDecided: (at, someLost) =>
    someLost
      ? ['Overdue ones become lost one by one, from ', { at }, ' on.']
      : ['They may still arrive: none counts as lost before ', { at }, '.'],
  where,
  whom: ({ affected, total, nodes, names, common }) =>
    [
      affected === total
        ? `All ${counted(total)} ${units(nodes)}`
        : `${counted(affected)} of ${counted(total)} ${units(nodes)}`,
      common === '' ? '' : `, mostly ${common}`,
      names === '' ? '.' : `: ${names}.`,
    ].join(''),
  looksComplete: (complete, asked) => {
    if (complete === asked) return `We can see: our last ${asked} reads there worked.`;
    return complete === 0
      ? `We cannot see: none of our last ${asked} reads there worked.`
      : `We see in part: ${complete} of our last ${asked} reads there worked.`;
  },
  was: (evidence) => `While it lasted: ${evidence}`,
  runway: (entries) => ['Next limit if this lasts: ', ...joined(entries), '.'],
  runwayEntry: (what, at, earliest, latest) => [
    `${what} at `,
    { at },
    ' (',
    { at: earliest, brief: true },
    latest === undefined ? ' or later' : '–',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    ')',
  ],
  changed: (entries, more) => ['Changed shortly before: ', ...joined(entries), more > 0 ? `; and ${more} more.` : '.'],
  firstLook: 'First look: ',
  colon: ': ',
  behind: (names) => `Behind it, not paged separately: ${names}.`,
  list: (shown, more) => englishSpeech.list({ shown, more }),
  note: { cause: 'cause', remediation: 'remediation', ticket: 'ticket' },
  links: { page: 'Open logcanary', incident: 'Incident', runbook: 'Runbook', discover: 'Discover' },
};

/**
 * Where lines stop: `stream→index`; with unreadable hops in between the whole span, since the break is anywhere in it;
 * `at index` when nothing is known of the parent.
 */
function placeOf(facts: IncidentFacts): string {
  const { between, unreadable, hop, state } = facts;
  if (between === undefined) return `at ${name(hop)}`;
  const above = from(facts);
  if (unreadable.length === 0 || state === 'resolved') return `${above}→${name(between.to)}`;
  return `${above}→${name(between.to)} (${someOf(unreadable, 2)} unreadable)`;
}

/** Above the first hop: what test lines are written on. */
function from({ between, streams }: IncidentFacts): string {
  const above = between?.from ?? '';
  return isWritten(above) ? units(streams.nodes === true) : name(above);
}

function where(facts: IncidentFacts): string {
  const { between, unreadable, state } = facts;
  if (between === undefined) return '';
  const fine = isWritten(between.from) ? 'where test lines are written' : `at ${name(between.from)}`;
  if (state === 'resolved') return `It was between ${from(facts)} and ${name(between.to)}.`;
  if (unreadable.length > 0) {
    const verb = unreadable.length === 1 ? 'is' : 'are';
    return `Broken after ${name(between.from)}, before ${name(between.to)}; the ${someOf(unreadable, 2)} ${verb} unreadable.`;
  }
  return `Still fine ${fine}, not at ${name(between.to)}.`;
}

function flow(word: string, over: string): Phrase {
  return {
    open: (facts) => `${subject(facts)} ${word} ${placeOf(facts)}${reach(facts)}`,
    over: (facts) => `${subject(facts)} ${over} ${placeOf(facts)}`,
  };
}

function reach(facts: IncidentFacts): string {
  const { affected, total, nodes, common }: Whom = whomOf(facts);
  if (total === 0) return '';
  const number = affected === total && total > 1 ? `all ${total}` : `${affected}/${total}`;
  return `: ${number} ${units(nodes)}${common === '' ? '' : `, mostly ${common}`}`;
}

function units(nodes: boolean): string {
  return nodes ? 'nodes' : 'sources';
}

function tally({ overdue, delayed, excused, unverifiable, lost, pending, settled }: Tally): string {
  const said = [
    several(overdue, 'overdue'),
    several(delayed, 'late'),
    several(excused, 'lost with their node'),
    several(unverifiable, 'we could not check'),
    several(lost, 'lost') || (settled ? '0 lost' : 'none known to be lost'),
  ].filter((part) => part !== '');
  const all = settled ? `, all ${pending > 0 ? 'that were due are ' : ''}accounted for` : '';
  return `logcanary's test lines (canaries): ${said.join(', ')}${all}.`;
}

function several(count: number, what: string): string {
  return count > 0 ? `${counted(count)} ${what}` : '';
}

function joined(entries: readonly Line[]): Line {
  return entries.flatMap((entry, place) => (place === 0 ? entry : ['; ', ...entry]));
}
