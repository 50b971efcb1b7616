/**
 * The node statistics of Logstash 7 to 9. https://www.elastic.co/docs/api/doc/logstash/operation/operation-nodestatspipelines
 * A queue in memory tells no size; there only the back-pressure (since 8.5) shows that nothing gets through.
 */
import { z } from 'zod';
import type { AgentFigures } from './agent-figures.ts';
import { type Asking, askJson } from './answer.ts';

const pipelinesPage = '/_node/stats/pipelines';

const amount = z.number().min(0).optional();
const sizes = { queue_size_in_bytes: amount, max_queue_size_in_bytes: amount };
const flow = z.object({ last_1_minute: z.union([z.number(), z.string()]).optional() }).optional();
const pipelineStats = z.object({
  ephemeral_id: z.string().nullish(),
  events: z.object({ in: amount, out: amount }).nullish(),
  flow: z.object({ queue_backpressure: flow }).nullish(),
  queue: z
    .object({
      type: z.string(),
      events: amount,
      events_count: amount,
      ...sizes,
      capacity: z.object(sizes).optional(),
      data: z.object({ free_space_in_bytes: amount }).optional(),
    })
    .nullish(),
  dead_letter_queue: z.object({ ...sizes, dropped_events: amount, expired_events: amount }).nullish(),
  plugins: z
    .object({
      outputs: z.array(
        z.object({
          id: z.string(),
          name: z.string().optional(),
          documents: z.object({ dlq_routed: amount, non_retryable_failures: amount }).optional(),
        }),
      ),
    })
    .nullish(),
});
const statsAnswer = z.object({
  version: z.string(),
  ephemeral_id: z.string().optional(),
  pipelines: z.record(z.string(), pipelineStats),
});
type PipelineStats = z.infer<typeof pipelineStats>;

export interface LogstashOptions {
  /** Whether documents that Elasticsearch refuses as conflicts (409) count: with ids of one's own they are repeats. */
  readonly countsConflicts: boolean;
}

const warnShare = 0.8;
const lastingMs = 5 * 60_000;
/** Workers that could have taken events, in the last minute. 0.5 and more for long is blocked: facts on agents §6. */
const blockedFrom = 0.5;

export function logstashReader(options: LogstashOptions): (asking: Asking) => Promise<AgentFigures> {
  return async (asking) => {
    const { pipelines, ephemeral_id: incarnation = '' } = await askJson(asking, pipelinesPage, statsAnswer);
    // Dots are Logstash's own: `.monitoring-logstash`.
    const ours = Object.entries(pipelines).filter(([name]) => !name.startsWith('.'));
    return {
      incarnation,
      readings: ours.flatMap(([name, stats]) => [...queueOf(name, stats), ...deadLettersOf(name, stats)]),
      drops: ours.flatMap(([name, stats]) => dropsOf(name, stats, options)),
      conditions: ours.flatMap(([name, stats]) => conditionsOf(name, stats)),
      flows: ours.flatMap(([name, stats]) => flowsOf(name, stats)),
    };
  };
}

// ------------------------------------------------------------------------------------------------ queues

function queueOf(name: string, { queue }: PipelineStats): AgentFigures['readings'] {
  if (queue === null || queue === undefined || queue.type !== 'persisted') return [];
  const value = queue.queue_size_in_bytes ?? queue.capacity?.queue_size_in_bytes;
  const max = queue.max_queue_size_in_bytes ?? queue.capacity?.max_queue_size_in_bytes;
  if (value === undefined || max === undefined || max <= 0) return [];
  // The disk may end before the queue does.
  const disk = value + (queue.data?.free_space_in_bytes ?? Number.POSITIVE_INFINITY);
  const limit = Math.max(1, Math.min(max, disk));
  const limitName = disk < max ? 'disk of the queue full' : 'queue.max_bytes';
  const base = { measure: 'queue', subject: `pipeline ${name}`, unit: 'bytes' as const, lastingMs };
  return [{ ...base, value, limit, limitName, warnAt: warnShare * limit }];
}

function deadLettersOf(name: string, { dead_letter_queue: letters }: PipelineStats): AgentFigures['readings'] {
  const { queue_size_in_bytes: value, max_queue_size_in_bytes: limit } = letters ?? {};
  if (value === undefined || limit === undefined || limit <= 0) return [];
  const base = { measure: 'dead-letter-queue', subject: `dead letters of ${name}`, unit: 'bytes' as const };
  const limitName = 'dead_letter_queue.max_bytes (then events are dropped)';
  return [{ ...base, value, limit, limitName, warnAt: warnShare * limit }];
}

function conditionsOf(name: string, { flow }: PipelineStats): AgentFigures['conditions'] {
  // "Infinity" is a text, and a blockage.
  const pressure = Number(flow?.queue_backpressure?.last_1_minute ?? 0);
  return pressure >= blockedFrom
    ? [{ what: `pipeline ${name} is blocked: its inputs wait for its queue`, forMs: lastingMs }]
    : [];
}

function flowsOf(name: string, { queue, events }: PipelineStats): AgentFigures['flows'] {
  const waiting = queue?.type === 'persisted' ? (queue.events_count ?? queue.events) : undefined;
  if (waiting === undefined || events?.out === undefined) return [];
  return [{ part: `pipeline ${name}`, left: events.out, waiting: waiting > 0 }];
}

// ------------------------------------------------------------------------------------------------ losses

/**
 * `dlq_routed` counts what Elasticsearch refuses (400, 404) whether there is a dead letter queue or not. Without one the
 * event is logged and gone: logstash-output-elasticsearch, `handle_dlq_status`.
 */
function dropsOf(name: string, stats: PipelineStats, { countsConflicts }: LogstashOptions): AgentFigures['drops'] {
  const { dead_letter_queue: letters, plugins } = stats;
  // A reload of a pipeline begins its counters anew.
  const own = stats.ephemeral_id ? { incarnation: stats.ephemeral_id } : {};
  const kept = letters !== undefined && letters !== null;
  const outputs = (plugins?.outputs ?? []).filter(({ name: plugin = 'elasticsearch' }) => plugin === 'elasticsearch');
  const found: AgentFigures['drops'][number][] = outputs.flatMap(({ id, documents = {} }, at) => {
    // Ids that nobody chose are hashes of the configuration: the place says as much and is readable.
    const subject = `${name} output ${/^[0-9a-f]{40,}/.test(id) ? at + 1 : id}`;
    const refused = documents.dlq_routed ?? 0;
    return [
      kept
        ? { ...own, measure: 'events sent to the dead letter queue', subject, total: refused, counts: 'other' as const }
        : { ...own, measure: 'events refused and dropped', subject, total: refused, counts: 'records' as const },
      ...(countsConflicts
        ? [
            {
              ...own,
              measure: 'documents dropped as conflicts',
              subject,
              total: documents.non_retryable_failures ?? 0,
              counts: 'records' as const,
            },
          ]
        : []),
    ];
  });
  if (!kept) return found;
  const subject = `dead letters of ${name}`;
  const full = {
    ...own,
    measure: 'events dropped as the dead letter queue is full',
    subject,
    counts: 'records' as const,
  };
  const expired = { ...own, measure: 'dead letters expired unread', subject, counts: 'other' as const };
  return [
    ...found,
    { ...full, total: letters.dropped_events ?? 0 },
    { ...expired, total: letters.expired_events ?? 0 },
  ];
}
