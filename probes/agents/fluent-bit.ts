/**
 * The monitoring pages of Fluent Bit 1.x to 5.x. Its health page is not asked: it stays `ok` while records are dropped and
 * inputs are paused; the counters do not. https://docs.fluentbit.io/manual/administration/monitoring
 */
import { z } from 'zod';
import { Failure } from '../http/failure.ts';
import type { AgentFigures } from './agent-figures.ts';
import { type Asking, askJson, askSamples, orMissing } from './answer.ts';
import { type Counters, countersOf } from './counters.ts';

/** Since 2.0. */
const newMetrics = '/api/v2/metrics/prometheus';
/** Since 1.0: no paused inputs, no bytes. */
const oldMetrics = '/api/v1/metrics/prometheus';
/** Only with `storage.metrics On`; 404 without. The one page that tells an input's limit. */
const storagePage = '/api/v1/storage';

/** Sizes as Fluent Bit writes them: `0b`, `4.8M`, units of 1,024. */
const size = z.string().transform((text, context) => {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'no size', input: text });
  return z.NEVER;
});
const count = z.number().min(0);
const storageAnswer = z.object({
  storage_layer: z.object({ chunks: z.object({ total_chunks: count }) }),
  input_chunks: z.record(
    z.string(),
    z.object({ status: z.object({ overlimit: z.boolean(), mem_size: size, mem_limit: size }) }),
  ),
});
type Storage = z.infer<typeof storageAnswer>;

/** Worth a warning: above 80 % for a minute. A paused tail waits, other inputs lose what comes. */
const warnShare = 0.8;
const burstMs = 60_000;
/** The oldest chunks are dropped when this is full, but it fills over minutes. */
const storageLastsMs = 5 * 60_000;

/** What is known of the inputs' buffers, from whichever page tells it. */
interface Inputs {
  /** Bytes, by input; those without a limit are not in it. */
  readonly limits: ReadonlyMap<string, number>;
  /** Bytes, by input. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Inputs that take nothing in. */
  readonly stopped: ReadonlySet<string>;
  readonly chunks: number | undefined;
}

interface KnownLimits {
  readonly incarnation: string;
  readonly limits: ReadonlyMap<string, number>;
  /** How often they may be used before they are asked for again. */
  left: number;
}

/** Limits are configuration: they change with a start only, and asking less often spares an API server half the calls. */
const limitsGoodFor = 20;
/** Without them (404: `storage.metrics Off`, and for 5 s after each start) it is asked again sooner. */
const noLimitsGoodFor = 2;

export function fluentBitReader(): (asking: Asking) => Promise<AgentFigures> {
  /** Agents that have no newer page, so that they are not asked for it each time; forgotten when they fail. */
  const old = new Set<string>();
  const known = new Map<string, KnownLimits>();
  return async (asking) => {
    const { name } = asking.agent.place;
    try {
      const counters = await readMetrics(asking, old);
      const incarnation = incarnationOf(counters);
      return figuresOf(counters, await readInputs(asking, counters, incarnation, known), incarnation);
    } catch (error) {
      old.delete(name);
      known.delete(name);
      throw error;
    }
  };
}

async function readMetrics(asking: Asking, old: Set<string>): Promise<Counters> {
  const { name } = asking.agent.place;
  const wanted = (line: string) => /^(fluentbit_|process_start_time)/.test(line) && !line.includes('_bucket{');
  if (!old.has(name)) {
    const samples = await orMissing(askSamples(asking, newMetrics, wanted));
    if (samples !== undefined) return assertOurs(countersOf(samples), newMetrics);
  }
  const counters = assertOurs(countersOf(await askSamples(asking, oldMetrics, wanted)), oldMetrics);
  old.add(name);
  return counters;
}

/** Every Fluent Bit counts what its inputs take. */
function assertOurs(counters: Counters, page: string): Counters {
  if (counters.by('fluentbit_input_records_total', 'name').size > 0) return counters;
  throw new Failure(`metrics of something else at ${page}`, { reason: 'bad_answer' });
}

function incarnationOf(counters: Counters): string {
  const start = counters.one('fluentbit_process_start_time_seconds') ?? counters.one('process_start_time_seconds');
  // A hot reload keeps the process and begins all counters anew.
  return start === undefined ? '' : `${start}.${counters.one('fluentbit_hot_reloaded_times') ?? 0}`;
}

function figuresOf(counters: Counters, inputs: Inputs, incarnation: string): AgentFigures {
  return {
    incarnation,
    readings: [...inputBuffers(inputs), ...outputStorages(counters)],
    drops: dropsOf(counters),
    conditions: [...inputs.stopped].map((name) => ({
      what: `input ${name} is paused: its buffer is full`,
      forMs: burstMs,
    })),
    flows: flowsOf(counters, inputs),
  };
}

// ------------------------------------------------------------------------------------------------ inputs

/** From 2.0 on the metrics tell all but the limits; before, the storage page tells all. */
async function readInputs(
  asking: Asking,
  counters: Counters,
  incarnation: string,
  known: Map<string, KnownLimits>,
): Promise<Inputs> {
  const { name } = asking.agent.place;
  const sizes = counters.by('fluentbit_input_storage_memory_bytes', 'name');
  if (sizes.size === 0) return inputsOf(await orMissing(askJson(asking, storagePage, storageAnswer)));
  const limits = known.get(name);
  const chunks = counters.one('fluentbit_storage_chunks');
  const told = { sizes, stopped: stoppedIn(counters), chunks };
  if (limits?.incarnation === incarnation && limits.left > 0) {
    limits.left -= 1;
    return { ...told, limits: limits.limits };
  }
  const storage = await orMissing(askJson(asking, storagePage, storageAnswer));
  const asked = inputsOf(storage);
  known.set(name, { incarnation, limits: asked.limits, left: storage === undefined ? noLimitsGoodFor : limitsGoodFor });
  return { ...told, limits: asked.limits, chunks: chunks ?? asked.chunks };
}

function stoppedIn(counters: Counters): ReadonlySet<string> {
  const flags = ['fluentbit_input_ingestion_paused', 'fluentbit_input_storage_overlimit'];
  const set = flags.flatMap((flag) => [...counters.by(flag, 'name')]).filter(([, value]) => value > 0);
  return new Set(set.map(([input]) => input));
}

function inputsOf(storage: Storage | undefined): Inputs {
  const all = Object.entries(storage?.input_chunks ?? {});
  return {
    // `0b` is no limit
    limits: new Map(all.flatMap(([name, { status }]) => (status.mem_limit > 0 ? [[name, status.mem_limit]] : []))),
    sizes: new Map(all.map(([name, { status }]) => [name, status.mem_size])),
    stopped: new Set(all.flatMap(([name, { status }]) => (status.overlimit ? [name] : []))),
    chunks: storage?.storage_layer.chunks.total_chunks,
  };
}

// ------------------------------------------------------------------------------------------------ buffers

function inputBuffers({ limits, sizes }: Inputs): AgentFigures['readings'] {
  return [...limits].flatMap(([input, limit]) => {
    const value = sizes.get(input);
    if (value === undefined) return [];
    const base = { measure: 'buffer', subject: input, unit: 'bytes' as const, value, limit };
    return [{ ...base, limitName: 'Mem_Buf_Limit', warnAt: warnShare * limit, lastingMs: burstMs }];
  });
}

/** 100 % free also stands for "no limit is set", so it is no figure. */
function outputStorages(counters: Counters): AgentFigures['readings'] {
  const free = [...counters.by('fluentbit_output_chunk_available_capacity_percent', 'name')];
  return free.flatMap(([output, percent]) => {
    if (percent >= 100) return [];
    const value = 1 - Math.max(0, percent) / 100;
    const base = { measure: 'storage', subject: output, unit: 'ratio' as const, value, limit: 1, warnAt: warnShare };
    return [
      { ...base, limitName: 'storage.total_limit_size (then the oldest are dropped)', lastingMs: storageLastsMs },
    ];
  });
}

// ------------------------------------------------------------------------------------------------ losses

const lossCounters = [
  { metric: 'fluentbit_output_dropped_records_total', measure: 'records dropped', of: 'output', counts: 'records' },
  {
    metric: 'fluentbit_output_retries_failed_total',
    measure: 'batches given up after their last retry',
    of: 'output',
    counts: 'other',
  },
  {
    metric: 'fluentbit_input_long_line_skipped_total',
    measure: 'lines skipped as too long',
    of: 'input',
    counts: 'records',
  },
  {
    metric: 'fluentbit_input_long_line_truncated_total',
    measure: 'lines cut as too long',
    of: 'input',
    counts: 'other',
  },
  {
    metric: 'fluentbit_input_multiline_truncated_total',
    measure: 'multi-line records cut',
    of: 'input',
    counts: 'other',
  },
  {
    metric: 'fluentbit_input_ring_buffer_retry_failures_total',
    measure: 'batches lost before the buffer',
    of: 'input',
    counts: 'other',
  },
] as const;

function dropsOf(counters: Counters): AgentFigures['drops'] {
  return lossCounters.flatMap(({ metric, measure, of, counts }) =>
    [...counters.by(metric, 'name')].map(([name, total]) => ({ measure, subject: `${of} ${name}`, total, counts })),
  );
}

/** Chunks are on their way all the time; that no output takes any is a stall. */
function flowsOf(counters: Counters, { chunks }: Inputs): AgentFigures['flows'] {
  if (chunks === undefined) return [];
  const sum = (metric: string) => [...counters.by(metric, 'name').values()].reduce((total, each) => total + each, 0);
  const left = sum('fluentbit_output_proc_records_total') + sum('fluentbit_output_dropped_records_total');
  return [{ part: 'the buffer', left, waiting: chunks > 0 }];
}

const units = ['b', 'k', 'm', 'g', 't', 'p', 'e', 'z', 'y'];

function bytesOf(text: string): number | undefined {
  const found = /^(\d{1,15}(?:\.\d+)?)([bkmgtpezy])$/i.exec(text);
  if (found === null) return undefined;
  return Math.round(Number(found[1]) * 1024 ** units.indexOf((found[2] ?? '').toLowerCase()));
}
