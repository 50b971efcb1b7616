/** What is wrong between us and our peers, and how they are shown. */
import { evidenceOf } from '../core/evidence.ts';
import { looksFor, ownAdvice } from '../core/first-look.ts';
import type { PeerView } from '../core/status.ts';
import type { Finding } from './finding.ts';
import { differences } from './peer-news.ts';
import { differsMs, givenUpMs, isAlive, isGivenUp, isHeard, type PeerState } from './peer-state.ts';
import type { EngineState } from './state.ts';

const base = { streams: [], totalStreams: 0, severity: 'warning' as const };

export function peerFindings(state: EngineState): Finding[] {
  return state.peers.flatMap((peer) => goneFinding(state, peer) ?? differsFinding(state, peer) ?? []);
}

/** One that was heard before is silent; one that never was is more likely set up wrongly than dead. */
function goneFinding(state: EngineState, peer: PeerState): Finding | undefined {
  const { spec, heardAt, trouble = 'none yet' } = peer;
  if (!isGivenUp(state, peer) || state.now - Math.max(heardAt, state.startedAt) <= givenUpMs) return undefined;
  const key = heardAt === 0 ? 'peer-never' : 'peer-silent';
  const since = heardAt === 0 ? state.startedAt : heardAt;
  const detail = [evidenceOf(key, { name: spec.name, for: state.now - since, answer: trouble })];
  const firstLook = looksFor(ownAdvice['peer-silent'], { name: spec.name, url: spec.url });
  return { ...base, kind: heardAt === 0 ? 'unproven' : 'silent', hop: spec.name, since, detail, firstLook };
}

function differsFinding(state: EngineState, peer: PeerState): Finding | undefined {
  const { spec, report, differsSince: since } = peer;
  if (report === undefined || since === undefined || state.now - since <= differsMs) return undefined;
  const { settings, deaf } = differences(state, report);
  const { name } = spec;
  const detail = [
    ...(settings.length > 0 ? [evidenceOf('peer-differs', { name, settings: { shown: settings, more: 0 } })] : []),
    ...(deaf ? [evidenceOf('peer-deaf', { name })] : []),
  ];
  const firstLook = looksFor(ownAdvice['peer-differs'], { name });
  return { ...base, kind: 'unproven', hop: name, since, detail, firstLook };
}

export function peerViews(state: EngineState): PeerView[] {
  return state.peers.map((peer) => {
    const { spec, heardAt, trouble, report } = peer;
    const { settings, deaf } = report ? differences(state, report) : { settings: [], deaf: false };
    const awaited = [...state.open.values()].filter(({ awaits }) => awaits?.includes(spec.name));
    return {
      name: spec.name,
      state: stateOf(state, peer),
      ...(heardAt === 0 ? {} : { heardAt }),
      ...(trouble === undefined ? {} : { trouble }),
      ...(report === undefined ? {} : { goesFirst: report.instance < state.instance }),
      differs: [...settings, ...(deaf ? ['it does not hear us'] : [])],
      awaited: awaited.map(({ facts }) => facts.id),
    };
  });
}

function stateOf(state: EngineState, peer: PeerState): PeerView['state'] {
  if (isHeard(state, peer) && isAlive(state, peer)) return 'heard';
  return peer.heardAt === 0 || isAlive(state, peer) ? 'unheard' : 'silent';
}
