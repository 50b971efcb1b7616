import type { CheckSpec, Config, HopSpec, InjectSpec, NotifierSpec, PipelineSpec } from '../../src/core/pipeline.ts';

/** A hop; what does not matter to a test has the sandbox's values. */
export function hopSpec(hop: Partial<HopSpec> & Pick<HopSpec, 'name'>): HopSpec {
  const base = { kind: 'fake', options: {}, withinMs: 20_000, pollMs: 2_000, timeoutMs: 10_000 };
  return { ...base, sample: { take: 1, of: 1 }, ...hop };
}

export function injectSpec(inject: Partial<InjectSpec> & Pick<InjectSpec, 'name'>): InjectSpec {
  return { kind: 'fake', options: {}, everyMs: 1_000, maxPerSecond: 1_000, shapes: ['plain'], ...inject };
}

/** The sandbox's hops and deadlines (design §10). */
export const sandboxHops: readonly HopSpec[] = [
  hopSpec({ name: 'stream', withinMs: 8_000 }),
  hopSpec({ name: 'index', after: 'stream', withinMs: 10_000 }),
  hopSpec({ name: 'archive', after: 'stream' }),
  hopSpec({ name: 'alert', after: 'index' }),
];

/** The sandbox's pipeline: three nodes with an injector each. */
export function sandboxPipeline(changes: Partial<PipelineSpec> = {}): PipelineSpec {
  return {
    name: 'sandbox',
    inject: ['node-a', 'node-b', 'node-c'].map((name) => injectSpec({ name })),
    hops: sandboxHops,
    checks: [],
    lostAfterMs: 60_000,
    loss: { budget: 0.001, windowMs: 600_000 },
    pageAfterMs: 0,
    resolveAfterMs: 5_000,
    stoppedEveryMs: 2_000,
    keepCanariesMs: 7 * 86_400_000,
    keepRollupsMs: 400 * 86_400_000,
    ...changes,
  };
}

export const pager: NotifierSpec = { name: 'pager', kind: 'fake', options: {}, minSeverity: 'critical' };
export const chat: NotifierSpec = { name: 'chat', kind: 'fake', options: {}, minSeverity: 'warning' };
export const diskCheck: CheckSpec = { name: 'disk', kind: 'fake-disk', options: {}, everyMs: 2_000 };

export function configOf(changes: Partial<Config> = {}): Config {
  return {
    file: 'logcanary.yaml',
    hash: '0123456789abcdef',
    listen: { host: '127.0.0.1', port: 9780 },
    ledger: 'logcanary.db',
    deployment: 'test',
    keys: [],
    pipelines: [sandboxPipeline()],
    notify: [pager, chat],
    heartbeats: [],
    expectedPings: [],
    http: {},
    ...changes,
  };
}
