/** Findings that stay become incidents; incidents whose cause is gone for long enough are resolved. Each change is told once. */
import { dedupKeyOf } from '../core/dedup-key.ts';
import type { IncidentFacts } from '../core/incident.ts';
import type { Severity } from '../core/pipeline.ts';
import { changedBefore, noteNodes } from './changes.ts';
import { deploymentFindings, isOfDeployment } from './deployment-finding.ts';
import { areNodes, countsSince, type Finding, isWatched, saidOf } from './finding.ts';
import { type Findings, findingsOf } from './findings.ts';
import { flapsOf, sayFlapping, steadyFor } from './flapping.ts';
import { hopsBehind, mayBeStoppedAgainMs } from './flow.ts';
import { flowKinds, keyOf } from './incident-place.ts';
import { notify } from './outbox.ts';
import { peersAgree } from './peering.ts';
import { readingFindings } from './reading.ts';
import { contradictedAfterMs, isThereAgain } from './recheck-finding.ts';
import { isResting } from './rest.ts';
import { runwayOf } from './runway.ts';
import type { CheckState, EngineState, HopState, IncidentState, PipelineState } from './state.ts';

/** A stop or an unreadable hop pages when it concerns at least this share of the streams (design §5). */
const pageReach = 0.2;
const keptResolved = 200;
/** Test lines that must arrive before a stop is over (facts: 5 good). */
const goodArrivals = 5;

export function judgeIncidents(state: EngineState): void {
  for (const pipeline of state.pipelines) {
    noteListed(pipeline);
    const resting = isResting(state, pipeline);
    const found = resting ? { present: [], held: new Set<string>() } : withReadings(state, pipeline);
    const findings = withDeployment(state, pipeline, found);
    for (const finding of findings.present) raise(state, pipeline, finding);
    for (const incident of [...state.open.values()]) {
      const { facts } = incident;
      if (facts.pipeline !== pipeline.spec.name || (resting && !isOfDeployment(state, facts))) continue;
      settle(state, pipeline, incident, findings);
    }
  }
  resolveRemoved(state);
}

function noteListed({ injectors, changes }: PipelineState): void {
  for (const [at, { listedOnce, streams, listedAt }] of injectors.entries())
    if (listedOnce) noteNodes(changes, at, streams.values(), listedAt);
}

/** A pipeline taken out of the configuration is not watched any more: its incidents end. */
function resolveRemoved(state: EngineState): void {
  for (const incident of [...state.open.values()]) {
    if (state.pipelines.some((each) => each.spec.name === incident.facts.pipeline)) continue;
    incident.goodSince ??= state.now;
    if (peersAgree(state, incident)) resolve(state, undefined, incident);
  }
}

function withReadings(state: EngineState, pipeline: PipelineState): Findings {
  const { present, held } = findingsOf(state, pipeline);
  return { held, present: [...present, ...readingFindings(state, pipeline)] };
}

/** With the first pipeline what concerns the whole deployment. */
function withDeployment(state: EngineState, pipeline: PipelineState, { present, held }: Findings): Findings {
  const deployment = pipeline === state.pipelines[0] ? deploymentFindings(state) : [];
  return { held, present: [...present, ...deployment] };
}

function raise(state: EngineState, pipeline: PipelineState, finding: Finding): void {
  const place = { pipeline: pipeline.spec.name, hop: finding.hop, kind: finding.kind };
  const open = state.open.get(keyOf(place));
  if (open) {
    open.lastBadAt = state.now;
    open.goodSince = undefined;
    change(state, pipeline, open, finding);
    return;
  }
  const number = state.next.incident++;
  const severity = severityOf(state, pipeline, finding, state.now);
  const facts = factsOf(state, number, pipeline, finding, state.now, severity, finding.counts?.() ?? {});
  const told = { ...since(state, facts), ...runwayOf(state, pipeline, facts.kind) };
  const often = flapsOf(state, pipeline, facts.dedupKey);
  const incident: IncidentState = {
    number,
    facts: withChanges(pipeline, sayFlapping({ ...facts, ...told, ...often })),
    streams: finding.streams,
    alsoAt: alsoAt(finding),
    countedAt: state.now,
    notified: [],
    receipts: {},
    lastBadAt: state.now,
    goodSince: undefined,
  };
  state.changedIncidents.add(incident);
  state.open.set(keyOf(place), incident);
  notify(state, incident, 'trigger');
}

function change(state: EngineState, pipeline: PipelineState, incident: IncidentState, finding: Finding): void {
  const before = incident.facts;
  // Once critical it stays so: a page is not taken back because the trouble moved a little.
  const severity = before.severity === 'critical' ? 'critical' : severityOf(state, pipeline, finding, before.openedAt);
  const recount = before.severity !== severity || state.now - incident.countedAt >= recountMs(finding);
  if (recount) incident.countedAt = state.now;
  const counts = recount ? (finding.counts?.() ?? {}) : before.counts;
  const facts = factsOf(state, incident.number, pipeline, finding, before.openedAt, severity, counts);
  const { changed, runway, streams } = before;
  const ahead = recount ? runwayOf(state, pipeline, facts.kind) : runway === undefined ? {} : { runway };
  const kept = { ...since(state, facts, before), ...keptOf(before) };
  incident.facts = withChanges(pipeline, sayFlapping({ ...facts, ...ahead, ...kept }));
  incident.streams = finding.streams;
  incident.alsoAt = alsoAt(finding, incident);
  const isNews = before.severity !== severity || streams.affected !== facts.streams.affected;
  if (isNews || changed !== incident.facts.changed) state.changedIncidents.add(incident);
  if (before.severity !== severity) notify(state, incident, 'trigger');
}

function alsoAt({ alsoAt: now = [] }: Finding, before?: IncidentState): readonly string[] {
  return [...new Set([...(before?.alsoAt ?? []), ...now])];
}

/** What does not follow from how it is now. */
function keptOf({ changed, notes, storm, flapping }: IncidentFacts): Partial<IncidentFacts> {
  return {
    ...(changed && { changed }),
    ...(notes && { notes }),
    ...(storm && { storm }),
    ...(flapping && { flapping }),
  };
}

/** Since when it is so bad: neither moves forward while it is open. */
function since(
  state: EngineState,
  facts: IncidentFacts,
  before: IncidentFacts = facts,
): Pick<IncidentFacts, 'since' | 'criticalAt'> {
  const began = { since: Math.min(before.since, facts.since) };
  return facts.severity === 'critical' ? { ...began, criticalAt: before.criticalAt ?? state.now } : began;
}

function withChanges({ changes }: PipelineState, facts: IncidentFacts): IncidentFacts {
  const changed = changedBefore(changes, facts);
  return changed === facts.changed || changed.length === 0 ? facts : { ...facts, changed };
}

/** Counting walks the streams concerned: the more there are, the rarer it is done while an incident lasts. */
function recountMs(finding: Finding): number {
  return Math.max(5_000, finding.totalStreams * 5);
}

/** When loss is decided is told only while something may still be lost. */
function told(
  { lossDecidedAt }: Finding,
  counts: IncidentFacts['counts'],
): Pick<IncidentFacts, 'counts' | 'lossDecidedAt'> {
  return { counts, ...(lossDecidedAt !== undefined && counts.overdue ? { lossDecidedAt } : {}) };
}

function severityOf(state: EngineState, pipeline: PipelineState, finding: Finding, openedAt: number): Severity {
  if (finding.severity) return finding.severity;
  const wide = finding.totalStreams > 0 && finding.streams.length >= pageReach * finding.totalStreams;
  const long = state.now - openedAt >= pipeline.spec.pageAfterMs;
  const pages = finding.kind === 'stopped' || finding.kind === 'unreadable';
  return pages && wide && long ? 'critical' : 'warning';
}

function factsOf(
  state: EngineState,
  number: number,
  pipeline: PipelineState,
  finding: Finding,
  openedAt: number,
  severity: Severity,
  counts: IncidentFacts['counts'],
): IncidentFacts {
  const { deployment } = state.config;
  const name = pipeline.spec.name;
  return {
    id: `inc-${number}`,
    deployment,
    pipeline: name,
    hop: finding.hop,
    kind: finding.kind,
    severity,
    state: 'open',
    dedupKey: dedupKeyOf(deployment, name, finding.hop, finding.kind),
    openedAt,
    since: Math.min(finding.since || openedAt, openedAt),
    ...(finding.between ? { between: finding.between } : {}),
    unreadable: finding.unreadable ?? [],
    streams: {
      affected: finding.streams.length,
      total: finding.totalStreams,
      names: finding.streams.slice(0, 20).map((stream) => stream.name),
      ...(areNodes(finding.streams) ? { nodes: true } : {}),
      ...(finding.labels === undefined ? {} : { labels: finding.labels }),
    },
    ...told(finding, counts),
    looks: finding.looks ?? { complete: 0, asked: 0 },
    behind: finding.behind ?? [],
    ...saidOf(finding),
  };
}

/** Resolves an incident once its finding was absent for `resolve_after`, with fresh evidence that things are good. */
function settle(state: EngineState, pipeline: PipelineState, incident: IncidentState, findings: Findings): void {
  const { facts } = incident;
  const present = findings.present.some((each) => each.kind === facts.kind && each.hop === facts.hop);
  if (present || findings.held.has(`${facts.hop} ${facts.kind}`)) return;
  const hop = pipeline.hops.find((each) => each.spec.name === facts.hop);
  if (!freshEvidence(state, pipeline, incident)) return;
  incident.goodSince ??= state.now;
  if (state.now - incident.goodSince < steadyFor(facts, goodFor(pipeline, facts, hop))) return;
  if (hop && !isGoodOften(state, hop, incident)) return;
  if (peersAgree(state, incident)) resolve(state, hop, incident);
}

/** One line that slips through is not a flow. Where no stream is left, nothing can come through. */
function isGoodOften({ streamsByNumber }: EngineState, { seenTimes }: HopState, incident: IncidentState): boolean {
  const { facts, goodSince = 0 } = incident;
  if ((facts.kind !== 'stopped' && facts.kind !== 'slow') || streamsByNumber.size === 0) return true;
  return (seenTimes.at(-goodArrivals) ?? 0) >= goodSince;
}

/** How long it must have been good, ms. A stop in a slow schedule needs longer to show that it goes on. */
function goodFor(pipeline: PipelineState, { kind }: IncidentFacts, hop: HopState | undefined): number {
  const tracks = kind === 'stopped' && hop ? hop.tracks : [];
  const written = tracks.filter(isWatched);
  const shows = kind === 'inconsistent' && hop ? contradictedAfterMs(hop) : 0;
  return Math.max(pipeline.spec.resolveAfterMs, shows, ...written.map(mayBeStoppedAgainMs));
}

/** Silence is not recovery: something must have been seen, or read, or gone out since the trouble was last there. */
function freshEvidence(state: EngineState, pipeline: PipelineState, incident: IncidentState): boolean {
  const { kind } = incident.facts;
  const hop = pipeline.hops.find((each) => each.spec.name === incident.facts.hop);
  const checks = checksAt(pipeline, incident.facts.hop, hop);
  if (kind === 'reading' || ((kind === 'blind' || kind === 'unreadable') && !hop)) {
    // Part of an answer may be the part where all is well: the node that says no more may be the one that is full.
    return checks.every(
      (check) => check.failures === 0 && check.resultAt > incident.lastBadAt && check.result?.why === undefined,
    );
  }
  if (kind === 'silent' || (kind === 'unproven' && !hop)) return cameSince(state, incident);
  if (kind === 'injection') return wentOutSince(pipeline, incident.lastBadAt);
  if (kind === 'isolated') return pipeline.hops.some((each) => each.looks.at(-1)?.coverage === 'complete');
  if (!hop) return true;
  const last = hop.looks.at(-1);
  if (kind === 'unreadable' || kind === 'blind') return last?.coverage === 'complete';
  if (kind === 'forged' || kind === 'unproven' || kind === 'misrouted') return last?.coverage === 'complete';
  if (kind === 'vanished' || kind === 'inconsistent') return isThereAgain(hop, incident);
  const lastSeen = hop.seenTimes.at(-1) ?? 0;
  return lastSeen >= incident.lastBadAt || state.streamsByNumber.size === 0;
}

/** The expected ping came again, or is not expected any more. */
function cameSince(state: EngineState, { facts, lastBadAt }: IncidentState): boolean {
  const expected = state.config.expectedPings.some((ping) => ping.name === facts.hop);
  return !expected || (state.pings.get(facts.hop) ?? 0) > lastBadAt;
}

/** Lines go out again wherever there is a stream to write to. */
function wentOutSince(pipeline: PipelineState, since: number): boolean {
  const streams = pipeline.injectors.flatMap((injector) => [...injector.streams.values()]);
  const active = streams.filter(
    ({ listed, leavingSince, held }) => listed && leavingSince === undefined && held === undefined,
  );
  return active.every((stream) => stream.lastEmittedAt > since);
}

/** The checks whose figures are told under a name: their own, or that of the hop at the same target. */
function checksAt(pipeline: PipelineState, name: string, hop: HopState | undefined): CheckState[] {
  return pipeline.checks.filter((check) => check.spec.name === name || check.target === hop?.target);
}

function resolve(state: EngineState, hop: HopState | undefined, incident: IncidentState): void {
  const { facts } = incident;
  const counts = hop ? countsSince(hop, facts.since) : facts.counts;
  incident.facts = { ...facts, state: 'resolved', resolvedAt: state.now, counts };
  state.changedIncidents.add(incident);
  state.open.delete(keyOf(facts));
  state.resolved.unshift(incident);
  if (state.resolved.length > keptResolved) state.resolved.pop();
  // What was emitted in its time belongs to it: a backlog that arrives late is not the next incident.
  if (hop && flowKinds.has(facts.kind)) hop.absorbBefore = Math.max(hop.absorbBefore, state.now);
  if (hop && (facts.kind === 'corrupted' || facts.kind === 'duplicated' || facts.kind === 'forged')) {
    for (const each of [hop, ...hopsBehind(hop)]) each.odd[facts.kind].length = 0;
  }
  notify(state, incident, 'resolve');
}
