/** What is done when peers are heard, and while they are not: telling in their place, and what they told once they are gone. */
import { evidenceOf, evidenceText } from '../core/evidence.ts';
import type { PeerIncident, PeerReport, PeerTaken, PeerTold } from '../core/peer.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isFailing } from './look-outcome.ts';
import { discard, enqueue, wants } from './outbox.ts';
import { givenUpMs, heard, isGivenUp, type PeerState, peersRow, type Taken } from './peer-state.ts';
import {
  hasTold,
  isFirst,
  isTaken,
  leftToLiving,
  leftToPeer,
  patienceMs,
  settingsOf,
  standingOf,
  theirsOf,
  toldByGone,
} from './peering.ts';
import { isQuiet } from './silencing.ts';
import type { EngineState, IncidentState, PipelineState } from './state.ts';
import { beginTelling } from './storm.ts';

const takenLimit = 500;
const keptResolved = 200;

/** A peer answered. */
export function onPeerHeard(state: EngineState, name: string, report: PeerReport): void {
  const peer = peerOf(state, name);
  if (peer === undefined) return;
  peer.trouble = strangerIn(state, report);
  if (peer.trouble !== undefined) return;
  const before = peer.report;
  peer.heardAt = state.now;
  Object.assign(peer, heard(withItsName(report, name)));
  const { settings, deaf } = differences(state, report);
  peer.differsSince = settings.length > 0 || deaf ? (peer.differsSince ?? state.now) : undefined;
  noteClosed(state, before, report);
  peer.given = peer.given.filter((each) => report.taken.some((claim) => isSameClaim(claim, each)));
  for (const each of report.taken) if (each.instance === state.instance) giveOver(state, peer, each);
  // It heard us twice in a row, so it knows what we took: from now on it is up to itself.
  if ([before, report].every((each) => each?.hears.includes(state.instance))) peer.taken = [];
  state.nextJudgeAt = 0;
  store(state);
}

/** It did not answer, or not as a logcanary does. */
export function onPeerMissed(state: EngineState, name: string, why: string): void {
  const peer = peerOf(state, name);
  if (peer) peer.trouble = why;
}

function peerOf({ peers }: EngineState, name: string): PeerState | undefined {
  return peers.find(({ spec }) => spec.name === name);
}

function store(state: EngineState): void {
  state.pending.push({ op: 'put', table: 'meta', row: peersRow(state.peers) });
}

/** Why whoever answered is no peer at all. */
function strangerIn({ instance, config }: EngineState, report: PeerReport): string | undefined {
  if (report.instance === instance) return 'its address leads to ourselves; write that of the other logcanary';
  if (report.deployment === config.deployment) return undefined;
  return `its deployment is "${report.deployment}", ours is "${config.deployment}"; peers must have the same`;
}

/** People who look at our page see where a window was set. */
function withItsName(report: PeerReport, name: string): PeerReport {
  const named = <T extends { readonly id: string }>(each: T): T => ({ ...each, id: `${name}/${each.id}` });
  return { ...report, maintenance: report.maintenance.map(named), silences: report.silences.map(named) };
}

export interface Differences {
  /** Where its settings are not ours, so that each tells by other rules. */
  readonly settings: readonly string[];
  /** It does not hear us. */
  readonly deaf: boolean;
}

export function differences(state: EngineState, { terms, channels, hears }: PeerReport): Differences {
  const ours = settingsOf(state);
  const differing = (one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>) =>
    [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => one[key] !== other[key]);
  const settings = [
    ...differing(ours.terms, terms).map((pipeline) => `pipelines: ${pipeline}`),
    ...differing(ours.channels, channels).map((channel) => `notify: ${channel}`),
  ];
  return { settings, deaf: !hears.includes(state.instance) };
}

/**
 * A peer has told the end of what we still have: it saw it before it got bad again, or gave us up. Channels took it for over, so
 * they are told anew as soon as we see it bad again.
 */
function noteClosed(state: EngineState, before: PeerReport | undefined, { open, instance }: PeerReport): void {
  if (before?.instance !== instance) return;
  const still = new Set(open.map(({ dedupKey }) => dedupKey));
  const dropped = new Set(before.open.map(({ dedupKey }) => dedupKey).filter((key) => !still.has(key)));
  if (dropped.size === 0) return;
  for (const incident of state.open.values()) if (dropped.has(incident.facts.dedupKey)) incident.closedAt = state.now;
}

/** Somebody went on with what we told while we were away. */
function giveOver(state: EngineState, peer: PeerState, claim: PeerTaken): void {
  const { id, notifier } = claim;
  // Once for each claim, however often it is heard, and by whatever process of ours: we may have told it anew since.
  if (peer.given.some((each) => isSameClaim(each, claim))) return;
  const incident = [...state.open.values(), ...state.resolved].find((each) => each.facts.id === id);
  if (incident === undefined || keeps(state, peer, incident, notifier)) return;
  letGo(state, incident, notifier);
  peer.given = [...peer.given, claim].slice(-takenLimit);
  discard(state, incident, notifier, 'another logcanary told the end of it');
  if (incident.facts.state === 'resolved') return;
  incident.closedAt = state.now;
  const spec = state.notifiers.find(({ name }) => name === notifier);
  if (spec?.deduplicates === true) return;
  incident.notified = incident.notified.filter((name) => name !== notifier);
  incident.leftSince = (incident.leftSince ?? new Map()).set(notifier, state.now);
  state.changedIncidents.add(incident);
}

function isSameClaim(one: PeerTaken, other: PeerTaken): boolean {
  return one.instance === other.instance && one.id === other.id && one.notifier === other.notifier;
}

function isHeldBy({ ours, notifier }: Taken, { facts }: IncidentState, name: string): boolean {
  return ours === facts.id && notifier === name;
}

/** Each says that it went on with the other's, as their answers crossed: one of them must keep it, or nobody tells the end. */
function keeps(state: EngineState, peer: PeerState, incident: IncidentState, name: string): boolean {
  if (peer.report === undefined || peer.report.instance < state.instance) return false;
  return (
    peer.taken.some((each) => isHeldBy(each, incident, name)) && hasTold(theirsOf(peer, incident), name) !== undefined
  );
}

/** What we had taken and another one took from us is its own now: were we still to claim it, whoever had it first would give it back. */
function letGo({ peers }: EngineState, incident: IncidentState, name: string): void {
  for (const peer of peers) peer.taken = peer.taken.filter((each) => !isHeldBy(each, incident, name));
}

/** With each tick. */
export function actForPeers(state: EngineState): void {
  if (state.peers.length === 0) return;
  for (const incident of state.open.values()) {
    // what we do not see cannot be bad again
    if (incident.closedAt !== undefined && standingOf(state, incident) === 'unseen') incident.closedAt = state.now;
    for (const name of incident.leftSince?.keys() ?? []) tellWhatWasLeft(state, incident, name);
    tellAnew(state, incident);
  }
  for (const peer of state.peers) if (isGivenUp(state, peer)) endWhatItTold(state, peer);
}

function tellWhatWasLeft(state: EngineState, incident: IncidentState, name: string): void {
  const notifier = state.notifiers.find((each) => each.name === name);
  if (notifier === undefined || incident.notified.includes(name) || incident.refusedBy?.has(name)) {
    incident.leftSince?.delete(name);
    return;
  }
  if (isSaidToBeOver(state, incident)) {
    // whoever goes first has its time from when it is bad again
    incident.leftSince?.set(name, state.now);
    return;
  }
  const since = incident.leftSince?.get(name) ?? state.now;
  if (leftToLiving(state, incident, name, since) || takeOver(state, incident, name)) return;
  if (incident.standsIn?.has(name) ? leftToPeer(state, notifier, incident) : !wants(state, notifier, incident)) return;
  incident.leftSince?.delete(name);
  beginTelling(state, incident, name);
}

/** It is only not resolved yet, or a peer said so and nothing newer is known. */
function isSaidToBeOver(state: EngineState, incident: IncidentState): boolean {
  const { closedAt, lastBadAt } = incident;
  return standingOf(state, incident) === 'over' || (closedAt !== undefined && lastBadAt <= closedAt);
}

/** What a peer told that is gone is not told again: we go on with it, and tell its end. */
function takeOver(state: EngineState, incident: IncidentState, name: string): boolean {
  for (const peer of state.peers) {
    const told = toldByGone(state, peer, incident, name);
    const theirs = theirsOf(peer, incident);
    if (!theirs || !told) continue;
    take(peer, theirs, name, incident);
    for (const each of state.peers)
      each.given = each.given.filter(({ id, notifier }) => id !== incident.facts.id || notifier !== name);
    if (told.storm) incident.facts = { ...incident.facts, storm: [...(incident.facts.storm ?? []), name] };
    else incident.notified = [...incident.notified, name];
    if (told.receipt !== undefined) incident.receipts = { ...incident.receipts, [name]: told.receipt };
    incident.leftSince?.delete(name);
    state.changedIncidents.add(incident);
    store(state);
    return true;
  }
  return false;
}

function take(peer: PeerState, { id }: PeerIncident, notifier: string, { facts }: IncidentState): void {
  const instance = peer.report?.instance ?? '';
  peer.taken = [...peer.taken, { instance, id, notifier, ours: facts.id }].slice(-takenLimit);
}

/** Where the same key wakes nobody again unless it was over there. */
function tellAnew(state: EngineState, incident: IncidentState): void {
  const { closedAt, lastBadAt, notified } = incident;
  if (closedAt === undefined || lastBadAt <= closedAt || isQuiet(state, incident.facts)) return;
  incident.closedAt = undefined;
  const deduplicating = state.notifiers.filter(({ deduplicates }) => deduplicates === true);
  for (const { name } of deduplicating) if (notified.includes(name)) enqueue(state, incident, name, 'trigger');
}

/** A peer alone saw something, told it, and is gone: where we see that all is well there, we tell the end in its place. */
function endWhatItTold(state: EngineState, peer: PeerState): void {
  const { report, heardAt } = peer;
  if (report === undefined || report.open.length === 0) return;
  if (!isFirst(state) && state.now - heardAt < givenUpMs + patienceMs) return;
  const open = new Set([...state.open.values()].map(({ facts }) => facts.dedupKey));
  const rest: PeerIncident[] = [];
  for (const theirs of report.open) {
    if (open.has(theirs.dedupKey) || !isFineHere(state, theirs, heardAt)) rest.push(theirs);
    else endInPlace(state, peer, theirs);
  }
  if (rest.length === report.open.length) return;
  Object.assign(peer, heard({ ...report, open: rest }));
  store(state);
}

/** Seen to be well since. */
function isFineHere({ pipelines }: EngineState, theirs: PeerIncident, heardAt: EpochMs): boolean {
  const pipeline = pipelines.find(({ spec }) => spec.name === theirs.pipeline);
  return pipeline !== undefined && isFineSince(pipeline, theirs, heardAt);
}

/** Channels that were told by it and did not hear the end from us. */
function notEnded(state: EngineState, peer: PeerState, theirs: PeerIncident): PeerTold[] {
  const isSame = ({ facts }: IncidentState) => facts.dedupKey === theirs.dedupKey;
  const over = state.resolved.filter((each) => isSame(each) && (each.facts.resolvedAt ?? 0) > peer.heardAt);
  return theirs.told.filter(
    ({ notifier, storm }) =>
      !storm &&
      state.notifiers.some(({ name }) => name === notifier) &&
      !isTaken(state, peer, theirs, notifier) &&
      !over.some(({ notified }) => notified.includes(notifier)),
  );
}

/** Of what concerned its own side only, nothing is left with it. */
function isFineSince({ hops, checks }: PipelineState, { hop: name }: PeerIncident, since: EpochMs): boolean {
  const hop = hops.find(({ spec }) => spec.name === name);
  if (hop) return !isFailing(hop) && (hop.seenTimes.at(-1) ?? 0) > since;
  const check = checks.find(({ spec }) => spec.name === name);
  return check === undefined || (check.failures === 0 && check.resultAt > since);
}

function endInPlace(state: EngineState, peer: PeerState, theirs: PeerIncident): void {
  const told = notEnded(state, peer, theirs);
  if (told.length === 0) return;
  const receipts = told.flatMap(({ notifier, receipt }) => (receipt === undefined ? [] : [[notifier, receipt]]));
  const number = state.next.incident++;
  const incident: IncidentState = {
    number,
    facts: factsOf(state, `inc-${number}`, peer, theirs),
    countedAt: state.now,
    notified: told.map(({ notifier }) => notifier),
    receipts: Object.fromEntries(receipts),
    lastBadAt: state.now,
    goodSince: state.now,
  };
  state.resolved.unshift(incident);
  if (state.resolved.length > keptResolved) state.resolved.pop();
  state.changedIncidents.add(incident);
  for (const { notifier } of told) {
    take(peer, theirs, notifier, incident);
    enqueue(state, incident, notifier, 'resolve');
  }
}

function factsOf(state: EngineState, id: string, { spec }: PeerState, theirs: PeerIncident): IncidentState['facts'] {
  const { dedupKey, pipeline, hop, kind, severity, openedAt, since } = theirs;
  const evidence = [evidenceOf('peer-told', { name: spec.name })];
  return {
    ...{ id, deployment: state.config.deployment, pipeline, hop, kind, severity, dedupKey, openedAt, since },
    ...{ state: 'resolved', resolvedAt: state.now, unreadable: [], streams: { affected: 0, total: 0, names: [] } },
    ...{ counts: {}, looks: { complete: 0, asked: 0 }, behind: [], firstLook: [] },
    ...{ detail: evidenceText(evidence), evidence },
  };
}
