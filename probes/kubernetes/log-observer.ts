/** Looks for canaries in the emitters' own logs: so "the emitter did not print" and "the agent did not pick up" differ. */
import {
  type CallOptions,
  type Clock,
  type EpochMs,
  type Find,
  type Look,
  type Observer,
  type ProbeContext,
  ProbeError,
  type Question,
  type ScanResult,
  scan,
} from '../../src/probe.ts';
import { type ClusterApi, openCluster } from './cluster-api.ts';
import type { PodObject } from './cluster-objects.ts';
import { listPods } from './cluster-watch.ts';
import type { ClusterConfig } from './kubernetes-config.ts';
import { type LogPlace, readPodLog } from './pod-log.ts';

export interface LogObserveConfig extends ClusterConfig {
  readonly namespace: string;
  readonly selector: string;
  readonly container: string;
  readonly max_pods: number;
  readonly max_read_bytes: number;
}

/** Logs read at a time: each goes through the API server to a kubelet. */
const PARALLEL = 4;
/** As much of a file's beginning as tells it from another, bytes: a line's head and its token. */
const HEAD_BYTES = 80;
const lineFeed = 0x0a;
/** More than is asked for, s: the time until the kubelet looks at its clock. */
const SLACK_SECONDS = 5;

/** A log file that we know: as long as its beginning is the same, nothing of it was rotated away. */
interface KnownLog {
  readonly head: string;
  /** Since when it has been known, T: what was printed later is in it. */
  readonly since: EpochMs;
}

interface PodReading {
  readonly node: string;
  readonly finds: readonly Find[];
  readonly bytes: number;
  /** What was printed since then is among the finds. */
  readonly since: EpochMs;
  readonly why?: ProbeError;
}

/** Contacts nothing. */
export async function openLogObserver(config: LogObserveConfig, { clock }: ProbeContext): Promise<Observer> {
  const api = openCluster(config, clock);
  /** By pod and container start. Kept in memory only: another process has to see for itself what is not rotated. */
  const known = new Map<string, KnownLog>();
  let knownSince: EpochMs | undefined;

  /** A pod that went took its log along: what it printed until now can no more be looked up. */
  function dropGone(present: ReadonlySet<string>, asOf: EpochMs): void {
    const gone = [...known.keys()].filter((key) => !present.has(key));
    for (const key of gone) known.delete(key);
    if (gone.length > 0 || knownSince === undefined) knownSince = asOf;
  }

  async function readOne(pod: PodObject, question: Question, options: CallOptions): Promise<PodReading> {
    const place = { namespace: config.namespace, pod: pod.metadata.name, container: config.container };
    const text = await readSince(api, place, question, config.max_read_bytes, clock, options);
    // asked afterwards: a rotation in between shows as another beginning
    const head = await readPodLog(api, place, { limitBytes: HEAD_BYTES }, options);
    const beginning = Buffer.from(head.bytes).toString('latin1');
    const since = remember(known, keyOf(pod, config.container), beginning, clock.now());
    const { finds, why } = scanLog(text.bytes);
    const short = text.cut || why !== undefined;
    return {
      node: pod.spec.nodeName ?? '',
      finds,
      bytes: text.bytes.length,
      since,
      ...(short ? { why: tooMuch(place, config.max_read_bytes) } : {}),
    };
  }

  return {
    mode: 'on-demand',
    finds: 'repeats',
    async observe(question, options) {
      const route = { namespace: config.namespace, selector: config.selector };
      const pods = (await listPods(api, route, options)).filter((pod) => hasRun(pod, config.container));
      dropGone(new Set(pods.map((pod) => keyOf(pod, config.container))), question.asOf);
      const readings = await readAll(pods.slice(0, config.max_pods), (pod) => readOne(pod, question, options));
      const left = pods.length > config.max_pods ? tooMany(pods.length, config.max_pods) : undefined;
      return lookOf(readings, Math.max(knownSince ?? question.asOf, question.since), left);
    },
    close: () => api.close(),
  };
}

/** For `validate --online`. @throws ProbeError that says what lacks */
export async function tryLogs(
  config: LogObserveConfig,
  { clock }: ProbeContext,
  options: CallOptions,
): Promise<string> {
  const { namespace, selector, container } = config;
  const api = openCluster(config, clock);
  try {
    const pods = (await listPods(api, { namespace, selector }, options)).filter((pod) => hasRun(pod, container));
    const [first] = pods;
    if (first === undefined) throw noPods();
    await readPodLog(api, { namespace, pod: first.metadata.name, container }, { limitBytes: HEAD_BYTES }, options);
    return `may read the logs of ${pods.length} pods in namespace "${namespace}"`;
  } finally {
    await api.close();
  }
}

/** A pod's container that was started once; before that there is no log, and the API server says 400. */
function hasRun({ status }: PodObject, container: string): boolean {
  return status.containerStatuses.some(({ name, containerID }) => name === container && containerID !== undefined);
}

function keyOf({ metadata, status }: PodObject, container: string): string {
  return `${metadata.uid} ${status.containerStatuses.find(({ name }) => name === container)?.containerID}`;
}

function readSince(
  api: ClusterApi,
  place: LogPlace,
  { since }: Question,
  limitBytes: number,
  clock: Clock,
  options: CallOptions,
) {
  const sinceSeconds = (clock.now() - since) / 1000 + SLACK_SECONDS;
  return readPodLog(api, place, { sinceSeconds, limitBytes }, options);
}

/** The newest line may be on its way into the file just now: what is missing at its end is no damage. */
function scanLog(bytes: Uint8Array): ScanResult {
  const { finds, ...rest } = scan(bytes.subarray(0, bytes.lastIndexOf(lineFeed) + 1));
  const last = finds.at(-1);
  if (last?.damage !== undefined) finds[finds.length - 1] = { token: last.token, kind: last.kind };
  return { finds, ...rest };
}

/** Since when everything that this log holds has been kept. An empty file tells nothing: its first line is still to come. */
function remember(known: Map<string, KnownLog>, key: string, head: string, now: EpochMs): EpochMs {
  const before = known.get(key);
  if (before !== undefined && before.head === head && head !== '') return before.since;
  known.set(key, { head, since: now });
  return now;
}

/** One after the other in a few rows; a pod that cannot be read leaves a reading that says why. */
async function readAll(
  pods: readonly PodObject[],
  read: (pod: PodObject) => Promise<PodReading>,
): Promise<readonly PodReading[]> {
  const readings: PodReading[] = [];
  const queue = [...pods];
  const row = async () => {
    for (let pod = queue.shift(); pod !== undefined; pod = queue.shift())
      readings.push(await read(pod).catch((error: unknown) => failedReading(pod, error)));
  };
  await Promise.all(Array.from({ length: PARALLEL }, row));
  return readings;
}

function failedReading({ spec }: PodObject, error: unknown): PodReading {
  if (!(error instanceof ProbeError)) throw error;
  return { node: spec.nodeName ?? '', finds: [], bytes: 0, since: 0, why: error };
}

/**
 * A node that cannot be read says nothing of the others: nothing is said of it then. With half of them it is no single node's trouble.
 * @throws what kept us from reading anything
 */
function lookOf(readings: readonly PodReading[], since: EpochMs, left: ProbeError | undefined): Look {
  const finds = readings.flatMap((reading) => reading.finds);
  const failed = readings.filter(({ why }) => why !== undefined);
  const first = failed[0]?.why;
  if (first !== undefined && readings.every(({ bytes, why }) => bytes === 0 && why !== undefined)) throw first;
  const few = left === undefined && failed.length * 2 < readings.length;
  const why = first ?? left ?? (readings.length === 0 ? noPods() : undefined);
  const whole = readings.filter(({ why: short }) => !few || short === undefined);
  return {
    coverage: why === undefined || few ? 'complete' : 'partial',
    finds,
    since: whole.reduce((latest, reading) => Math.max(latest, reading.since), since),
    bytes: readings.reduce((sum, reading) => sum + reading.bytes, 0),
    ...(why && !few ? { why } : {}),
    ...(few && failed.length > 0 ? { without: failed.map(({ node }) => node) } : {}),
  };
}

function tooMuch({ namespace, pod }: LogPlace, limit: number): ProbeError {
  const message = `Cannot read all of the log of pod "${namespace}/${pod}": it is more than max_read_bytes, ${limit}. Raise it.`;
  return new ProbeError(message, { reason: 'partial', retryable: true });
}

function tooMany(pods: number, limit: number): ProbeError {
  const message = `Read only ${limit} of ${pods} logs: max_pods. Raise it, or narrow the selector; each log costs two calls.`;
  return new ProbeError(message, { reason: 'partial' });
}

function noPods(): ProbeError {
  const message = 'Cannot look into logs: no pod matches. Check namespace, selector and container.';
  return new ProbeError(message, { reason: 'not_found', retryable: true });
}
