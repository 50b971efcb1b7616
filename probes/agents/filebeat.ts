/**
 * The `/stats` page of Filebeat 7 to 9 in all its layouts. https://www.elastic.co/docs/reference/beats/filebeat/http-endpoint
 * What was sent is read off the queue (`queue.acked`): awsbeats' outputs never count `output.events.acked`.
 */
import { z } from 'zod';
import type { AgentFigures } from './agent-figures.ts';
import { type Asking, askJson, orMissing } from './answer.ts';

const statsPage = '/stats';
/** Tells the version, which `/stats` does only since 8. */
const rootPage = '/';

/** Counters and gauges; a disk queue that underflows tells 1.8e19, which is no amount (elastic/beats#52666). */
const amount = z
  .number()
  .transform((value) => (value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : undefined))
  .optional();
const statsAnswer = z.object({
  beat: z.object({
    info: z.object({ ephemeral_id: z.string().optional(), version: z.string().optional() }).optional(),
  }),
  libbeat: z.object({
    output: z
      .object({
        type: z.string().optional(),
        events: z.object({ dropped: amount, dead_letter: amount }).optional(),
      })
      .optional(),
    pipeline: z.object({
      events: z.object({ active: amount, dropped: amount }).optional(),
      queue: z
        .object({
          acked: amount,
          max_events: amount,
          max_bytes: amount,
          removed: z.object({ events: amount }).optional(),
          filled: z
            .object({
              events: amount,
              bytes: amount,
              // 8.14 nests it
              pct: z.union([z.number(), z.object({ events: z.number() }).transform(({ events }) => events)]).optional(),
            })
            .optional(),
        })
        .optional(),
    }),
  }),
  registrar: z.object({ writes: z.object({ fail: amount }).optional() }).optional(),
});
const rootAnswer = z.object({ beat: z.string().optional(), version: z.string() });
type Stats = z.infer<typeof statsAnswer>;
type Pipeline = Stats['libbeat']['pipeline'];

/** Facts: above 80 % for 5 min. A full queue for seconds is a reader that catches up. */
const warnShare = 0.8;
const lastingMs = 5 * 60_000;
/** `queue.mem.events` where the agent does not tell it: 4096, since 8.12 3200 (elastic/beats#36990). */
const defaultEvents = { before: 4096, since: [8, 12], after: 3200 } as const;

export async function readFilebeat(asking: Asking): Promise<AgentFigures> {
  const stats = await askJson(asking, statsPage, statsAnswer);
  const { beat, libbeat } = stats;
  const reading = filled(libbeat.pipeline) ?? (await byEvents(asking, stats));
  const waiting = libbeat.pipeline.queue?.filled?.events ?? libbeat.pipeline.events?.active;
  const left = libbeat.pipeline.queue?.acked ?? libbeat.pipeline.queue?.removed?.events;
  return {
    incarnation: beat.info?.ephemeral_id ?? '',
    readings: reading === undefined ? [] : [reading],
    drops: dropsOf(stats),
    conditions: [],
    flows: left === undefined || waiting === undefined ? [] : [{ part: 'the queue', left, waiting: waiting > 0 }],
  };
}

// ------------------------------------------------------------------------------------------------ the queue

type QueueReading = AgentFigures['readings'][number];
const base = { measure: 'queue', lastingMs };

/** Since 8.15 the queue tells how full it is. */
function filled({ queue }: Pipeline): QueueReading | undefined {
  const { pct, events, bytes } = queue?.filled ?? {};
  const { max_events: maxEvents, max_bytes: maxBytes } = queue ?? {};
  if (events !== undefined && maxEvents !== undefined && maxEvents > 0)
    return inEvents(events, maxEvents, 'queue.mem.events');
  if (bytes !== undefined && maxBytes !== undefined && maxBytes > 0) {
    const limited = { value: bytes, limit: maxBytes, warnAt: warnShare * maxBytes, limitName: 'queue.disk.max_size' };
    return { ...base, unit: 'bytes', ...limited };
  }
  // 0 to 1, a little above while events are on their way in
  if (pct === undefined || !(pct >= 0 && pct <= 2)) return undefined;
  return { ...base, unit: 'ratio', value: pct, limit: 1, warnAt: warnShare, limitName: 'the size of the queue' };
}

/** Older ones, and 8.15.0 which forgot it (elastic/beats#40477): events that were taken in and not yet acknowledged. */
async function byEvents(asking: Asking, { beat, libbeat }: Stats): Promise<QueueReading | undefined> {
  const active = libbeat.pipeline.events?.active;
  if (active === undefined) return undefined;
  const max = libbeat.pipeline.queue?.max_events;
  if (max !== undefined && max > 0) return inEvents(active, max, 'queue.mem.events');
  // A queue that tells its bytes is on disk and has no default in events.
  if (libbeat.pipeline.queue?.max_bytes !== undefined) return undefined;
  const version = beat.info?.version ?? (await orMissing(askJson(asking, rootPage, rootAnswer)))?.version;
  if (version === undefined) return undefined;
  return inEvents(active, defaultFor(version), 'queue.mem.events (its default: this version does not tell it)');
}

function inEvents(value: number, limit: number, limitName: string): QueueReading {
  return { ...base, unit: 'count', value, limit, warnAt: warnShare * limit, limitName };
}

function defaultFor(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [sinceMajor, sinceMinor] = defaultEvents.since;
  const isNew = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  return isNew ? defaultEvents.after : defaultEvents.before;
}

// ------------------------------------------------------------------------------------------------ losses

/** A rejected item shows at the output only; `failed` and `retry` are sent again, so they are none. */
function dropsOf({ libbeat, registrar }: Stats): AgentFigures['drops'] {
  const { output, pipeline } = libbeat;
  const subject = output?.type === undefined ? {} : { subject: `output ${output.type}` };
  const counted = [
    { measure: 'events dropped', ...subject, total: output?.events?.dropped, counts: 'records' as const },
    { measure: 'events dropped before the queue', total: pipeline.events?.dropped, counts: 'records' as const },
    {
      measure: 'events sent to the dead letter index',
      ...subject,
      total: output?.events?.dead_letter,
      counts: 'other' as const,
    },
    { measure: 'failures to write the registry', total: registrar?.writes?.fail, counts: 'other' as const },
  ];
  return counted.flatMap(({ total, ...rest }) => (total === undefined ? [] : [{ ...rest, total }]));
}
