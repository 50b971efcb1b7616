import { z } from 'zod';
import { heartbeatForms } from '../core/pipeline.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import { drillFrame } from './drill-frame.ts';
import { duration, httpUrl, listenAddress, name, text, variable } from './field.ts';
import { links, notifyFrame } from './notify-frame.ts';
import { peers } from './peer-frame.ts';
import {
  checkFrame,
  hopFrame,
  injectFrame,
  type Kinds,
  type Place,
  pipelineSchema,
  withKinds,
} from './pipeline-schema.ts';

const second = 1_000;
const hour = 3_600 * second;
const day = 24 * hour;
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
