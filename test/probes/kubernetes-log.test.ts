/** The emitters' logs through the API double: what is found, and when an absence may be believed. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import kubernetesLog from '../../probes/kubernetes-log.ts';
import type { Observer } from '../../src/probe.ts';
import { context, forever, roleOf } from '../contract/bench.ts';
import { ask, deliveredOf, expectSoundLook, tokensOf } from '../contract/look.ts';
import { describeObserver } from '../contract/probe.ts';
import { expectProbeError, rejectionOf } from '../contract/probe-error.ts';
import { canaryLines } from '../fakes/canary-lines.ts';
import { type KubernetesApi, startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';

const secret = 'not-a-real-token';
const banner = 'logcanary-emitter 00000000000000a1 is up; this line only makes the file long enough';

async function startBench() {
  const server = await startKubernetesApi({ now: () => context.clock.wall() });
  server.objects.apply('nodes', nodeManifest('node-a'), nodeManifest('node-b'));
  for (const node of ['a', 'b']) {
    server.objects.apply('pods', podManifest(`emitter-${node}`, { node: `node-${node}` }));
    server.logs.write(`emitter-${node}`, [banner], context.clock.wall() - 3_600_000);
  }
  return {
    server,
    config: { namespace: 'logcanary', url: server.url, token: secret },
    async put(texts: readonly string[]) {
      for (const [index, text] of texts.entries()) server.logs.write(index % 2 ? 'emitter-b' : 'emitter-a', [text]);
    },
    stop: () => server.stop(),
  };
}

describeObserver('kubernetes-log', {
  probe: kubernetesLog,
  secrets: [secret],
  hostile: (url) => ({ namespace: 'logcanary', url, token: secret }),
  bench: startBench,
});

describe('the config', () => {
  const faultsOf = (config: object) =>
    roleOf(kubernetesLog.observe)
      .config.safeParse({ namespace: 'logcanary', ...config })
      .error?.issues.map(({ path }) => path.join('.')) ?? [];

  test.each([
    ['a kubeconfig', { kubeconfig: '/etc/kubeconfig', context: 'prod' }, []],
    ['nothing, as in the cluster', {}, []],
    ['EKS', { url: 'https://eks:443', eks: { cluster: 'prod', region: 'ap-northeast-1' } }, []],
    ['kubectl proxy', { url: 'http://127.0.0.1:8001' }, []],
    ['a url without a way to sign in', { url: 'https://eks:443' }, ['url']],
    ['plain http to elsewhere', { url: 'http://10.0.0.1', token: secret }, ['url']],
    ['credentials in the url', { url: 'https://me:pw@eks', token: secret }, ['url']],
    ['two ways to sign in', { url: 'https://eks', token: secret, token_file: '/t' }, ['token_file']],
    ['a token without a url', { token: secret }, ['token']],
    ['a url and a context', { url: 'https://eks', token: secret, context: 'prod' }, ['context']],
    ['half a key', { url: 'https://eks', eks: { cluster: 'a', region: 'b', access_key_id: 'x' } }, ['eks']],
    ['a namespace that is none', { namespace: '../x' }, ['namespace']],
  ])('given %s, when parsed, then its faults are named', (_, config, faults) => {
    expect(faultsOf(config)).toEqual(faults);
  });
});

describe('what an absence is worth', () => {
  let bench: Awaited<ReturnType<typeof startBench>>;
  let server: KubernetesApi;
  let observer: Observer;

  beforeEach(async () => {
    bench = await startBench();
    server = bench.server;
    observer = await open();
  });
  afterEach(async () => {
    await observer.close();
    await bench.stop();
  });

  async function open(more: object = {}): Promise<Observer> {
    const role = roleOf(kubernetesLog.observe);
    return role.open(role.config.parse({ ...bench.config, ...more }), context);
  }

  async function sound(lines = canaryLines(1)) {
    const look = await ask(observer, lines);
    expectSoundLook(look, [secret]);
    return look;
  }

  test('given the first look, when nothing is found, then only what is printed later may be missed', async () => {
    const before = context.clock.now();
    const look = await sound();
    expect(look.coverage).toBe('complete');
    expect(look.since).toBeGreaterThanOrEqual(before);
  });

  test('given logs that stay, when looked again, then completeness goes back to the first look', async () => {
    const first = await sound();
    const again = await sound();
    expect(again.since).toBe(first.since);
  });

  test.each([
    [
      'a log that was rotated',
      () => {
        server.logs.rotate('emitter-a');
        server.logs.write('emitter-a', ['logcanary-emitter goes on']);
      },
    ],
    ['a log that was rotated and is empty', () => server.logs.rotate('emitter-a')],
    [
      'a container that was started anew',
      () => server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a', restarts: 1 })),
    ],
    ['a pod that went', () => server.objects.remove('pods', 'emitter-a')],
  ])('given %s, when looked again, then nothing before is proven', async (_, happen) => {
    await sound();
    await expect.poll(() => context.clock.now()).toBeGreaterThan((await sound()).since ?? 0);
    happen();
    const before = context.clock.now();
    const look = await sound();
    expect(look.coverage).toBe('complete');
    expect(look.since).toBeGreaterThanOrEqual(before);
  });

  test('given one log of two that cannot be read, when looked, then the others deliver and the look is partial', async () => {
    const lines = canaryLines(2);
    await bench.put(lines.map(({ text }) => text));
    server.misbehave({ as: 'refuse', code: 500 }, { when: ({ name }) => name === 'emitter-b' });
    const look = await sound(lines);
    expect([look.coverage, look.why?.reason]).toEqual(['partial', 'server_error']);
    expect(deliveredOf(look, lines)).toEqual(tokensOf(lines.slice(0, 1)));
  });
  test('given one log of three that cannot be read, when looked, then the look is complete, but for that node', async () => {
    server.objects.apply('pods', podManifest('emitter-c', { node: 'node-c' }));
    server.logs.write('emitter-c', [banner], context.clock.wall() - 3_600_000);
    const lines = canaryLines(2);
    await bench.put(lines.map(({ text }) => text));
    server.misbehave({ as: 'refuse', code: 500 }, { when: ({ name }) => name === 'emitter-b' });
    const look = await sound(lines);
    expect(look).toMatchObject({ coverage: 'complete', without: ['node-b'] });
    expect(look.why).toBeUndefined();
    expect(deliveredOf(look, lines)).toEqual(tokensOf(lines.slice(0, 1)));
  });

  test('given more bytes than may be read, when looked, then the look is partial and no cut line counts as damaged', async () => {
    observer = await open({ max_read_bytes: 1024 });
    const lines = canaryLines(30);
    for (const { text } of lines) server.logs.write('emitter-a', [text]);
    const whole = await ask(await open(), lines);
    const look = await sound(lines);
    expect([look.coverage, look.why?.reason]).toEqual(['partial', 'partial']);
    expect(look.finds.length).toBeGreaterThan(3);
    const damageOf = new Map(whole.finds.map(({ token, damage }) => [token, damage]));
    for (const find of look.finds.slice(0, -1)) expect(find.damage).toBe(damageOf.get(find.token));
    expect(look.finds.at(-1)?.damage).toBeUndefined();
  });

  test('given more pods than may be read, when looked, then the look is partial', async () => {
    observer = await open({ max_pods: 1 });
    expect((await sound()).coverage).toBe('partial');
  });

  test('given no pod, when looked, then that is no complete look', async () => {
    server.objects.remove('pods', 'emitter-a');
    server.objects.remove('pods', 'emitter-b');
    expect(await sound()).toMatchObject({ coverage: 'partial', why: { reason: 'not_found' } });
  });

  test('given a pod that waits to start, when looked, then it is left out', async () => {
    const waiting = podManifest('emitter-c', { node: 'node-c', ready: false, phase: 'Pending' });
    server.objects.apply('pods', { ...waiting, status: { phase: 'Pending' } });
    expect((await sound()).coverage).toBe('complete');
    expect(server.calls.filter(({ name }) => name === 'emitter-c')).toEqual([]);
  });

  test('given old lines, when asked about young canaries, then the old ones are not fetched', async () => {
    server.logs.write('emitter-a', [canaryLines(1)[0]?.text ?? ''], context.clock.wall() - 600_000);
    expect((await sound()).finds).toEqual([]);
  });

  test('given 403, when looked, then it says what to grant', async () => {
    server.access.restrict(['list pods in logcanary']);
    const error = await rejectionOf(
      observer.observe({ asOf: context.clock.now(), since: 0, count: 0, tokens: () => [], prefixes: [] }, forever),
    );
    expectProbeError(error, ['auth'], [secret]);
    expect(error.message).toContain('Grant get pods/log in namespace "logcanary"');
  });
});
