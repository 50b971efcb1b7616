import type { IncidentFacts, IncidentKind } from '../core/incident.ts';
import type { HopState, HopView, StatusView } from '../core/status.ts';
import { incidentWords, streamsText, withRest } from './incident-words.ts';
import { type Moment, momentOf } from './moment.ts';
import { silenced } from './page-quiet.ts';
import { countOf, countText } from './quantity.ts';

/** The one sentence on top: what, since when, for whom, who was told. */
export interface Headline {
  /** Decides colour, shape and favicon. */
  readonly tone: HopState;
  readonly word: string;
  /** What follows the word; begins with a colon where it is a sentence of its own. */
  readonly rest: string;
  readonly since?: Moment;
  readonly whom: string;
  /** What people must not conclude, or empty. */
  readonly caution: string;
  readonly told: string;
  /** Whatever else must not be overlooked. */
  readonly notes: readonly string[];
}

/** Worst first: which state speaks for the whole. */
export const statesByGravity: readonly HopState[] = [
  'stopped',
  'lossy',
  'unreadable',
  'blind',
  'slow',
  'unproven',
  'unknown',
  'flowing',
  'off',
];

/** States in which we can see what we judge. */
const seen: ReadonlySet<HopState> = new Set(['flowing', 'slow', 'lossy', 'stopped', 'off', 'unknown']);

/** Kinds that say nothing against lines arriving. */
const besideTheFlow: ReadonlySet<IncidentKind> = new Set([
  'reading',
  'silent',
  'clock',
  'duplicated',
  'forged',
  'vanished',
  'inconsistent',
  'misrouted',
]);

export function headlineOf(view: StatusView): Headline {
  const worst = openIncidents(view)[0];
  const notes = notesOf(view, worst);
  if (worst === undefined || sparesTheFlow(worst, view)) return { ...fromHops(view, worst), notes };
  const words = incidentWords[worst.kind];
  const whom = streamsText(worst);
  return {
    tone: words.tone,
    word: words.word,
    rest: words.rest(worst),
    since: momentOf(worst.since, view.at),
    whom: whom === '' ? '' : `for ${whom}${nameList(worst)}`,
    caution: words.caution ?? '',
    told: toldText(view),
    notes,
  };
}

/** Critical first, then by kind's gravity, then the oldest. */
export function openIncidents(view: StatusView): readonly IncidentFacts[] {
  const gravity = (facts: IncidentFacts) => statesByGravity.indexOf(incidentWords[facts.kind].tone);
  const rank = (facts: IncidentFacts) => (facts.severity === 'critical' ? 0 : 1);
  return view.incidents
    .filter((one) => one.state === 'open')
    .toSorted((a, b) => rank(a) - rank(b) || gravity(a) - gravity(b) || a.since - b.since);
}

/** A warning about something else than the flow must not hide that lines arrive. */
function sparesTheFlow(worst: IncidentFacts, view: StatusView): boolean {
  const hops = allHops(view);
  return (
    worst.severity === 'warning' &&
    besideTheFlow.has(worst.kind) &&
    hops.length > 0 &&
    hops.every((hop) => hop.state === 'flowing' || hop.state === 'off')
  );
}

function fromHops(view: StatusView, warning: IncidentFacts | undefined): Omit<Headline, 'notes'> {
  const hops = allHops(view);
  const told = warning === undefined ? '' : toldText(view);
  const state = statesByGravity.find((one) => hops.some((hop) => hop.state === one));
  if (state === undefined)
    return { tone: 'unknown', word: 'NOTHING WATCHED', rest: ': no pipeline has a hop', whom: '', caution: '', told };
  if (!view.health.ok && (state === 'flowing' || state === 'off')) {
    return {
      tone: 'blind',
      word: 'UNSURE',
      rest: ': the last picture was good, but logcanary itself is not healthy',
      whom: '',
      caution: '',
      told,
    };
  }
  const names = hops
    .filter((hop) => hop.state === state)
    .map((hop) => hop.name)
    .join(', ');
  return {
    tone: state,
    ...hopSentence(state, names, hops),
    whom: '',
    caution: seen.has(state) ? '' : 'What we cannot see is not lost.',
    told,
  };
}

function hopSentence(
  state: HopState,
  names: string,
  hops: readonly HopView[],
): Partial<Headline> & Pick<Headline, 'word' | 'rest'> {
  const expected = hops.reduce((sum, hop) => sum + hop.expected, 0);
  switch (state) {
    case 'flowing':
      return expected === 0
        ? { tone: 'unknown', word: 'NO CANARIES YET', rest: ': none has been written, so nothing can be said' }
        : { word: 'FLOWING', rest: `: canaries arrive in time at ${names}` };
    case 'off':
      return { word: 'OFF', rest: `: by schedule: ${names}` };
    case 'unproven':
      return { word: 'NOT PROVEN YET', rest: `: no canary has been seen at ${names}` };
    case 'unknown':
      return { word: 'LOOKING', rest: `: nothing is known yet of ${names}` };
    case 'unreadable':
      return { word: 'UNREADABLE', rest: `at ${names}` };
    case 'blind':
      return { word: 'BLIND', rest: `at ${names}` };
    default:
      return { word: state.toUpperCase(), rest: `at ${names}; no incident has been opened for it yet` };
  }
}

function notesOf(view: StatusView, worst: IncidentFacts | undefined): string[] {
  const open = openIncidents(view);
  const spared = worst !== undefined && sparesTheFlow(worst, view);
  const others = spared ? open : open.slice(1);
  const warned = others
    .slice(0, 3)
    .map((one) => `${one.pipeline}: ${withRest(incidentWords[one.kind].word, incidentWords[one.kind].rest(one))}.`);
  const more = others.length > 3 ? [`And ${countOf(others.length - 3, 'more open incident')} below.`] : [];
  return [
    ...resting(view),
    ...maintained(view),
    ...silenced(view),
    ...warned,
    ...more,
    ...view.health.problems.map((problem) => `logcanary itself: ${problem}`),
  ];
}

/** Pipelines that nothing is told of, because they are switched off or have just been switched on. */
function resting({ pipelines, at }: StatusView): string[] {
  return pipelines.flatMap(({ name, rest }) => {
    const until = rest?.until === undefined ? '' : ` until ${momentOf(rest.until, at).text}`;
    if (rest?.state === 'hours') return [`${name} is off${until} (expected to flow ${rest.active}): nobody is told.`];
    if (rest?.state === 'no-nodes') return [`${name} is off: it has no node.`];
    return rest?.state === 'warming-up' ? [`${name} warms up${until}: nobody is told of it yet.`] : [];
  });
}

/** Windows that hold now: what begins within one is told to nobody. */
function maintained({ maintenance = [], at }: StatusView): string[] {
  const active = maintenance.filter(({ from }) => from <= at);
  return active.map(({ pipeline, hop, until, reason, by }) => {
    const place =
      pipeline === undefined ? 'everything' : [pipeline, hop].filter((part) => part !== undefined).join('/');
    return `Maintenance of ${place} until ${momentOf(until, at).text}, nobody is paged: ${reason} (${by}).`;
  });
}

/** The ledger counts notifications per channel, not per incident, so this says no more than that. */
function toldText({ notifications }: StatusView): string {
  if (notifications.length === 0) return 'Nobody is told: no notifier is configured.';
  const channels = notifications.map(({ notifier, sent, failed, waiting }) => {
    const trouble = [
      waiting > 0 ? `${countText(waiting)} waiting` : '',
      failed > 0 ? `${countOf(failed, 'try', 'tries')} refused` : '',
    ];
    return [`${notifier} ${countText(sent)} accepted`, ...trouble].filter((part) => part !== '').join(', ');
  });
  return `Notifications so far: ${channels.join('; ')}.`;
}

function nameList({ streams }: IncidentFacts): string {
  if (streams.names.length === 0) return '';
  const more = streams.affected - Math.min(3, streams.names.length);
  return ` (${streams.names.slice(0, 3).join(', ')}${more > 0 ? ` and ${countText(more)} more` : ''})`;
}

function allHops(view: StatusView): readonly HopView[] {
  return view.pipelines.flatMap((pipeline) => pipeline.hops);
}
