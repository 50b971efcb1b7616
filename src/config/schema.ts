import { z } from 'zod';
import { heartbeatForms, shapes } from '../core/pipeline.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import { parseDays, parseHours } from './active-hours.ts';
import { drillFrame } from './drill-frame.ts';
import {
  duration,
  httpUrl,
  isTimeZone,
  listenAddress,
  name,
  parsedText,
  rate,
  share,
  text,
  variable,
} from './field.ts';
import { links, notifyFrame } from './notify-frame.ts';
import { peers } from './peer-frame.ts';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
/** Timers count in 31 bits of ms: 24.8 days. Whatever is waited for stays below. */
const longestWait = 24 * day;

const injectFrame = z.strictObject({
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

const hopFrame = z.strictObject({
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

const checkFrame = z.strictObject({
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
  .meta({ description: 'When the pipeline is lossy: at least 3 losses and a lower 95 % bound above the budget.' });

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

const key = z.strictObject({
  id: text({ description: 'Any name for the key. Two ids must not share a key number.', example: 'a1', max: 64 }),
  secret: text({ description: 'Signs canaries. At least 16 characters.', example: variable('LOGCANARY_KEY'), min: 16 }),
});

const heartbeat = z.strictObject({
  url: httpUrl({ description: 'Pinged while our loops make progress.', example: variable('HEARTBEAT_URL') }),
  every: duration({ description: 'Default 60s.', min: second, max: day, example: '60s' }).prefault('60s'),
  form: z
    .enum(heartbeatForms)
    .meta({
      description:
        'How the service wants to be told: plain is a GET; the others are also told that we are not well, which is sooner than silence. Default: by the host.',
    })
    .optional(),
});

const expectedPing = z.strictObject({
  name: name({ description: 'Last part of the path it is posted to: /hooks/ping/<name>.', example: 'alertmanager' }),
  every: duration({
    description: 'How often it comes. Default 60s.',
    min: second,
    max: 30 * day,
    example: '60s',
  }).prefault('60s'),
  grace: duration({ description: 'How late it may be. Default 3m.', min: 0, max: 30 * day, example: '3m' }).prefault(
    '3m',
  ),
});

/** The kinds of one place in the configuration, each with the schema of its options. */
export type Kinds = Readonly<Record<string, z.ZodType>>;

export type Place = 'inject' | 'hops' | 'checks' | 'notify';

/** What may stand where: injectors, hops and checks from the probes, channels from the notifiers. */
export function kindsByPlace(probes: readonly AnyProbe[], notifiers: readonly AnyNotifier[]): Record<Place, Kinds> {
  const kinds: Record<Place, Record<string, z.ZodType>> = { inject: {}, hops: {}, checks: {}, notify: {} };
  for (const probe of probes) {
    if (probe.inject) kinds.inject[probe.kind] = described(probe.inject.config, probe.measures);
    if (probe.observe) kinds.hops[probe.kind] = described(probe.observe.config, probe.measures);
    if (probe.check) kinds.checks[probe.kind] = described(probe.check.config, probe.measures);
  }
  for (const notifier of notifiers) kinds.notify[notifier.kind] = notifier.config;
  return kinds;
}

/** The keys of an item that are not kinds. */
export const frameKeys: Readonly<Record<Place, readonly string[]>> = {
  inject: Object.keys(injectFrame.shape),
  hops: Object.keys(hopFrame.shape),
  checks: Object.keys(checkFrame.shape),
  notify: Object.keys(notifyFrame.shape),
};

function described(config: z.ZodType, measures: string): z.ZodType {
  return config.description === undefined ? config.describe(measures) : config;
}

/** A frame with one more key for each kind; that exactly one of them is there is the cross-check's to say. */
function withKinds<Frame extends z.ZodObject>(
  frame: Frame,
  kinds: Kinds,
): z.ZodType<z.infer<Frame> & Record<string, unknown>> {
  const optional = Object.fromEntries(Object.entries(kinds).map(([kind, config]) => [kind, config.optional()]));
  const oneOf = Object.keys(kinds).map((kind) => ({ required: [kind] }));
  // the shape is made at run time, so its type is the frame's plus unknown options by kind
  return frame.extend(optional).meta({ oneOf }) as unknown as z.ZodType<z.infer<Frame> & Record<string, unknown>>;
}

function pipelineSchema(kinds: Record<Place, Kinds>) {
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

/** The whole file, as it is written and as it is parsed. Options of kinds are the probes' and notifiers' own. */
export function configSchema(probes: readonly AnyProbe[], notifiers: readonly AnyNotifier[]) {
  const kinds = kindsByPlace(probes, notifiers);
  return z
    .strictObject({
      listen: listenAddress({
        description: 'Where the page, the metrics and the hooks are served. Default 127.0.0.1:9780.',
        example: '127.0.0.1:9780',
      }).prefault('127.0.0.1:9780'),
      ledger: text({
        description: 'Path of the ledger (SQLite), from the folder of this file. Default ./logcanary.db.',
        example: './logcanary.db',
      })
        .refine((path) => !/^[a-z][a-z0-9+.-]+:\/\//i.test(path), {
          error:
            'a database address; only an SQLite file is supported by this version. Write a path like ./logcanary.db.',
        })
        .prefault('./logcanary.db'),
      deployment: name({ description: 'Part of every dedup key. Default: default.', example: 'tokyo' }).prefault(
        'default',
      ),
      keys: z
        .array(key)
        .max(100)
        .meta({ description: 'The first signs, all verify. Default: one is generated beside the ledger.' })
        .prefault([]),
      pipelines: z.array(pipelineSchema(kinds)).min(1).max(100).meta({ description: 'What is watched.' }),
      notify: z.array(withKinds(notifyFrame, kinds.notify)).max(100).meta({ description: 'Who is told.' }).prefault([]),
      links: links.optional(),
      drill: drillFrame.optional(),
      heartbeats: z.array(heartbeat).max(20).meta({ description: 'Whom we ping while we are well.' }).prefault([]),
      expected_pings: z.array(expectedPing).max(1000).meta({ description: 'Who must ping us.' }).prefault([]),
      peers: peers.prefault([]),
      http: z
        .strictObject({
          secret: text({
            description: 'Bearer secret for whatever changes state.',
            example: variable('HTTP_SECRET'),
            min: 16,
          }).optional(),
        })
        .meta({ description: 'Our own HTTP server.' })
        .prefault({}),
    })
    .meta({ title: 'logcanary configuration' });
}

/** The file once parsed: durations in ms, shares as fractions, defaults filled in where they depend on nothing else. */
export type ParsedFile = z.output<ReturnType<typeof configSchema>>;
export type ParsedPipeline = ParsedFile['pipelines'][number];
