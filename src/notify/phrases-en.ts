/** Titles in English, what is fine again after each, and what must not be concluded meanwhile. */
import type { IncidentFacts } from '../core/incident.ts';
import { answered, isRefusal } from './answer.ts';
import { inTitle } from './evidence-said.ts';
import {
  figureOf,
  hopOf,
  isDiskFull,
  isDropped,
  isPeer,
  isPing,
  isWritten,
  name,
  ourselves,
  pinger,
  stormOf,
  subject,
  unseen,
  whomOf,
} from './place.ts';
import { someOf } from './plain-text.ts';
import { counted } from './speech.ts';
import type { Phrase, Whom, Words } from './words.ts';

const notLoss = 'Whether lines are lost is unknown: none is counted as lost until we can look again.';

export const englishPhrases: Words['phrases'] = {
  stopped: flow('logs STOPPED', 'logs flow again'),
  slow: flow('logs SLOW', 'logs in time again'),
  lossy: flow('LOSING LINES', 'no new gaps', ({ counts: { lost = 0 } }) =>
    lost > 0 ? `${counted(lost)} stay lost.` : '',
  ),
  duplicated: flow('logs DUPLICATED', 'no new duplicates', () => 'What arrived twice is still there twice.'),
  corrupted: flow('logs CORRUPTED', 'no new damage', () => 'Lines that arrived damaged stay damaged.'),
  vanished: {
    open: (facts) => `${hopOf(facts)} LINES VANISHED: they had arrived and are gone`,
    over: (facts) => `${hopOf(facts)} loses no more of what arrived`,
    stays: () => 'What was removed stays removed.',
    caution: 'They had arrived, so somebody or some rule removed them. Other lines may be gone, too.',
  },
  inconsistent: {
    open: (facts, { brief = 'lines missing here but seen downstream' }) => `${hopOf(facts)} INCONSISTENT: ${brief}`,
    over: (facts) => `${hopOf(facts)} shows what is seen downstream again`,
    caution: 'Lines do get through: they are seen downstream. What can be found here is incomplete.',
  },
  misrouted: {
    open: (facts) => `${hopOf(facts)} MISROUTED: lines of another pipeline arrive`,
    over: (facts) => `${hopOf(facts)} gets no more lines of others`,
    stays: () => 'What arrived there still lies there: see who may read it.',
    caution: 'Lines of one tenant may be readable to another.',
  },
  unreadable: {
    open: (facts) =>
      noAnswer(facts, hopOf(facts)) ?? `${hopOf(facts)} UNREADABLE: refuses or errors; not proof of loss`,
    over: (facts) => `${hopOf(facts)} readable again`,
    caution: notLoss,
  },
  blind: {
    open: (facts) =>
      noAnswer(facts, unseen(facts, 'nodes')) ??
      `${unseen(facts, 'nodes')}: logcanary is BLIND (its own side); not proof of loss`,
    over: (facts) => `logcanary can look at ${unseen(facts, 'nodes')} again`,
    caution: `logcanary itself cannot look: its network, its credentials, or the way there. ${notLoss}`,
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
    over: (facts) => {
      if (isDropped(facts)) return `${hopOf(facts)}: nothing more is dropped`;
      return figureOf(facts) === ''
        ? `${hopOf(facts)} healthy again`
        : `${subject(facts)} ${figureOf(facts)} clear again`;
    },
    stays: (facts) => (isDropped(facts) ? 'What was dropped is gone.' : undefined),
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
      `${ourselves(facts)} ${said.brief === undefined ? `CLOCK jumped: ${inTitle(said, 'times may be off')}` : `${said.brief}; no effect on alerts`}`,
    over: (facts) => `${ourselves(facts)} clock steady again`,
  },
  unproven: {
    open: (facts, said) =>
      isPing(facts)
        ? `${pinger(facts)} NEVER HEARD${said.brief === undefined ? '' : `, ${said.brief}`}: did it run?`
        : isPeer(facts)
          ? `${pinger(facts)} NOT WORKING AS A PEER: check its settings`
          : `${hopOf(facts)} NEVER SEEN WORKING: check logcanary's settings`,
    over: (facts) =>
      isPing(facts)
        ? `${pinger(facts)} pinged for the first time`
        : isPeer(facts)
          ? `${pinger(facts)} works as a peer`
          : `${hopOf(facts)} works, a first test line was seen`,
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
    open: (facts, said) => {
      const storm = stormOf(facts);
      return storm === undefined
        ? `${ourselves(facts)} STORM: ${inTitle(said, 'many things at once')}`
        : `${ourselves(facts)} ${counted(storm.count)} ALERTS AT ONCE, worst: ${storm.worst}`;
    },
    over: (facts) => `${ourselves(facts)} storm of alerts is over`,
    caution: 'One cause may be behind all of them: begin with what lies furthest upstream.',
  },
  ledger: {
    open: (facts, said) =>
      isDiskFull(facts)
        ? `${ourselves(facts)} DISK FULL: other pages may not come`
        : `${ourselves(facts)} LEDGER FAILED: ${inTitle(said, 'nothing is recorded')}`,
    over: (facts) => `${ourselves(facts)} ledger records again`,
    caution: 'The ledger is its database. Until it is repaired nothing is recorded and other pages may not come.',
  },
};

/** @param stays as in `Phrase` */
function flow(word: string, over: string, stays?: Phrase['stays']): Phrase {
  return {
    open: (facts, { brief }) =>
      `${subject(facts)} ${word}${brief === undefined ? '' : ` (${brief})`} ${placeOf(facts)}${reach(facts)}`,
    over: (facts) => `${subject(facts)}${stays === undefined ? '' : ':'} ${over} ${placeOf(facts)}`,
    ...(stays !== undefined && { stays }),
  };
}

/** What the target answered, where that says more than any word of ours. */
function noAnswer(facts: IncidentFacts, seen: string): string | undefined {
  const answer = answered(facts);
  if (answer === undefined) return undefined;
  if (isRefusal(answer)) return `${seen}: REFUSES logcanary (${answer.status}); not proof of loss`;
  const who = `${seen}: ${answer.place === '' ? 'target' : answer.place}`;
  return `${who} ${answer.silent ? 'DOES NOT ANSWER' : `ANSWERS ${answer.status}`}; not proof of loss`;
}

function reach(facts: IncidentFacts): string {
  const { affected, total, nodes, common }: Whom = whomOf(facts);
  if (total === 0) return '';
  const number = affected === total && total > 1 ? `all ${total}` : `${affected}/${total}`;
  return `: ${number} ${units(nodes)}${common === '' ? '' : `, mostly ${common}`}`;
}

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
export function from({ between, streams }: IncidentFacts): string {
  const above = between?.from ?? '';
  return isWritten(above) ? units(streams.nodes === true) : name(above);
}

export function units(nodes: boolean): string {
  return nodes ? 'nodes' : 'sources';
}
