import { describe, expect, it } from 'vitest';
import { canariesFor, detectable } from '../../src/config/detectable.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { PipelineSpec } from '../../src/core/pipeline.ts';
import { fakeNotifiers, fakeProbes } from './fake-kinds.ts';

async function pipelineOf(text: string): Promise<PipelineSpec> {
  const config = await loadConfig({ file: 'f.yml', text, env: {}, probes: fakeProbes, notifiers: fakeNotifiers });
  const [pipeline] = config.pipelines;
  if (!pipeline) throw new Error('No pipeline.');
  return pipeline;
}

describe('what is detectable', () => {
  // from the facts sheet on paging, §7: n for 95 %, and the exact binomial table for one, two and three losses
  it.each([
    [1, 0.1, 29],
    [1, 0.01, 299],
    [1, 0.001, 2995],
    [1, 0.0001, 29_956],
    [2, 0.001, 4742],
    [3, 0.001, 6294],
  ])('given at least %i losses at a share of %d, then %i canaries show them with 95 %%', (losses, p, n) => {
    expect(canariesFor(losses, p)).toBe(n);
  });

  it('given one stream with T=30 D=120 P=15, then a stop shows after 195 s at worst', async () => {
    const pipeline = await pipelineOf(
      'pipelines: [{ name: p, inject: [{ file: { path: a } }], hops: [{ name: h, webhook: {}, within: 120s, poll: 15s }] }]',
    );
    expect(detectable(pipeline)).toMatchObject([{ hop: 'h', streams: 1, stoppedMs: 195_000 }]);
  });

  it('given three streams every 30 s, then 0.1 % loss takes a little over 8 h to show', async () => {
    const pipeline = await pipelineOf(
      'pipelines: [{ name: p, inject: [{ file: { path: a } }], hops: [{ name: h, webhook: {}, within: 120s }] }]',
    );
    const [hop] = detectable(pipeline, () => 3);
    expect((hop?.budgetShowsMs ?? 0) / 3_600_000).toBeCloseTo(8.32, 2);
    // 6488 canaries of which it alarms, and 12 min 30 s until each is decided: within, poll, 20 younger ones
    expect((hop?.budgetToldMs ?? 0) / 3_600_000).toBeCloseTo(18.02 + 0.21, 2);
    expect((hop?.tenfoldToldMs ?? 0) / 3_600_000).toBeCloseTo(1.39 + 0.21, 2);
    expect(hop?.perWindow).toBe(60);
    expect(canariesFor(3, hop?.windowShows ?? 0)).toBe(60);
  });

  it('given an injector that enters further down and a sample, then only what passes is counted', async () => {
    const pipeline = await pipelineOf(`pipelines:
  - name: p
    inject: [{ file: { path: a }, every: 30s }, { file: { path: b }, every: 10s, enters: b }]
    hops:
      - { name: a, webhook: {}, within: 40s }
      - { name: b, after: a, webhook: {}, within: 40s, sample: 1/10 }
      - { name: c, after: b, webhook: {}, within: 40s }
`);
    expect(detectable(pipeline)).toMatchObject([
      { hop: 'a', streams: 1, everyMs: { shortest: 30_000, longest: 30_000 }, perWindow: 20 },
      { hop: 'b', streams: 2, everyMs: { shortest: 100_000, longest: 300_000 }, perWindow: 8 },
      { hop: 'c', streams: 2, everyMs: { shortest: 10_000, longest: 30_000 }, perWindow: 80 },
    ]);
  });

  it('given one canary in five minutes, then a loss at the budget is too rare to be told, and ten times as much is not', async () => {
    const pipeline = await pipelineOf(
      'pipelines: [{ name: p, inject: [{ file: { path: a }, every: 5m }], hops: [{ name: h, webhook: {}, within: 2m }] }]',
    );
    const [hop] = detectable(pipeline);
    expect(hop?.budgetToldMs).toBeUndefined();
    expect((hop?.tenfoldToldMs ?? 0) / 3_600_000).toBeCloseTo(35.0, 0);
  });

  it('given fewer canaries in a window than an alert needs, then no loss shows there', async () => {
    const pipeline = await pipelineOf(
      'pipelines: [{ name: p, inject: [{ file: { path: a }, every: 5m }], hops: [{ name: h, webhook: {}, within: 2m }] }]',
    );
    expect(detectable(pipeline)[0]).toMatchObject({ perWindow: 2, windowShows: undefined });
  });
});
