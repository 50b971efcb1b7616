/**
 * Who of several logcanaries tells what. Channels that deduplicate are told by all. Of the others each is told by one: the living
 * one with the smallest instance, or who sees what that one does not. What is over is told when all agree who can see it.
 */
import { settingsKeyOf } from '../core/dedup-key.ts';
import type { PeerIncident, PeerReport, PeerTaken, PeerTold, Standing } from '../core/peer.ts';
import type { NotifierSpec, PipelineSpec } from '../core/pipeline.ts';
import type { Silence } from '../core/silence.ts';
import { isActive } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isFailing } from './look-outcome.ts';
import { isAlive, isGivenUp, isHeard, type PeerState, takeoverMs } from './peer-state.ts';
import type { EngineState, IncidentState } from './state.ts';

/** Whoever goes first may be so much slower to see it, or to have it taken, before the next one tells, ms. */
export const patienceMs = 60_000;

/** What a peer said of our incident when it was last heard. */
export function theirsOf({ theirs }: PeerState, { facts }: IncidentState): PeerIncident | undefined {
  return theirs.get(facts.dedupKey);
}

export function hasTold(theirs: PeerIncident | undefined, notifier: string): PeerTold | undefined {
  return theirs?.told.find((each) => each.notifier === notifier);
}

/** A living peer has told this channel of the same, and will tell its end. */
export function isToldByPeer(state: EngineState, notifier: NotifierSpec, incident: IncidentState): boolean {
  if (notifier.deduplicates === true) return false;
  return state.peers.some((peer) => isAlive(state, peer) && hasTold(theirsOf(peer, incident), notifier.name));
}

/** A channel's beginning is left to a peer, for now; since when is noted, so that it is not left for ever. */
export function leftToPeer(state: EngineState, notifier: NotifierSpec, incident: IncidentState): boolean {
  const { name, deduplicates } = notifier;
  if (state.peers.length === 0 || deduplicates === true) return false;
  const since = incident.leftSince?.get(name) ?? state.now;
  const left =
    leftToLiving(state, incident, name, since) ||
    state.peers.some((peer) => toldByGone(state, peer, incident, name) !== undefined);
  if (left) incident.leftSince = (incident.leftSince ?? new Map()).set(name, since);
  return left;
}

/** What a peer told that is gone, and nobody went on with yet: the channel takes it for open. */
export function toldByGone(
  state: EngineState,
  peer: PeerState,
  incident: IncidentState,
  name: string,
): PeerTold | undefined {
  const theirs = isAlive(state, peer) ? undefined : theirsOf(peer, incident);
  return theirs === undefined || isTaken(state, peer, theirs, name) ? undefined : hasTold(theirs, name);
}

/** We, or another one that lives, answer for it already. */
export function isTaken(state: EngineState, peer: PeerState, { id }: PeerIncident, name: string): boolean {
  const isIt = (each: PeerTaken) => each.id === id && each.notifier === name && each.instance === peer.report?.instance;
  return peer.taken.some(isIt) || state.peers.some((other) => isAlive(state, other) && other.report?.taken.some(isIt));
}

/** Somebody who lives has told it, or has still time to. The time begins anew when one is gone. */
export function leftToLiving(state: EngineState, incident: IncidentState, name: string, since: EpochMs): boolean {
  const gone = state.peers.filter((peer) => peer.heardAt > 0 && !isAlive(state, peer));
  const from = Math.max(since, ...gone.map(({ heardAt }) => heardAt + takeoverMs));
  return state.peers.some((peer) => tellsFirst(state, peer, { name, incident, since: from }));
}

/** No healthy one goes before us. */
export function isFirst(state: EngineState): boolean {
  return !state.peers.some(
    (peer) => isAlive(state, peer) && peer.report?.healthy && peer.report.instance < state.instance,
  );
}

interface Left {
  readonly name: string;
  readonly incident: IncidentState;
  readonly since: EpochMs;
}

function tellsFirst(state: EngineState, peer: PeerState, { name, incident, since }: Left): boolean {
  if (!isAlive(state, peer)) return false;
  const { report } = peer;
  if (!isHeard(state, peer) || report === undefined) return true; // it may have told, or be the one to tell: soon we know
  if (hasTold(theirsOf(peer, incident), name)) return true;
  if (!report.healthy || report.instance > state.instance) return false;
  const canTell = name in report.channels && incident.facts.pipeline in report.terms;
  return canTell && state.now - since < patienceMs;
}

/** Where a channel does not deduplicate, what waits for it is kept until it is known what peers told there while we were away. */
export function awaitsPeers(state: EngineState, notifier: string): boolean {
  if (state.peers.every((peer) => isHeard(state, peer) || !isAlive(state, peer))) return false;
  return state.notifiers.some((each) => each.name === notifier && each.deduplicates !== true);
}

/**
 * Whether an end may be told: no peer that can see, and was heard lately, still has the same trouble. Who is waited for is noted
 * with the incident, so that they in turn need not wait for us.
 */
export function peersAgree(state: EngineState, incident: IncidentState): boolean {
  if (state.peers.length === 0) return true;
  const against = state.peers.filter((peer) => objects(state, peer, incident));
  incident.awaits = against.map(({ spec }) => spec.name);
  return against.length === 0;
}

function objects(state: EngineState, peer: PeerState, incident: IncidentState): boolean {
  if (isGivenUp(state, peer)) return false;
  if (!isHeard(state, peer) && isAlive(state, peer)) return true;
  return theirsOf(peer, incident)?.standing === 'open';
}

/** How we see it ourselves. */
export function standingOf(state: EngineState, { facts, awaits, goodSince }: IncidentState): Standing {
  if (awaits !== undefined && goodSince !== undefined) return 'over';
  const pipeline = state.pipelines.find(({ spec }) => spec.name === facts.pipeline);
  const hop = pipeline?.hops.find(({ spec }) => spec.name === facts.hop);
  const seesNothing = hop !== undefined && isFailing(hop) && facts.kind !== 'unreadable' && facts.kind !== 'blind';
  return seesNothing ? 'unseen' : 'open';
}

/** What we say of ourselves. */
export function reportOf(state: EngineState, healthy: boolean): PeerReport {
  const { config, instance, startedAt, now, open } = state;
  return {
    deployment: config.deployment,
    instance,
    startedAt,
    healthy,
    ...settingsOf(state),
    hears: state.peers.flatMap((peer) =>
      peer.report && isHeard(state, peer) && isAlive(state, peer) ? [peer.report.instance] : [],
    ),
    open: incidentsOf(state, [...open.values()]),
    taken: state.peers.flatMap(({ taken }) => taken.map(({ ours, ...rest }) => rest)),
    maintenance: state.maintenance.filter(({ until }) => until > now),
    silences: state.silences.flatMap((silence) => shared(state, silence)),
  };
}

function incidentsOf(state: EngineState, open: readonly IncidentState[]): PeerIncident[] {
  const triggers = [...state.outbox.values()].filter(({ row }) => row.action === 'trigger' && row.state === 'waiting');
  const waiting = new Set(triggers.map(({ row }) => `${row.incident} ${row.notifier}`));
  return open.map((incident) => {
    const { id, dedupKey, pipeline, hop, kind, severity, openedAt, since } = incident.facts;
    const taken = incident.notified.filter((name) => !waiting.has(`${incident.number} ${name}`));
    const told = taken.map((notifier): PeerTold => {
      const receipt = incident.receipts[notifier];
      return receipt === undefined ? { notifier } : { notifier, receipt };
    });
    for (const notifier of incident.facts.storm ?? []) told.push({ notifier, storm: true });
    const place = { pipeline, hop, kind };
    return { id, dedupKey, ...place, severity, openedAt, since, standing: standingOf(state, incident), told };
  });
}

/** A silence of one incident holds for the same trouble at peers, under whatever number. */
function shared(state: EngineState, silence: Silence): Silence[] {
  const { incident, ...rest } = silence;
  return isActive(silence, state.now) ? [rest] : [];
}

/** What must be the same for several to tell as one; everything about how they write and look is their own. */
export function settingsOf({ config, notifiers }: EngineState): Pick<PeerReport, 'terms' | 'channels'> {
  const terms = config.pipelines.map((spec) => [spec.name, settingsKeyOf(termsOf(spec))]);
  const channels = notifiers.map(({ options, locale, timezone, ...rest }) => [rest.name, settingsKeyOf(rest)]);
  return { terms: Object.fromEntries(terms), channels: Object.fromEntries(channels) };
}

function termsOf({ inject, checks, hops, keepCanariesMs, keepRollupsMs, ...rest }: PipelineSpec): unknown {
  return { ...rest, hops: hops.map(({ options, pollMs, timeoutMs, ...hop }) => hop) };
}
