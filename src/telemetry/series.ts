import { passedAt } from '../core/drill.ts';
import type { HopView, PipelineView, ReadingView, StatusView } from '../core/status.ts';
import { hopStates } from '../core/status.ts';
import { accounted } from '../core/verdict-name.ts';
import type { Family, Sample } from './exposition.ts';
import { latencySamples } from './latency.ts';

/** What is running: shown as `build_info` and `config_info`. */
export interface Build {
  readonly version: string;
  /** First 16 hex digits of the SHA-256 of the configuration file. */
  readonly configHash: string;
}

/** One series of /metrics: its name, what it means, and how it is read off a view. */
export interface Series extends Omit<Family, 'samples'> {
  samples(view: StatusView, build: Build): readonly Sample[];
}

/** Every series we publish, by name. Names and labels are a contract: rules and dashboards are written against them. */
export const series: readonly Series[] = [
  gauge(
    'canaries',
    "Canaries by verdict over the ledger's whole life; their sum is logcanary_canaries_expected.",
    perHop((hop) => accounted.map((verdict) => ({ labels: { verdict }, value: hop.canaries[verdict] }))),
  ),
  gauge(
    'canaries_expected',
    "Canaries that should reach this hop, over the ledger's whole life.",
    perHop((hop) => [plain(hop.expected)]),
  ),
  counter('canaries_injected', 'Canaries that went out for certain.', (view) =>
    view.pipelines.map((pipeline) => ({ labels: { pipeline: pipeline.name }, value: pipeline.injected })),
  ),
  entries('delivered', 'Canaries seen at this hop within the deadline.'),
  entries('delayed', 'Canaries seen at this hop after the deadline.'),
  entries('lost', 'Canaries declared lost: a complete look after lost_after did not find them.'),
  entries('recovered', 'Canaries seen after they had been declared lost.'),
  entries('unverifiable', 'Canaries of which we could not tell in time: we could not look, which is not loss.'),
  entries('excused', 'Canaries lost with the node they were written on.'),
  entries('withheld', 'Canaries proven never to have been written; they are not expected anywhere.'),
  entries('duplicated', 'Extra copies of canaries seen at this hop.'),
  entries('corrupted', 'Canaries that arrived damaged.'),
  entries('forged', "Lines that carry our key's name but not its signature."),
  entries('foreign', 'Canaries of another logcanary.'),
  entries('rechecked', 'Canaries asked for again an hour or a day after they had been seen, and answered for.'),
  entries('vanished', 'Of those asked for again: had been seen at this hop, and are not there any more.'),
  entries('inconsistent', 'Canaries seen further down that complete looks at this hop do not show.'),
  entries('misrouted', 'Canaries of other pipelines that arrived at this hop, where it is exclusive.'),
  {
    name: 'logcanary_canary_latency_seconds',
    type: 'histogram',
    help: 'Time from injection until a canary was seen at this hop (upper end of what we know).',
    samples: perHop((hop) => latencySamples(hop.latency)),
  },
  gauge(
    'oldest_missing_seconds',
    'Age of the oldest canary still missing at this hop; 0 if none is.',
    perHop((hop) => [plain(hop.oldestMissingMs / 1_000)]),
  ),
  gauge(
    'hop_state',
    'State of the hop: 1 for the state it is in, 0 for the others.',
    perHop((hop) => hopStates.map((state) => ({ labels: { state }, value: hop.state === state ? 1 : 0 }))),
  ),
  gauge(
    'kinesis_iterator_age_seconds',
    'How far the slowest consumer is behind the newest record.',
    perReading('kinesis-iterator-age', 'iterator-age', 'subject', (reading) => reading.value),
  ),
  gauge(
    'kinesis_retention_left_seconds',
    'Time until Kinesis drops records nobody has read: retention less iterator age.',
    perReading('kinesis-iterator-age', 'iterator-age', 'subject', (reading) => reading.limit - reading.value),
  ),
  gauge(
    'elasticsearch_disk_used_ratio',
    "Share of the node's disk in use, 0 to 1.",
    perReading('elasticsearch-disk', 'disk', 'node', (reading) =>
      reading.capacity === undefined || reading.capacity <= 0 ? undefined : reading.value / reading.capacity,
    ),
  ),
  gauge(
    'elasticsearch_disk_full_seconds',
    "Forecast of the time until the node's disk reaches the flood stage; absent without a trend.",
    perReading('elasticsearch-disk', 'disk', 'node', (reading) => seconds(reading.full?.ms)),
  ),
  gauge(
    'agent_buffer_used_ratio',
    "Share of an agent's buffer in use, 0 to 1: its fullest, where it has several.",
    agentBuffers,
  ),
  counter(
    'agent_dropped',
    'Lines that an agent says it gave up, since we first read it; over restarts of the agent and ours.',
    agentDrops,
  ),
  gauge('incidents_open', 'Open incidents by severity.', (view) =>
    (['critical', 'warning'] as const).map((severity) => ({
      labels: { severity },
      value: view.incidents.filter((one) => one.state === 'open' && one.severity === severity).length,
    })),
  ),
  gauge('silences_active', 'Silences that hold now: what they match is told to nobody.', ({ silences = [] }) => [
    plain(silences.length),
  ]),
  counter('notifications_sent', 'Notifications the channel accepted.', (view) =>
    view.notifications.map((one) => ({ labels: { notifier: one.notifier }, value: one.sent })),
  ),
  counter('notifications_failed', 'Tries to notify that the channel did not accept.', (view) =>
    view.notifications.map((one) => ({ labels: { notifier: one.notifier }, value: one.failed })),
  ),
  gauge(
    'drill_timestamp_seconds',
    'When the last drill began that this channel passed; absent until it passed one.',
    lastDrills,
  ),
  gauge(
    'heartbeat_sent_timestamp_seconds',
    'When the heartbeat that is furthest behind last went out; absent until each went out once.',
    heartbeat,
  ),
  gauge('expected_ping_timestamp_seconds', 'When this ping last came in; absent until it came in once.', (view) =>
    view.pings.flatMap(({ name, at }) => (at === undefined ? [] : [{ labels: { name }, value: at / 1_000 }])),
  ),
  gauge('peer_heard_timestamp_seconds', 'When this peer was last heard; absent until it was once.', (view) =>
    (view.peers ?? []).flatMap(({ name, heardAt }) =>
      heardAt === undefined ? [] : [{ labels: { peer: name }, value: heardAt / 1_000 }],
    ),
  ),
  gauge('loop_completed_timestamp_seconds', 'When this loop of logcanary last completed a cycle.', (view) =>
    Object.entries(view.loops).map(([loop, at]) => ({ labels: { loop }, value: at / 1_000 })),
  ),
  gauge('build_info', 'The running version; always 1.', (_view, build) => [
    { labels: { version: build.version }, value: 1 },
  ]),
  gauge('config_info', 'Hash of the running configuration; always 1.', (_view, build) => [
    { labels: { hash: build.configHash }, value: 1 },
  ]),
];

type Samples = Series['samples'];

function gauge(name: string, help: string, samples: Samples): Series {
  return { name: `logcanary_${name}`, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: Samples): Series {
  return { name: `logcanary_${name}_total`, type: 'counter', help, samples };
}

/** A life-long count of entries into a state at each hop. */
function entries(state: keyof HopView['entered'], help: string): Series {
  return counter(
    `canaries_${state}`,
    help,
    perHop((hop) => [plain(hop.entered[state])]),
  );
}

function plain(value: number): Sample {
  return { labels: {}, value };
}

function perHop(samplesOf: (hop: HopView) => readonly Sample[]): Samples {
  return (view) =>
    view.pipelines.flatMap((pipeline) =>
      pipeline.hops.flatMap((hop) =>
        samplesOf(hop).map((sample) => ({
          ...sample,
          labels: { pipeline: pipeline.name, hop: hop.name, ...sample.labels },
        })),
      ),
    );
}

/** Readings of one kind and measure; `subject` (a node, a stream) goes into the label named. */
function perReading(
  kind: string,
  measure: string,
  label: string,
  figure: (reading: ReadingView) => number | undefined,
): Samples {
  const one = (pipeline: PipelineView, reading: ReadingView): Sample[] => {
    const value = reading.kind === kind && reading.measure === measure ? figure(reading) : undefined;
    if (value === undefined) return [];
    const subject = reading.subject === undefined ? {} : { [label]: reading.subject };
    return [{ labels: { pipeline: pipeline.name, check: reading.check, ...subject }, value }];
  };
  return (view) => view.pipelines.flatMap((pipeline) => pipeline.readings.flatMap((reading) => one(pipeline, reading)));
}

/** One sample for each node: the fullest of the buffers of the agents there. */
function agentBuffers(view: StatusView): readonly Sample[] {
  const one = (pipeline: PipelineView, { agent, check, measure, value, limit }: ReadingView): Sample[] =>
    agent === undefined || !bufferMeasures.has(measure)
      ? []
      : [{ labels: { pipeline: pipeline.name, check, agent: agent.kind, node: agent.node }, value: value / limit }];
  const samples = view.pipelines.flatMap((pipeline) => pipeline.readings.flatMap((reading) => one(pipeline, reading)));
  return merged(samples, Math.max);
}

/** What a probe calls a figure of what is held back, rather than of its age. */
const bufferMeasures: ReadonlySet<string> = new Set(['buffer', 'storage', 'queue']);

function agentDrops(view: StatusView): readonly Sample[] {
  const samples = view.pipelines.flatMap((pipeline) =>
    pipeline.drops.map(({ check, agent, node, records }) => ({
      labels: { pipeline: pipeline.name, check, agent, node },
      value: records,
    })),
  );
  return merged(samples, (a, b) => a + b);
}

/** Samples with the same labels as one. */
function merged(samples: readonly Sample[], join: (a: number, b: number) => number): Sample[] {
  const byLabels = new Map<string, Sample>();
  for (const sample of samples) {
    const key = JSON.stringify(Object.values(sample.labels));
    const other = byLabels.get(key);
    byLabels.set(key, other === undefined ? sample : { ...sample, value: join(other.value, sample.value) });
  }
  return [...byLabels.values()];
}

function lastDrills({ drills = [], notifications }: StatusView): readonly Sample[] {
  return notifications.flatMap(({ notifier }): Sample[] => {
    const at = passedAt(drills, notifier);
    return at === undefined ? [] : [{ labels: { notifier }, value: at / 1_000 }];
  });
}

function heartbeat(view: StatusView): readonly Sample[] {
  const sent = view.heartbeats.map((one) => one.sentAt);
  if (sent.length === 0 || sent.includes(undefined)) return [];
  return [plain(Math.min(...sent.filter((at) => at !== undefined)) / 1_000)];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
