import type { IncidentFacts } from '../core/incident.ts';
import type { Note } from '../core/note.ts';
import type { Silence } from '../core/silence.ts';
import type { HopView, PipelineView, ReadingView, RestView, StatusView, TellingView } from '../core/status.ts';
import type { TraceView } from '../core/trace.ts';
import { isActive } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import { drillJson } from './drill-json.ts';
import { describeIncident } from './incident-words.ts';
import { isoTime } from './moment.ts';
import { peerStatusJson } from './page-peers.ts';

/** The API's JSON: snake_case names, ISO 8601 times in UTC, durations in ms; what is not known is null. */

/** `telling`: who was told of it, where that is known. */
/** In the status; all of them: `/api/v1/drill`. */
const drillsShown = 5;

export function incidentJson(facts: IncidentFacts, telling?: TellingView) {
  return {
    id: facts.id,
    pipeline: facts.pipeline,
    hop: facts.hop,
    kind: facts.kind,
    severity: facts.severity,
    state: facts.state,
    opened_at: iso(facts.openedAt),
    resolved_at: iso(facts.resolvedAt),
    dedup_key: facts.dedupKey,
    since: iso(facts.since),
    title: describeIncident(facts),
    detail: facts.detail,
    evidence: facts.evidence ?? [],
    first_look: facts.firstLook,
    streams: facts.streams,
    counts: facts.counts,
    behind: facts.behind,
    changed: (facts.changed ?? []).map(({ at, what }) => ({ at: iso(at), what })),
    notes: (facts.notes ?? []).map(noteJson),
    told: telling?.told ?? [],
    silences: (telling?.silences ?? []).map(({ id }) => id),
  };
}

export function noteJson({ at, by, cause, remediation, ticket }: Note) {
  return { at: iso(at), by, cause: cause ?? null, remediation: remediation ?? null, ticket: ticket ?? null };
}

export function incidentsJson({ incidents, tellings = {} }: StatusView) {
  return incidents.map((facts) => incidentJson(facts, tellings[facts.id]));
}

export function silenceJson(silence: Silence, now: EpochMs) {
  const { id, pipeline, hop, kind, incident, from, until, reason, by } = silence;
  return {
    id,
    state: isActive(silence, now) ? 'active' : 'expired',
    matchers: { pipeline: pipeline ?? null, hop: hop ?? null, kind: kind ?? null, incident: incident ?? null },
    starts_at: iso(from),
    ends_at: iso(until),
    comment: reason,
    created_by: by,
  };
}

export function traceJson(trace: TraceView) {
  return {
    state: trace.state,
    note: trace.note ?? null,
    pipeline: trace.pipeline ?? null,
    stream: trace.stream ?? null,
    seq: trace.seq ?? null,
    planned_at: iso(trace.plannedAt),
    shape: trace.shape ?? null,
    emission:
      trace.emission === undefined
        ? null
        : {
            state: trace.emission.state,
            not_before: iso(trace.emission.nb),
            not_after: iso(trace.emission.na),
          },
    hops: trace.hops ?? [],
    seen_at_hooks: trace.seenAtHooks ?? [],
  };
}

export function statusJson(view: StatusView) {
  return {
    at: iso(view.at),
    deployment: view.deployment,
    started_at: iso(view.startedAt),
    health: view.health,
    pipelines: view.pipelines.map(pipelineJson),
    incidents: incidentsJson(view),
    silences: (view.silences ?? []).map((silence) => silenceJson(silence, view.at)),
    notifications: view.notifications,
    drills: (view.drills ?? []).slice(0, drillsShown).map(drillJson),
    loops: mapValues(view.loops, iso),
    heartbeats: view.heartbeats.map((one) => ({ to: heartbeatPlace(one.url), sent_at: iso(one.sentAt) })),
    peers: (view.peers ?? []).map(peerStatusJson),
    pings: view.pings.map((one) => ({ name: one.name, at: iso(one.at), state: one.state })),
  };
}

/** Where a heartbeat goes, without what authorises it: services put the secret into the path. */
export function heartbeatPlace(url: string): string {
  if (/^[\w.:[\]-]+$/.test(url)) return url; // the engine has already cut it to its host
  return URL.canParse(url) ? new URL(url).host || 'heartbeat' : 'heartbeat';
}

function pipelineJson(pipeline: PipelineView) {
  const { name, injected, unconfirmed, withheld, streamsTotal } = pipeline;
  return {
    name,
    injected,
    unconfirmed,
    withheld,
    hops: pipeline.hops.map(hopJson),
    streams: pipeline.streams,
    streams_total: streamsTotal,
    left_out: pipeline.leftOut,
    ...restJson(pipeline.rest),
    readings: pipeline.readings.map(readingJson),
    drops: pipeline.drops,
  };
}

function hopJson(hop: HopView) {
  return {
    name: hop.name,
    after: hop.after ?? null,
    kind: hop.kind,
    state: hop.state,
    within_ms: hop.withinMs,
    expected: hop.expected,
    canaries: hop.canaries,
    entered: hop.entered,
    last_latency_ms: hop.lastLatency === undefined ? null : [hop.lastLatency.loMs, hop.lastLatency.hiMs],
    p95_ms: hop.p95Ms ?? null,
    oldest_missing_ms: hop.oldestMissingMs,
    newest_seen: iso(hop.newestSeen),
    last_look:
      hop.lastLook === undefined
        ? null
        : {
            at: iso(hop.lastLook.at),
            coverage: hop.lastLook.coverage,
            why: hop.lastLook.why ?? null,
          },
    last_recheck:
      hop.lastRecheck === undefined
        ? null
        : {
            at: iso(hop.lastRecheck.at),
            asked: hop.lastRecheck.asked,
            missing: hop.lastRecheck.missing,
            why: hop.lastRecheck.why ?? null,
          },
  };
}

function readingJson(reading: ReadingView) {
  const { check, kind, measure, unit, value, limit, full } = reading;
  return {
    check,
    kind,
    measure,
    subject: reading.subject ?? null,
    unit,
    value,
    limit,
    limit_name: reading.limitName,
    capacity: reading.capacity ?? null,
    node: reading.agent?.node ?? null,
    growth_per_second: reading.growth ?? null,
    at: iso(reading.at),
    full_in_ms: full === undefined ? null : { estimate: full.ms, lo: full.loMs, hi: full.hiMs ?? null },
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** ISO 8601 in UTC. */
function iso(at: EpochMs): string;
function iso(at: EpochMs | undefined): string | null;
function iso(at: EpochMs | undefined): string | null {
  return at === undefined ? null : isoTime(at);
}

function restJson(rest: RestView | undefined) {
  if (rest === undefined) return {};
  const { state, until, active } = rest;
  return { rest: { state, until: until === undefined ? null : isoTime(until), active: active ?? null } };
}
