import { evidenceTemplates } from '../core/evidence.ts';
import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import { spokenDuration } from './moments.ts';
import { englishPhrases, from, units } from './phrases-en.ts';
import { name } from './place.ts';
import { someOf } from './plain-text.ts';
import { counted, englishSpeech } from './speech.ts';
import type { Line, Tally, When, Words } from './words.ts';

const whens: Readonly<Record<When, string>> = {
  now: ': act now.',
  soon: ': look at it soon.',
  later: ': can wait until morning.',
};
/** What is so at a hop; of other kinds it is broken. */
const wrongs: Readonly<Partial<Record<IncidentKind, string>>> = {
  slow: 'Late',
  lossy: 'Gaps',
  duplicated: 'Duplicates',
  corrupted: 'Damage',
};

/** Plain English for somebody woken at 3 a.m. who has never seen this before. */
export const english: Words = {
  phrases: englishPhrases,
  severity: { critical: 'critical', warning: 'warning' },
  speech: englishSpeech,
  evidence: evidenceTemplates,
  briefs: {
    slow: 'over {within:span}',
    'clock-ahead': 'CLOCK jumped {by:span} forward',
    'clock-behind': 'CLOCK jumped {by:span} back',
    'ping-late': 'no ping for {for:span}',
    'ping-never': 'no ping for {for:span}',
    'not-shown': '{missing:number} lines missing here but seen downstream',
    inconsistent: '{missing:number} lines missing here but seen downstream',
    'peer-silent': 'this logcanary was not heard for {for:span}',
    'figure-over': '{figure} at {used:level}: OVER {limit:term}',
    'figure-near': '{figure} at {used:level}: NEAR {limit:term}',
    'figure-soon': '{figure} at {used:level}: {left:span} to {limit:term}',
    'figure-perhaps-soon': '{figure} at {used:level}: {left:span} to {limit:term}',
    problem: 'UNHEALTHY: {problem:term}',
    undelivered: '{channels:list} failed the drill',
    dropped: '{agent} UNHEALTHY: {count:number} {what:term} on {names:list}',
    'dropped-by': '{agent} UNHEALTHY: {count:number} {what:term} on {names:list}',
  },
  looks: {},
  gap: ' ',
  test: (title) => `TEST ${title}`,
  update: (title, severity) => `${severity === 'critical' ? 'NOW CRITICAL:' : 'UPDATE'} ${title}`,
  recovered: (what, ms) => `RECOVERED ${ms === undefined ? '' : `after ${spokenDuration(ms)}: `}${what}`,
  ended: (what, ms) => `ENDED ${ms === undefined ? '' : `after ${spokenDuration(ms)}: `}${what}`,
  testNote: 'This is a test page: nothing is broken.',
  urgency: (severity, when) =>
    `${{ critical: 'Critical', warning: 'Warning' }[severity]}${when === undefined ? '.' : whens[when]}`,
  criticalSince: (at, ms) => ['Critical since ', { at }, `, after ${spokenDuration(ms)}.`],
  onlyFigure: 'Only this figure is unknown. It says nothing of the lines.',
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
  lossDecided: (at, someLost, above) =>
    someLost
      ? [
          `Counted as lost: not arrived in time.${above === '' ? '' : ` If ${above} still holds them, they can still arrive.`}`,
        ]
      : ['They may still arrive: we count lines as lost only from ', { at }, ' on (our rule, no deadline to act).'],
  where,
  whom: ({ affected, total, nodes, names, common }) =>
    [
      affected === total
        ? `All ${counted(total)} ${units(nodes)}`
        : `${counted(affected)} of ${counted(total)} ${units(nodes)}`,
      common === '' ? '' : `, mostly ${common}`,
      names === '' ? '.' : `: ${names}.`,
    ].join(''),
  looksComplete: (hop, complete, asked) => {
    if (complete === asked) return `logcanary can read ${hop} (last ${asked} reads OK).`;
    return complete === 0
      ? `logcanary cannot read ${hop} (none of the last ${asked} reads OK).`
      : `logcanary reads ${hop} in part (${complete} of the last ${asked} reads OK).`;
  },
  was: (evidence) => `Said while it lasted: “${evidence}”`,
  runway: (entries) => ['Act before ', ...joined(entries), '.'],
  runsOut: (figure, limit) => `${figure} reaches ${limit}`,
  runwayEntry: (what, at, earliest, latest) => [
    { at },
    ' (',
    { at: earliest, brief: true },
    latest === undefined ? ' or later' : '–',
    ...(latest === undefined ? [] : [{ at: latest, brief: true } as const]),
    `): ${what}`,
  ],
  changed: (entries, more) => ['Changed shortly before: ', ...joined(entries), more > 0 ? `; and ${more} more.` : '.'],
  firstLook: 'First look: ',
  colon: ': ',
  behind: (names) => `Downstream, not paged separately: ${names}.`,
  list: (shown, more) => englishSpeech.list({ shown, more }),
  note: { cause: 'cause', remediation: 'remediation', ticket: 'ticket' },
  links: { page: 'Open logcanary', incident: 'Incident', runbook: 'Runbook', discover: 'Discover' },
};

function where(facts: IncidentFacts): string {
  const { between, unreadable, state } = facts;
  if (between === undefined) return '';
  if (state === 'resolved') return `It was between ${from(facts)} and ${name(between.to)}.`;
  if (unreadable.length > 0) {
    return `Broken somewhere between ${from(facts)} and ${name(between.to)}; logcanary cannot read ${someOf(unreadable, 2)}, so it may be before or after it.`;
  }
  return `OK up to: ${from(facts)}. ${wrongs[facts.kind] ?? 'Broken'} at: ${name(between.to)}.`;
}

function tally({ overdue, delayed, excused, unverifiable, lost, pending, settled }: Tally): string {
  const said = [
    several(overdue, 'overdue'),
    several(delayed, 'late'),
    several(excused, 'lost with their node'),
    several(unverifiable, 'we could not check'),
    several(lost, 'counted as lost') || (settled ? '0 lost' : 'none known to be lost'),
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
