/** Probes and notifiers that exist only in the configuration: enough to try every place where a kind may stand. */
import { z } from 'zod';
import type { AnyNotifier } from '../../src/notify/definition.ts';
import { type AnyProbe, defineProbe } from '../../src/probe.ts';

function never(): never {
  throw new Error('A configuration test opened a probe.');
}

const kinesis = z.strictObject({
  stream: z.string().min(1).describe('Name of the stream.'),
  region: z.string().min(1).describe('AWS region.'),
  endpoint: z.url().optional(),
  read: z.enum(['on-demand', 'follow']).default('on-demand'),
});

const elasticsearch = z.strictObject({
  url: z.url().refine((url) => !new URL(url).username, { error: 'holds a user. Put it into auth.' }),
  index: z.string().min(1).default('*'),
  fields: z.array(z.string()).default(['message']),
  auth: z
    .union([
      z.strictObject({ username: z.string(), password: z.string() }),
      z.strictObject({ api_key: z.string().min(20) }),
    ])
    .optional(),
});

export const fakeProbes: readonly AnyProbe[] = [
  defineProbe<{ path: string }>({
    kind: 'file',
    measures: 'Nothing: it only writes.',
    inject: { config: z.strictObject({ path: z.string().min(1) }), target: (config) => config.path, open: never },
    runbook: {},
  }),
  defineProbe<z.infer<typeof kinesis>, z.infer<typeof kinesis>>({
    kind: 'kinesis',
    measures: 'Injection until the record can be read.',
    inject: { config: kinesis, target: (config) => config.stream, open: never },
    observe: { config: kinesis, target: (config) => config.stream, open: never },
    runbook: {},
  }),
  defineProbe<never, z.infer<typeof elasticsearch>>({
    kind: 'elasticsearch',
    measures: 'Injection until a search returns the canary.',
    observe: { config: elasticsearch, target: (config) => new URL(config.url).host, open: never },
    runbook: {},
  }),
  defineProbe<never, Record<string, never>>({
    kind: 'webhook',
    measures: 'Injection until somebody posts the canary back.',
    observe: { config: z.strictObject({}), target: () => 'our own hook', open: never },
    runbook: {},
  }),
  defineProbe<never, never, { url: string }>({
    kind: 'elasticsearch-disk',
    measures: 'Disk use against the flood stage.',
    check: { config: z.strictObject({ url: z.url() }), target: (config) => new URL(config.url).host, open: never },
    runbook: {},
  }),
];

export const fakeNotifiers: readonly AnyNotifier[] = [
  {
    kind: 'pagerduty',
    config: z.strictObject({ routing_key: z.string().length(32), url: z.url().optional() }),
    defaultMinSeverity: 'critical',
    open: never,
  },
  {
    kind: 'slack',
    config: z.strictObject({
      webhook_url: z.string().refine((url) => url.startsWith('https://'), {
        error: (issue) => `"${String(issue.input)}" is not an https address.`,
      }),
    }),
    defaultMinSeverity: 'warning',
    open: never,
  },
];
