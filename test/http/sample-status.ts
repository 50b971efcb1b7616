import type { IncidentFacts } from '../../src/core/incident.ts';
import {
  type HopView,
  latencyBucketsMs,
  type ReadingView,
  type StatusView,
  type StreamView,
} from '../../src/core/status.ts';
import type { Verdict } from '../../src/core/verdict-name.ts';
import { encodeNumber } from '../../src/lib/base32.ts';
import { failedDrills, goodDrills } from './sample-drills.ts';

/** 2026-11-19 18:10:00 UTC: every picture is of this moment. */
export const sampleAt = Date.UTC(2026, 10, 19, 18, 10, 0);

/** A token of the right form, planned one minute before the picture (characters 23 to 31); its signature is made up. */
export const sampleToken = `lcn1aaqrstuaaaabaaaaabc${encodeNumber(sampleAt - 60_000, 9)}abcdefghijklmnopqrs0`;

const gib = 1024 ** 3;

/** Everything arrives in time. */
export function healthyStatus(): StatusView {
  return {
    at: sampleAt,
    deployment: 'tokyo',
    startedAt: sampleAt - 5_400_000,
    pipelines: [
      {
        name: 'prod',
        injected: 86_400,
        unconfirmed: 3,
        withheld: 2,
        hops: [
          hop({ name: 'stream', kind: 'kinesis', withinMs: 30_000, p95Ms: 340 }),
          hop({ name: 'index', after: 'stream', kind: 'elasticsearch', withinMs: 180_000, p95Ms: 12_400 }),
          hop({ name: 'alert', after: 'index', kind: 'webhook', withinMs: 300_000, p95Ms: 61_000 }),
          hop({ name: 'archive', after: 'stream', kind: 's3', withinMs: 1_800_000, p95Ms: 640_000 }),
        ],
        streams: nodes.map((name) => stream(name, {})),
        streamsTotal: nodes.length,
        leftOut: [{ name: 'fargate-1', why: 'Fargate' }],
        readings: readings(),
        drops: [0, 39].map((records, at) => ({ ...fluentBit, node: `node-00${at + 1}`, records })),
      },
    ],
    incidents: [resolvedIncident()],
    drills: goodDrills(sampleAt),
    notifications: [
      { notifier: 'pagerduty', sent: 2, failed: 0, waiting: 0 },
      { notifier: 'slack', sent: 2, failed: 1, waiting: 0 },
    ],
    loops: {
      inject: sampleAt - 900,
      observe: sampleAt - 400,
      check: sampleAt - 21_000,
      judge: sampleAt - 200,
      deliver: sampleAt - 600,
    },
    heartbeats: [{ url: 'https://hc-ping.example/3f1c-SECRET-uuid', sentAt: sampleAt - 12_000 }],
    pings: [{ name: 'alertmanager', at: sampleAt - 31_000, state: 'ok' }],
    health: { ok: true, problems: [] },
  };
}

/** Lines stop between stream and index; what lies behind follows. */
export function stoppedStatus(): StatusView {
  const view = healthyStatus();
  const broken = { oldestMissingMs: 480_000, newestSeen: sampleAt - 480_000 };
  const late: readonly Verdict[] = [...repeat('delivered', 44), ...repeat('overdue', 10), ...repeat('pending', 6)];
  const [pipeline] = view.pipelines;
  if (pipeline === undefined) return view;
  const [first, index, alert, archive] = pipeline.hops;
  if (!first || !index || !alert || !archive) return view;
  return {
    ...view,
    pipelines: [
      {
        ...pipeline,
        hops: [
          first,
          hop({
            ...index,
            ...broken,
            state: 'stopped',
            canaries: tally({ delivered: 85_953, delayed: 12, overdue: 420, pending: 18 }),
          }),
          hop({
            ...alert,
            ...broken,
            state: 'stopped',
            canaries: tally({ delivered: 85_950, overdue: 400, pending: 53 }),
          }),
          archive,
        ],
        streams: nodes.map((name, at) => stream(name, at < 14 ? { index: late, alert: late } : {})),
      },
    ],
    incidents: [stoppedIncident(), resolvedIncident()],
    drills: failedDrills(sampleAt),
    notifications: [
      { notifier: 'pagerduty', sent: 3, failed: 0, waiting: 0 },
      { notifier: 'slack', sent: 2, failed: 4, waiting: 1 },
    ],
  };
}

/** We cannot look into the index: nothing is said to be lost. */
export function blindStatus(): StatusView {
  const view = healthyStatus();
  const grey: readonly Verdict[] = [...repeat('delivered', 30), ...repeat('unverifiable', 24), ...repeat('pending', 6)];
  return {
    ...view,
    pipelines: view.pipelines.map((pipeline) => ({
      ...pipeline,
      hops: pipeline.hops.map((one) =>
        one.name === 'index'
          ? hop({
              ...one,
              state: 'blind',
              canaries: tally({ delivered: 85_500, unverifiable: 870, pending: 33 }),
              lastLook: {
                at: sampleAt - 5_000,
                coverage: 'failed',
                why: 'Cannot search "filebeat-*": 401 from https://es:9200. Check the password of the canary user.',
              },
            })
          : one,
      ),
      streams: nodes.map((name) => stream(name, { index: grey })),
    })),
    incidents: [
      {
        ...stoppedIncident(),
        id: 'inc-19',
        kind: 'blind',
        severity: 'warning',
        counts: { unverifiable: 870 },
        behind: [],
        looks: { complete: 0, asked: 8 },
        detail: 'Cannot search "filebeat-*": 401 from https://es:9200. Check the password of the canary user.',
        firstLook: ['curl -u canary https://es:9200/_security/_authenticate'],
      },
    ],
    health: { ok: false, problems: ['loop check has not completed a cycle for 3 min'] },
  };
}

export function hop(given: Partial<HopView> & { name: string; kind: string; withinMs: number }): HopView {
  const boundsMs = [...new Set([...latencyBucketsMs, given.withinMs])].toSorted((a, b) => a - b);
  const canaries = given.canaries ?? tally({ delivered: 86_388, delayed: 12, pending: 3 });
  const { withheld: _, ...terms } = canaries;
  return {
    state: 'flowing',
    entered: {
      delivered: canaries.delivered,
      delayed: canaries.delayed,
      lost: canaries.lost + 1,
      recovered: 1,
      unverifiable: 40,
      excused: canaries.excused,
      withheld: canaries.withheld,
      duplicated: 5,
      corrupted: 0,
      forged: 0,
      foreign: 7,
      rechecked: 192,
      vanished: 0,
      inconsistent: 0,
      misrouted: 0,
    },
    latency: {
      boundsMs,
      counts: [10, 20, 30, ...boundsMs.slice(3).map(() => 0), 1],
      sumMs: 12_345,
      last: { token: sampleToken, hiMs: 420 },
    },
    lastLatency: { loMs: 300, hiMs: 420 },
    oldestMissingMs: 0,
    newestSeen: sampleAt - 4_000,
    lastLook: { at: sampleAt - 2_000, coverage: 'complete' },
    ...given,
    canaries,
    expected: Object.values(terms).reduce((sum, count) => sum + count, 0),
  };
}

export function tally(counts: Partial<Record<Verdict, number>>): Record<Verdict, number> {
  return {
    pending: 0,
    delivered: 0,
    delayed: 0,
    overdue: 0,
    lost: 0,
    unverifiable: 0,
    excused: 0,
    withheld: 2,
    ...counts,
  };
}

const nodes = Array.from({ length: 42 }, (_, at) => `ip-10-0-${at % 3}-${100 + at}`);

function stream(name: string, recent: Partial<Record<string, readonly Verdict[]>>): StreamView {
  const fine: readonly Verdict[] = [...repeat('delivered', 57), ...repeat('pending', 3)];
  const zone = name.split('-')[3] ?? '0';
  return {
    name,
    injector: 'kubernetes',
    labels: { node: name, zone: `ap-northeast-1${'abc'[Number(zone)] ?? 'a'}`, pool: 'spot' },
    leaving: name.endsWith('141'),
    recent: { stream: fine, index: recent.index ?? fine, alert: recent.alert ?? fine, archive: repeat('pending', 12) },
  };
}

const fluentBit = { check: 'fluent-bit-buffer', agent: 'fluent-bit' };

function readings(): ReadingView[] {
  const disk = {
    check: 'elasticsearch-disk',
    kind: 'elasticsearch-disk',
    measure: 'disk',
    unit: 'bytes',
    limitName: 'flood stage 95%',
    at: sampleAt - 21_000,
  } as const;
  return [
    {
      ...disk,
      subject: 'es-data-0',
      value: 455 * gib,
      limit: 475 * gib,
      capacity: 500 * gib,
      full: { ms: 11_460_000, loMs: 9_600_000, hiMs: 14_000_000 },
    },
    { ...disk, subject: 'es-data-1', value: 210 * gib, limit: 475 * gib, capacity: 500 * gib },
    {
      check: 'kinesis-iterator-age',
      kind: 'kinesis-iterator-age',
      measure: 'iterator-age',
      subject: 'logs',
      unit: 'seconds',
      value: 2.4,
      limit: 86_400,
      limitName: 'retention 24h',
      at: sampleAt - 30_000,
    },
    ...[2_000_000, 4_000_000].map((value, at) => ({
      ...{ kind: 'fluent-bit-buffer', check: fluentBit.check, measure: 'buffer', subject: `node-002 tail.${at}` },
      ...{ agent: { kind: 'fluent-bit', node: 'node-002' }, unit: 'bytes' as const, value, limit: 5_000_000 },
      ...{ limitName: 'Mem_Buf_Limit', at: sampleAt - 12_000 },
    })),
  ];
}

function stoppedIncident(): IncidentFacts {
  return {
    id: 'inc-18',
    deployment: 'tokyo',
    pipeline: 'prod',
    hop: 'index',
    kind: 'stopped',
    severity: 'critical',
    state: 'open',
    dedupKey: '0123456789abcdef0123456789abcdef01234567',
    openedAt: sampleAt - 300_000,
    since: sampleAt - 480_000,
    between: { from: 'stream', to: 'index' },
    unreadable: [],
    streams: { affected: 14, total: 42, names: nodes.slice(0, 8) },
    counts: { overdue: 420, pending: 18 },
    lossDecidedAt: sampleAt + 21_000_000,
    looks: { complete: 8, asked: 8 },
    behind: ['alert'],
    changed: [{ at: sampleAt - 600_000, what: 'ConfigMap logging/consumer: changed by helm' }],
    detail: 'All canaries of 14 streams are overdue at index while stream still sees them within 1 s.',
    firstLook: ['kubectl -n logging logs deploy/consumer --since=15m', 'curl https://es:9200/_cluster/health'],
  };
}

function resolvedIncident(): IncidentFacts {
  return {
    ...stoppedIncident(),
    id: 'inc-17',
    kind: 'slow',
    severity: 'warning',
    state: 'resolved',
    openedAt: sampleAt - 4_000_000,
    since: sampleAt - 4_100_000,
    resolvedAt: sampleAt - 3_000_000,
    counts: { delayed: 12 },
    behind: [],
    changed: [],
    firstLook: [],
    detail: 'Canaries arrived after 3 to 5 minutes; 3 min are allowed.',
  };
}

function repeat(verdict: Verdict, times: number): Verdict[] {
  return Array.from({ length: times }, () => verdict);
}
