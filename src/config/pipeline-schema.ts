/** One pipeline, as it is written and as it is parsed: injectors, hops, checks and their times. */
import { z } from 'zod';
import { shapes } from '../core/pipeline.ts';
import { parseDays, parseHours } from './active-hours.ts';
import { duration, isTimeZone, name, parsedText, rate, share } from './field.ts';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
/** Timers count in 31 bits of ms: 24.8 days. Whatever is waited for stays below. */
const longestWait = 24 * day;

export const injectFrame = z.strictObject({
  name: name({
    description: 'Unique in the pipeline. Default: the kind, then kind-2 and so on.',
    example: 'node-a',
  }).optional(),
  enters: name({
    description: 'The first hop its canaries can be seen at. Default: they pass all hops.',
    example: 'stream',
  }).optional(),
  every: duration({
    description: 'Period of canaries, per stream. Default 30s.',
    min: 100,
    max: day,
    example: '30s',
  }).prefault('30s'),
  max_rate: rate({
    description: 'Most canaries over all streams of this injector. Default 100/s.',
    example: '10/s',
  }).prefault('100/s'),
  shapes: z
    .array(z.enum(shapes))
    .min(1)
    .meta({ description: 'Forms of the lines, used in turn. Default [plain].' })
    .prefault(['plain']),
});

export const hopFrame = z.strictObject({
  name: name({ description: 'Unique in the pipeline.', example: 'index' }),
  after: name({ description: 'The hop before this one. Default: the injectors.', example: 'stream' }).optional(),
  within: duration({
    description: 'How long a canary may take from its injection until it is seen here.',
    min: 100,
    max: 7 * day,
    example: '3m',
  }),
  poll: duration({
    description: 'Time between looks. Default within/4, at most 30s.',
    min: 50,
    max: hour,
    example: '15s',
  }).optional(),
  timeout: duration({
    description: 'Bound of one look. Default: poll, at least 10s and at most 30s.',
    min: 50,
    max: 5 * 60 * second,
    example: '10s',
  }).optional(),
  sample: share({
    description: 'Share of the canaries that is looked for here. Default 1/1.',
    example: '1/20',
  }).prefault('1/1'),
  retention: duration({
    description:
      'How long what arrived can still be found here. It is asked for again after 1 h and 24 h, as far as it must still be there then; by default after 1 h only. Hardly more than an hour: never.',
    min: 60 * second,
    max: 3660 * day,
    example: '7d',
  }).optional(),
  exclusive: z
    .boolean()
    .meta({
      description: 'Canaries of other pipelines have no business here: one that arrives is told. Default false.',
    })
    .optional(),
});

export const checkFrame = z.strictObject({
  name: name({
    description: 'Unique in the pipeline. Default: the kind, then kind-2 and so on.',
    example: 'disk',
  }).optional(),
  every: duration({ description: 'Time between checks. Default 30s.', min: second, max: day, example: '30s' }).prefault(
    '30s',
  ),
});

const loss = z
  .strictObject({
    budget: share({ description: 'Share that may get lost. Default 0.1%.', example: '0.1%' }).prefault('0.1%'),
    window: duration({
      description: 'Time over which losses are counted. Default 10m.',
      min: 10 * second,
      max: day,
      example: '10m',
    }).prefault('10m'),
  })
  .meta({ description: 'What may get lost. How losses are told, within the window and over days: docs/losses.md.' });

const active = z
  .strictObject({
    days: parsedText(parseDays, {
      description: 'Days of the week on which it begins. Default: every day.',
      pattern: '^[A-Za-z, -]+$',
      examples: ['mon-fri'],
    }).prefault('sun-sat'),
    hours: parsedText(parseHours, {
      description: 'From when to when; 22:00-06:00 ends on the next day. Default: all day.',
      pattern: '^ *\\d{1,2}:\\d{2} *- *\\d{1,2}:\\d{2} *$',
      examples: ['08:00-22:00'],
    }).prefault('00:00-24:00'),
    timezone: z
      .string()
      .refine(isTimeZone, 'not a time zone. Write an IANA name like Asia/Tokyo.')
      .meta({ description: "Zone of the hours. Default: this machine's.", examples: ['Asia/Tokyo'] })
      .optional(),
    warm_up: duration({
      description: 'How long it may take to come up before anything is said of it. Default 15m.',
      min: 0,
      max: 12 * hour,
      example: '15m',
    }).prefault('15m'),
  })
  .meta({
    description: 'When it is expected to flow. At other times no canary is sent, and nobody is told of anything.',
  });

/** The kinds of one place in the configuration, each with the schema of its options. */
export type Kinds = Readonly<Record<string, z.ZodType>>;

export type Place = 'inject' | 'hops' | 'checks' | 'notify';

/** A frame with one more key for each kind; that exactly one of them is there is the cross-check's to say. */
export function withKinds<Frame extends z.ZodObject>(
  frame: Frame,
  kinds: Kinds,
): z.ZodType<z.infer<Frame> & Record<string, unknown>> {
  const optional = Object.fromEntries(Object.entries(kinds).map(([kind, config]) => [kind, config.optional()]));
  const oneOf = Object.keys(kinds).map((kind) => ({ required: [kind] }));
  // the shape is made at run time, so its type is the frame's plus unknown options by kind
  return frame.extend(optional).meta({ oneOf }) as unknown as z.ZodType<z.infer<Frame> & Record<string, unknown>>;
}

export function pipelineSchema(kinds: Record<Place, Kinds>) {
  const ms = { min: 0, max: longestWait };
  return z.strictObject({
    name: name({ description: 'Unique. Stands in every canary line.', example: 'prod' }),
    inject: z
      .array(withKinds(injectFrame, kinds.inject))
      .min(1)
      .max(1000)
      .meta({ description: 'Where canaries are put in.' }),
    hops: z
      .array(withKinds(hopFrame, kinds.hops))
      .min(1)
      .max(100)
      .meta({ description: 'Where canaries are looked for.' }),
    checks: z
      .array(withKinds(checkFrame, kinds.checks))
      .max(1000)
      .meta({ description: 'Health figures to read.' })
      .prefault([]),
    lost_after: duration({
      description: 'When a canary that is still missing counts as lost. Default 6h.',
      min: second,
      max: longestWait,
      example: '6h',
    }).prefault('6h'),
    loss: loss.prefault({}),
    page_after: duration({
      ...ms,
      description: 'How long it must be broken before it pages. Default 5m.',
      example: '5m',
    }).prefault('5m'),
    resolve_after: duration({
      ...ms,
      description: 'How long canaries must be good before it is resolved. Default 5m.',
      example: '5m',
    }).prefault('5m'),
    stopped_every: duration({
      description: 'Period of canaries, per stream, while the flow is stopped. Default 60s.',
      min: 100,
      max: day,
      example: '60s',
    }).prefault('60s'),
    active: active.optional(),
    off_when: z
      .enum(['no-nodes'])
      .meta({
        description: 'no-nodes: while the cluster has no node, it is switched off and not missed. Default: never off.',
      })
      .optional(),
    keep_canaries: duration({
      description: 'How long single verdicts are kept after they are final. Default 7d.',
      min: hour,
      max: 366 * day,
      example: '7d',
    }).prefault('7d'),
    keep_rollups: duration({
      description: 'How long hourly sums are kept. Default 400d.',
      min: day,
      max: 3660 * day,
      example: '400d',
    }).prefault('400d'),
  });
}
