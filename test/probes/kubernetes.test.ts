/** Canaries on every node, through the API double and emitters as PROTOCOL.md describes them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import kubernetes from '../../probes/kubernetes.ts';
import { context, forever, roleOf } from '../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../contract/probe-error.ts';
import { describeSchedulingInjector, scheduling } from '../contract/scheduling-injector.ts';
import { apiToken, type EmitterBench, emitterSecret, startEmitterBench } from '../fakes/kubernetes/emitter-bench.ts';
import { nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';

const role = roleOf(kubernetes.inject);
const configOf = (url: string, more: object = {}) => ({ url, token: apiToken, secret: emitterSecret, ...more });

describeSchedulingInjector('kubernetes', {
  probe: kubernetes,
  secrets: [apiToken, emitterSecret],
  hostile: (url) => configOf(url),
  async bench() {
    const bench = await startEmitterBench();
    bench.server.objects.apply('nodes', nodeManifest('node-a'));
    return {
      config: configOf(bench.server.url),
      async arrived() {
        bench.emitter.run();
        return bench.emitter.printed.map(({ text }) => text).join('\n');
      },
      stop: () => bench.stop(),
    };
  },
});

describe('a cluster', () => {
  let bench: EmitterBench;
  beforeEach(async () => {
    bench = await startEmitterBench();
    bench.server.objects.apply('nodes', nodeManifest('node-a'), nodeManifest('node-b'));
  });
  afterEach(() => bench.stop());

  async function listed(more: object = {}) {
    const injector = scheduling(await role.open(role.config.parse(configOf(bench.server.url, more)), context));
    try {
      return await injector.streams(forever);
    } finally {
      await injector.close();
    }
  }

  test('given a Ready node without an emitter, when listed, then it is held and should not be', async () => {
    const [, bare] = await listed();
    expect(bare).toMatchObject({ name: 'node-b', held: { why: 'no emitter pod' } });
    expect(bare?.held?.uncoveredSince).toBeLessThanOrEqual(context.clock.now());
  });

  test('given a Fargate node, when listed, then it is left out and says why', async () => {
    bench.server.objects.apply(
      'nodes',
      nodeManifest('fargate-1', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }),
    );
    expect((await listed()).find(({ name }) => name === 'fargate-1')).toMatchObject({ leftOut: 'Fargate' });
  });

  test('given two routes, when listed, then a node is a stream of each with its tenant', async () => {
    bench.server.objects.apply('pods', podManifest('emitter-p', { node: 'node-a', namespace: 'payments' }));
    const routes = ['logcanary', 'payments'].map((namespace) => ({ tenant: namespace, namespace }));
    const on = (await listed({ routes })).filter(({ labels }) => labels.node === 'node-a');
    expect(on.map(({ labels, held }) => [labels.tenant, held])).toEqual([
      ['logcanary', undefined],
      ['payments', undefined],
    ]);
  });

  test('given no secret, when opened, then it says where it is and where to write it', async () => {
    const { secret: _, ...rest } = configOf(bench.server.url);
    const error = await rejectionOf(Promise.resolve(role.open(role.config.parse(rest), context)));
    expectProbeError(error, ['config'], [apiToken]);
    expect(String(error)).toContain('emitter-secret');
  });

  test('given a cluster that works, when tried online, then it tells what it found and by which way', async () => {
    const found = await role.online?.(role.config.parse(configOf(bench.server.url)), context, forever);
    expect(found).toBe('2 places, 1 of them uncovered; emitter "emitter-a" answers by proxy');
  });
});
