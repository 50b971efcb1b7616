/** What may happen to a pipeline, in any order; and the pipeline it happens to. */
import fc from 'fast-check';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { hopSpec, injectSpec, sandboxPipeline } from '../engine/sandbox-config.ts';

const dt = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 4_900 }) },
  { weight: 3, arbitrary: fc.integer({ min: 5_000, max: 90_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(3_600_000, 80 * 3_600_000) },
);
const density = fc.constantFrom(0, 0.2, 0.9, 1, 1, 1);
export const hops = ['stream', 'index', 'archive', 'alert'];

const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pass' as const), dt }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('receipt' as const),
      dt: fc.integer({ min: 0, max: 2_000 }),
      injector: fc.nat(2),
      bias: fc.constantFrom('emitted', 'emitted', 'emitted', 'mixed', 'error'),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      dt: fc.integer({ min: 0, max: 1_000 }),
      hop: fc.constantFrom(...hops),
      coverage: fc.constantFrom('complete', 'complete', 'complete', 'complete', 'partial', 'failed', 'blind'),
      density,
      byToken: fc.boolean(),
      lowerMs: fc.constantFrom(0, 0, 500, 20_000),
      sinceMs: fc.constantFrom(0, 0, 0, 3_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hook' as const), dt: fc.nat(500), density }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), stream: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('return' as const), stream: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wall' as const), offset: fc.integer({ min: -1e7, max: 1e7 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('rounds' as const),
      count: fc.integer({ min: 3, max: 14 }),
      lossy: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      downMs: fc.constantFrom(0, 1, 30_000),
      variant: fc.nat(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('reload' as const) }) },
);
export const operations = fc.array(operation, { minLength: 20, maxLength: 60 });
export type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Streams a and b of one injector, c of another, d enters at the index. */
export const streams = ['a', 'b', 'c', 'd'];
export const injectorOf: Readonly<Record<string, string>> = { a: 'ab', b: 'ab', c: 'c', d: 'd' };

export function specOf(variant: number): PipelineSpec {
  const sample = { take: 1, of: variant === 1 ? 3 : 20 };
  return sandboxPipeline({
    inject: [
      injectSpec({ name: 'ab', everyMs: 97, maxPerSecond: 1e6 }),
      injectSpec({ name: 'c', everyMs: 211, maxPerSecond: 1e6, shapes: ['plain', 'burst'] }),
      injectSpec({ name: 'd', everyMs: 150, maxPerSecond: 1e6, enters: 'index' }),
    ],
    hops: [
      hopSpec({ name: 'stream', withinMs: 3_000, pollMs: 500, timeoutMs: 1_000 }),
      hopSpec({
        name: 'index',
        after: 'stream',
        withinMs: variant === 2 ? 9_000 : 5_000,
        pollMs: 500,
        timeoutMs: 1_000,
      }),
      hopSpec({ name: 'archive', after: 'stream', withinMs: 8_000, pollMs: 1_000, timeoutMs: 1_000, sample }),
      hopSpec({
        name: 'alert',
        after: 'index',
        withinMs: 8_000,
        pollMs: 1_000,
        timeoutMs: 1_000,
        sample: { take: 2, of: 5 },
      }),
    ],
    lostAfterMs: variant === 2 ? 30_000 : 20_000,
  });
}

/** How the hops are observed. */
export const modes = {
  observer: (hop: string) => ({
    mode: hop === 'alert' ? ('push' as const) : hop === 'archive' ? ('on-demand' as const) : ('poll' as const),
    finds: hop === 'stream' ? ('unique' as const) : ('repeats' as const),
  }),
};
