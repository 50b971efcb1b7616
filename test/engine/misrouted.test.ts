/** Canaries of one tenant at the hop of another. */
import { describe, expect, test } from 'vitest';
import type { HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { readToken } from '../../src/core/token.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;

function tenant(name: string, last: Partial<HopSpec> & Pick<HopSpec, 'name'>): PipelineSpec {
  const inject = ['a', 'b'].map((node) => injectSpec({ name: `${name}-${node}` }));
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 }), hopSpec({ ...last, after: 'stream' })];
  return sandboxPipeline({ name, inject, hops });
}

/** Two tenants on one stream; the streams named in `leaking` go to the other's last hop, too. The index is searched by token, the archive read. */
async function tenants(exclusive: boolean) {
  const scene = new Scene();
  const only = exclusive ? { exclusive: true as const } : {};
  const pipelines = [tenant('shop', { name: 'index', ...only }), tenant('audit', { name: 'archive', ...only })];
  const bench = await Bench.open(scene, configOf({ pipelines }));
  const leaking = new Set<string>();
  const look = scene.look.bind(scene);
  scene.look = (hop, question, now) => {
    const answer = look(hop, question, now);
    if (!('coverage' in answer) || hop.spec.name === 'stream') return answer;
    const belongs = (token: string) => {
      const stream = bench.state.streamsByNumber.get(readToken(token)?.stream ?? -1);
      return stream?.injector.pipeline === hop.pipeline || leaking.has(stream?.name ?? '');
    };
    return { ...answer, finds: answer.finds.filter(({ token }) => belongs(token)) };
  };
  return { bench, leaking };
}

describe('given a hop that is to take its own lines only', () => {
  test.each([
    ['shop', 'index', 'audit'],
    ['audit', 'archive', 'shop'],
  ])(
    'when lines of a stream of another pipeline arrive at %s %s, then that is told at once, as a warning that names them, and once',
    async (pipeline, hop, other) => {
      const { bench, leaking } = await tenants(true);
      bench.run(2 * minute);
      expect(bench.history()).toEqual([]);
      leaking.add(`${other}-b`);
      bench.run(40_000);
      expect(bench.history()).toEqual([`misrouted@${hop}`]);
      const [facts] = bench.open();
      expect(facts).toMatchObject({
        pipeline,
        severity: 'warning',
        streams: { affected: 1, total: 2, names: [`${other}-b`] },
      });
      expect(facts?.detail).toMatch(
        new RegExp(`^\\d+ test lines of ${other} arrived at ${hop}, .* only those of ${pipeline}`),
      );
      expect(facts?.since).toBeGreaterThan(bench.now - 2 * minute);
      bench.run(5 * minute);
      expect(bench.open()).toHaveLength(1);
      leaking.clear();
      bench.run(2 * minute);
      expect(bench.told('chat')).toEqual([`trigger misrouted@${hop}`, `resolve misrouted@${hop}`]);
      expectIdentity(bench.state);
    },
  );

  test('when an alerter posts a canary of another pipeline to its hook, then that is told', async () => {
    const scene = new Scene();
    const shop = tenant('shop', { name: 'index' });
    const own = { ...shop, hops: [...shop.hops, hopSpec({ name: 'alert', after: 'index', exclusive: true })] };
    scene.stage('alert').stopped = true;
    const bench = await Bench.open(scene, configOf({ pipelines: [own, tenant('audit', { name: 'archive' })] }));
    bench.run(minute);
    const ofAudit = scene.place('archive').lines.find(({ token }) => {
      const stream = bench.state.streamsByNumber.get(readToken(token)?.stream ?? -1);
      return stream?.injector.pipeline.spec.name === 'audit';
    });
    bench.dispatch({ type: 'hooked', hop: 'alert', finds: [{ token: ofAudit?.token ?? '', kind: 'line' }] });
    bench.run(5_000);
    expect(bench.open('misrouted').map(({ pipeline, hop }) => `${pipeline}/${hop}`)).toEqual(['shop/alert']);
  });

  test('when logcanary restarts while they arrive, then it stays told', async () => {
    const { bench, leaking } = await tenants(true);
    leaking.add('audit-a');
    bench.run(2 * minute);
    await bench.restart(5_000);
    bench.run(2 * minute);
    expect(bench.told('chat')).toEqual(['trigger misrouted@index']);
  });
});

test('given pipelines that share a target, when it is not exclusive, then nothing is told, and nobody asks for canaries of others', async () => {
  const { bench, leaking } = await tenants(false);
  for (const name of ['shop-a', 'shop-b', 'audit-a', 'audit-b']) leaking.add(name);
  bench.run(3 * minute);
  expect(bench.history()).toEqual([]);
});
