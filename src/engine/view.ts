/** One frozen picture of the state for the page, the API and the metrics. */
import { codeOf, verdictOfCode } from '../core/block.ts';
import { heartbeatKeyOf } from '../core/dedup-key.ts';
import { kaplanMeier } from '../core/statistics.ts';
import type {
  DropView,
  HopState as HopStateName,
  HopView,
  PipelineView,
  ReadingView,
  StatusView,
  StreamView,
} from '../core/status.ts';
import type { Verdict } from '../core/verdict-name.ts';
import type { EpochMs } from '../lib/clock.ts';
import { isLatePing } from './deployment-finding.ts';
import { recordsLost } from './drop-book.ts';
import { hasStopped } from './flow.ts';
import { forecastOf, growthOf } from './forecast.ts';
import { peerViews } from './peer-finding.ts';
import { withPeers } from './peer-state.ts';
import { restView } from './rest.ts';
import { activeSilences } from './silencing.ts';
import type { EngineState, HopState, IncidentState, PipelineState, StreamState, Track } from './state.ts';
import { emissionCounts, expectedAt, pendingAhead, unconfirmedAhead, verdictCounts } from './sums.ts';
import { tellingViews } from './tellings.ts';
import { emissionAt, isGivenUp, runOf, termsOf } from './track.ts';

const recentVerdicts = 60;
const streamLimit = 200;
const incidentLimit = 200;
const leftOutLimit = 100;

export function viewOf(state: EngineState, health: StatusView['health']): StatusView {
  const incidents = shownIncidents(state);
  return {
    at: state.now,
    deployment: state.config.deployment,
    startedAt: state.startedAt,
    maintenance: withPeers(state, 'maintenance').filter(({ until }) => until > state.now),
    drills: state.drills.toReversed(),
    silences: activeSilences(state),
    pipelines: state.pipelines.map((pipeline) => pipelineView(state, pipeline)),
    incidents: incidents.map((incident) => incident.facts),
    tellings: tellingViews(state, incidents),
    notifications: state.notifiers.map(({ name }) => ({
      notifier: name,
      sent: state.sent.get(name)?.sent ?? 0,
      failed: state.sent.get(name)?.failed ?? 0,
      waiting: [...state.outbox.values()].filter(({ row }) => row.notifier === name && row.state === 'waiting').length,
    })),
    loops: { ...state.loops },
    heartbeats: state.config.heartbeats.map(({ url }) => withTime(url, state.heartbeats.get(heartbeatKeyOf(url)))),
    pings: state.config.expectedPings.map((ping) => {
      const at = state.pings.get(ping.name);
      const late = at !== undefined && isLatePing(state, ping, at);
      return {
        name: ping.name,
        ...(at === undefined ? {} : { at }),
        state: at === undefined ? 'unproven' : late ? 'late' : 'ok',
      };
    }),
    ...(state.peers.length === 0 ? {} : { peers: peerViews(state) }),
    health,
  };
}

/** Open ones first, then resolved, newest first. */
function shownIncidents({ open, resolved }: EngineState): IncidentState[] {
  const isOver = ({ facts }: IncidentState) => Number(facts.state === 'resolved');
  return [...open.values(), ...resolved]
    .sort((a, b) => isOver(a) - isOver(b) || b.number - a.number)
    .slice(0, incidentLimit);
}

function withTime(url: string, sentAt: EpochMs | undefined): { url: string; sentAt?: EpochMs } {
  // The path of a heartbeat URL is its secret.
  const shown = URL.canParse(url) ? new URL(url).host : 'invalid';
  return sentAt === undefined ? { url: shown } : { url: shown, sentAt };
}

function pipelineView(state: EngineState, pipeline: PipelineState): PipelineView {
  const streams = [...state.streamsByNumber.values()].filter((stream) => stream.injector.pipeline === pipeline);
  const counts = emissionCounts(streams);
  const views = streams.filter((stream) => stream.listed).map((stream) => streamView(stream));
  return {
    name: pipeline.spec.name,
    injected: counts.emitted + pipeline.gone.emitted,
    unconfirmed:
      counts.unconfirmed -
      streams.reduce((sum, stream) => sum + unconfirmedAhead(stream), 0) +
      (pipeline.gone.granted - pipeline.gone.emitted - pipeline.gone.withheld),
    withheld: counts.withheld + pipeline.gone.withheld,
    hops: pipeline.hops.map((hop) => hopView(state, hop)),
    streams: views.sort((a, b) => badness(b) - badness(a) || (a.name < b.name ? -1 : 1)).slice(0, streamLimit),
    streamsTotal: views.length,
    leftOut: pipeline.injectors.flatMap((injector) => injector.leftOut).slice(0, leftOutLimit),
    readings: readingViews(pipeline),
    drops: dropViews(pipeline),
    ...restView(state, pipeline),
  };
}

function hopView(state: EngineState, hop: HopState): HopView {
  const tracks = hop.tracks;
  const counts = verdictCounts(tracks);
  const ahead = tracks.reduce((sum, track) => sum + pendingAhead(track), 0);
  const { gone } = hop.counters;
  const canaries = withGone({ ...counts, pending: counts.pending - ahead }, gone.codes);
  const last = hop.looks.at(-1);
  const missing = missingAges(state, tracks);
  const p95 = kaplanMeier(hop.recentHi, missing, 0.95);
  return {
    name: hop.spec.name,
    ...(hop.spec.after === undefined ? {} : { after: hop.spec.after }),
    kind: hop.spec.kind,
    state: hopStateOf(state, hop, tracks),
    withinMs: hop.spec.withinMs,
    canaries,
    expected: expectedAt(hop, tracks) - ahead + gone.expected,
    entered: { ...hop.counters.entered },
    latency: {
      boundsMs: hop.counters.latency.boundsMs,
      counts: [...hop.counters.latency.counts],
      sumMs: hop.counters.latency.sumMs,
      ...(hop.lastToken && hop.lastLatency ? { last: { token: hop.lastToken, hiMs: hop.lastLatency.hiMs } } : {}),
    },
    ...(hop.lastLatency ? { lastLatency: hop.lastLatency } : {}),
    ...(p95 === undefined ? {} : { p95Ms: p95 }),
    oldestMissingMs: Math.max(0, ...missing),
    ...(hop.newestSeen === undefined ? {} : { newestSeen: hop.newestSeen }),
    ...(hop.recheck?.last ? { lastRecheck: hop.recheck.last } : {}),
    ...(last ? { lastLook: { at: last.at, coverage: last.coverage, ...(last.why ? { why: last.why } : {}) } } : {}),
  };
}

/** With those of streams that were pruned. */
function withGone(counts: Record<Verdict, number>, codes: readonly number[]): Record<Verdict, number> {
  const all = { ...counts };
  codes.forEach((count, code) => {
    const verdict = verdictOfCode(code);
    if (verdict) all[verdict] += count;
  });
  return all;
}

/** Ages of the canaries that are expected and unseen, neither lost nor excused; at most 1000 a stream, oldest first. */
function missingAges(state: EngineState, tracks: readonly Track[]): number[] {
  const ages: number[] = [];
  for (const track of tracks) {
    const waiting =
      (track.live[codeOf.pending] ?? 0) + (track.live[codeOf.overdue] ?? 0) + (track.live[codeOf.unverifiable] ?? 0);
    if (waiting === 0) continue;
    let left = Math.min(waiting, 1_000);
    for (const block of track.blocks.values()) {
      if (isGivenUp(track, block.index, state.now)) continue;
      for (let i = 0; i < block.codes.length && left > 0; i++) {
        const code = block.codes[i];
        if (code !== codeOf.pending && code !== codeOf.overdue && code !== codeOf.unverifiable) continue;
        left -= 1;
        const seq = block.index * block.codes.length + i;
        if (seq >= track.stream.dueSeq) break;
        const sent = emissionAt(track.stream, seq);
        if (sent) ages.push(Math.max(0, state.now - sent.na));
      }
    }
  }
  return ages;
}

function hopStateOf(state: EngineState, hop: HopState, tracks: readonly Track[]): HopStateName {
  if (hop.pipeline.rest.off !== undefined) return 'off';
  const open = (kind: string) => state.open.has(JSON.stringify([hop.pipeline.spec.name, hop.spec.name, kind]));
  if (open('unreadable')) return 'unreadable';
  if (open('blind') || state.open.has(JSON.stringify([hop.pipeline.spec.name, 'logcanary', 'isolated'])))
    return 'blind';
  if (open('stopped') || tracks.some((track) => track.stream.listed && hasStopped(track))) return 'stopped';
  if (open('lossy')) return 'lossy';
  if (open('slow')) return 'slow';
  if (hop.firstSightedAt === undefined) return 'unproven';
  const read = hop.completeSinceStart > 0 || hop.mode === 'on-demand';
  const fresh = tracks.some(
    (track) =>
      state.now - track.lastSeenAt <
      2 * hop.spec.withinMs +
        2 * (track.stream.runs.at(-1)?.everyMs ?? 0) * (hop.spec.sample.of / hop.spec.sample.take),
  );
  return read && fresh ? 'flowing' : 'unknown';
}

function streamView(stream: StreamState): StreamView {
  const recent: Record<string, Verdict[]> = {};
  for (const track of stream.tracks) recent[track.hop.spec.name] = recentOf(track);
  const { name, labels, held } = stream;
  return {
    ...{ name, injector: stream.injector.spec.name, labels, leaving: stream.leavingSince !== undefined, recent },
    ...(held === undefined ? {} : { held: held.why }),
  };
}

function recentOf(track: Track): Verdict[] {
  const found: Verdict[] = [];
  const { stream } = track;
  for (let seq = stream.dueSeq - 1; seq >= Math.max(0, stream.dueSeq - 20 * recentVerdicts); seq--) {
    if (!termsOf(runOf(stream, seq), track.hop.id, stream.number, seq)) continue;
    const block = track.blocks.get(Math.floor(seq / 256));
    const verdict = block ? verdictOfCode(block.codes[seq % 256] ?? 0) : 'delivered';
    if (verdict) found.push(verdict);
    if (found.length === recentVerdicts) break;
  }
  return found.reverse();
}

const weight: Readonly<Record<Verdict, number>> = {
  lost: 5,
  overdue: 4,
  unverifiable: 2,
  delayed: 1,
  withheld: 1,
  excused: 0,
  pending: 0,
  delivered: 0,
};

function badness(view: StreamView): number {
  let sum = 0;
  for (const recent of Object.values(view.recent)) for (const verdict of recent) sum += weight[verdict];
  return sum;
}

function dropViews(pipeline: PipelineState): DropView[] {
  return pipeline.checks.flatMap((check) =>
    [...check.drops.values()].map((book) => ({
      check: check.spec.name,
      agent: book.kind,
      node: book.node,
      records: recordsLost(book),
    })),
  );
}

function readingViews(pipeline: PipelineState): ReadingView[] {
  return pipeline.checks.flatMap((check) => {
    // A figure that could not be read again is not shown as if it were of now.
    if (!check.result || check.failures > 0) return [];
    return check.result.readings.map((reading): ReadingView => {
      const full = forecastOf(check, reading);
      const growth = growthOf(check, reading);
      const { measure, unit, value, limit, limitName } = reading;
      return {
        check: check.spec.name,
        kind: check.spec.kind,
        measure,
        ...(reading.subject === undefined ? {} : { subject: reading.subject }),
        ...(reading.agent === undefined ? {} : { agent: { kind: reading.agent.kind, node: reading.agent.node } }),
        unit,
        value,
        limit,
        limitName,
        ...(reading.capacity === undefined ? {} : { capacity: reading.capacity }),
        at: Math.min(reading.asOf ?? check.resultAt, check.resultAt),
        ...(growth === undefined ? {} : { growth }),
        ...(full ? { full } : {}),
      };
    });
  });
}
