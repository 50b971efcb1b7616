/**
 * Fluentd's own pages: `monitor_agent` (:24220), or fluent-plugin-prometheus (:24231) where the first is not there. The same
 * for forwarders and aggregators. https://docs.fluentd.org/input/monitor_agent
 * Without `@id` a plugin's id is another one after each start, so it is called by its type and place.
 */
import { z } from 'zod';
import type { Clock } from '../../src/probe.ts';
import { Failure } from '../http/failure.ts';
import type { AgentFigures } from './agent-figures.ts';
import { type Asking, askJson, askSamples, orMissing } from './answer.ts';
import { countersOf } from './counters.ts';

/** The configuration holds secrets; retries are shown on request since 1.19.3 (fluent/fluentd#5392). */
const monitorPage = '/api/plugins.json?with_config=false&with_retry=true';
const metricsPage = '/metrics';

const amount = z.number().min(0).nullish();
const monitorAnswer = z.object({
  plugins: z.array(
    z.object({
      plugin_id: z.string(),
      plugin_category: z.string().optional(),
      type: z.string().nullish(),
      buffer_queue_length: amount,
      buffer_total_queued_size: amount,
      buffer_available_buffer_space_ratios: z.number().nullish(),
      buffer_oldest_timekey: amount,
      retry_count: amount,
      write_count: amount,
      retry: z.object({ start: z.string().optional(), steps: z.number().optional() }).nullish(),
    }),
  ),
});

/** An output with a buffer, as either page tells it. */
interface Output {
  readonly name: string;
  /** Bytes that wait, staged and queued. */
  readonly bytes: number | undefined;
  /** 0 to 100. */
  readonly freePercent: number | undefined;
  readonly queueLength: number;
  /** The time in the key of the oldest chunk, s of the agent's clock; only for buffers cut by time. */
  readonly oldestKey: number | undefined;
  /** Failed tries since the start, and all tries. */
  readonly errors: number | undefined;
  readonly writes: number | undefined;
  readonly retry: { readonly startMs: number | undefined; readonly steps: number } | undefined;
}

/** Facts: space below 20 %. */
const warnShare = 0.8;
const lastingMs = 5 * 60_000;
/** `retry_timeout` where it is not set: after it the whole queue is thrown away. https://docs.fluentd.org/configuration/buffer-section */
const retryTimeoutS = 72 * 3600;
/** An hour of retries is worth a look: an index that is down for longer is no hiccup. */
const retryWarnS = 3600;
/** Facts: five steps are half a minute of failures. */
const retrySteps = 5;

export function fluentdReader({ clock }: { readonly clock: Clock }): (asking: Asking) => Promise<AgentFigures> {
  /** Agents without monitor_agent; forgotten when they fail. */
  const metricsOnly = new Set<string>();
  return async (asking) => {
    const { name } = asking.agent.place;
    try {
      const told = metricsOnly.has(name) ? undefined : await orMissing(askJson(asking, monitorPage, monitorAnswer));
      const outputs = told === undefined ? await readMetrics(asking) : outputsOf(told);
      if (told === undefined) metricsOnly.add(name);
      return figuresOf(outputs, clock.wall());
    } catch (error) {
      metricsOnly.delete(name);
      throw error;
    }
  };
}

// ------------------------------------------------------------------------------------------------ the two pages

function outputsOf({ plugins }: z.infer<typeof monitorAnswer>): Output[] {
  const nameOf = namer();
  return plugins.flatMap((plugin) => {
    const { plugin_id: id, plugin_category: category = 'output', type } = plugin;
    if (category !== 'output') return [];
    const name = nameOf(id, type ?? 'output');
    // Outputs without a buffer (copy, relabel) have no queue.
    if (typeof plugin.buffer_total_queued_size !== 'number') return [];
    const { start, steps } = plugin.retry ?? {};
    const startMs = start === undefined ? Number.NaN : Date.parse(start);
    return [
      {
        name,
        bytes: plugin.buffer_total_queued_size,
        freePercent: plugin.buffer_available_buffer_space_ratios ?? undefined,
        queueLength: plugin.buffer_queue_length ?? 0,
        oldestKey: plugin.buffer_oldest_timekey ?? undefined,
        errors: plugin.retry_count ?? undefined,
        writes: plugin.write_count ?? undefined,
        retry: steps === undefined ? undefined : { steps, startMs: Number.isNaN(startMs) ? undefined : startMs },
      },
    ];
  });
}

async function readMetrics(asking: Asking): Promise<Output[]> {
  const prefix = 'fluentd_output_status_';
  const counters = countersOf(await askSamples(asking, metricsPage, (line) => line.startsWith('fluentd_')));
  const nameOf = namer();
  const bytes = counters.by(`${prefix}buffer_total_bytes`, 'plugin_id');
  const known = new Map(
    counters.all(`${prefix}buffer_total_bytes`).map(({ labels }) => [labels.plugin_id ?? '', labels]),
  );
  if (known.size === 0) throw new Failure(`no outputs of Fluentd at ${metricsPage}`, { reason: 'bad_answer' });
  const of = (id: string, name: string) => counters.by(prefix + name, 'plugin_id').get(id);
  return [...known].map(([id, labels]) => {
    const wait = of(id, 'retry_wait') ?? 0;
    return {
      name: nameOf(id, labels.type ?? 'output'),
      bytes: bytes.get(id),
      freePercent: of(id, 'buffer_available_space_ratio'),
      queueLength: of(id, 'buffer_queue_length') ?? 0,
      oldestKey: of(id, 'buffer_oldest_timekey') || undefined,
      errors: of(id, 'num_errors'),
      writes: of(id, 'write_count'),
      // It doubles from 1 s: a wait of 16 s is the fifth step.
      retry: wait > 0 ? { steps: Math.round(Math.log2(Math.max(1, wait))) + 1, startMs: undefined } : undefined,
    };
  });
}

/** `object:3fc…` is the id of a plugin that has none, another one after each start. */
function namer(): (id: string, type: string) => string {
  const seen = new Map<string, number>();
  return (id, type) => {
    if (!/^object:/.test(id)) return id;
    const at = seen.get(type) ?? 0;
    seen.set(type, at + 1);
    return `${type}.${at}`;
  };
}

// ------------------------------------------------------------------------------------------------ figures

/** @param now wall clock, ms: keys and retries are on the agent's clock, which is a hint */
function figuresOf(outputs: readonly Output[], now: number): AgentFigures {
  return {
    incarnation: '',
    readings: outputs.flatMap((output) => [...bufferOf(output), ...oldestOf(output, now), ...retryOf(output, now)]),
    drops: outputs.flatMap(({ name, errors }) =>
      errors === undefined
        ? []
        : [
            {
              measure: 'failed writes (given up, or tried again)',
              subject: `output ${name}`,
              total: errors,
              counts: 'other' as const,
            },
          ],
    ),
    conditions: outputs.flatMap(({ name, retry }) =>
      retry !== undefined && retry.steps >= retrySteps
        ? [
            {
              what: `output ${name} fails and tries again; after 72 h (retry_timeout) its queue is thrown away`,
              forMs: 0,
            },
          ]
        : [],
    ),
    // Staged chunks wait for their time; only queued ones should be on their way.
    flows: outputs.flatMap(({ name, writes, queueLength }) =>
      writes === undefined ? [] : [{ part: `output ${name}`, left: writes, waiting: queueLength > 0 }],
    ),
  };
}

function bufferOf({ name, freePercent }: Output): AgentFigures['readings'] {
  if (freePercent === undefined || !Number.isFinite(freePercent)) return [];
  const value = Math.min(1, Math.max(0, 1 - freePercent / 100));
  const base = { measure: 'buffer', subject: `output ${name}`, unit: 'ratio' as const, lastingMs };
  return [{ ...base, value, limit: 1, warnAt: warnShare, limitName: 'total_limit_size (then inputs wait, or lose)' }];
}

function oldestOf({ name, oldestKey, bytes }: Output, now: number): AgentFigures['readings'] {
  if (oldestKey === undefined || bytes === 0) return [];
  const value = Math.max(0, now / 1000 - oldestKey);
  const base = { measure: 'oldest', subject: `oldest of output ${name}`, unit: 'seconds' as const };
  return [
    { ...base, value, limit: retryTimeoutS, warnAt: retryTimeoutS / 2, limitName: 'retry_timeout (72h unless set)' },
  ];
}

function retryOf({ name, retry }: Output, now: number): AgentFigures['readings'] {
  if (retry?.startMs === undefined) return [];
  const value = Math.max(0, (now - retry.startMs) / 1000);
  const base = { measure: 'retrying', subject: `retries of output ${name}`, unit: 'seconds' as const };
  return [{ ...base, value, limit: retryTimeoutS, warnAt: retryWarnS, limitName: 'retry_timeout (72h unless set)' }];
}
