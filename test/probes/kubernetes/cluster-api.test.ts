/** The client against the API double: what it asks, how it signs in, what it makes of refusals, and how politely. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ClusterApi, openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import type { ClusterConfig } from '../../../probes/kubernetes/kubernetes-config.ts';
import { listAll, PAGE_SIZE } from '../../../probes/kubernetes/paged-list.ts';
import type { Reason } from '../../../src/probe.ts';
import { context, forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import { hastyClock } from '../../fakes/hasty-clock.ts';
import { type KubernetesApi, type Misbehaviour, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest } from '../../fakes/kubernetes/manifests.ts';

const secret = 'eyJhbGciOi-not-a-real-token';
const errand = { what: 'list nodes', grant: 'list nodes' };
const item = z.object({ metadata: z.object({ name: z.string() }) });
const small = { method: 'GET', path: '/api/v1/nodes', maxBytes: 1_000_000 } as const;

let server: KubernetesApi;
const opened: ClusterApi[] = [];

beforeEach(async () => {
  server = await startKubernetesApi({ now: () => context.clock.wall() });
  server.access.admit(secret);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((api) => api.close()));
  await server.stop();
});

function open(config: ClusterConfig = { url: server.url, token: secret }, clock = context.clock): ClusterApi {
  const api = openCluster(config, clock);
  opened.push(api);
  return api;
}

async function namesOf(api: ClusterApi, more: { labelSelector?: string } = {}): Promise<string[]> {
  const items = await listAll(api, errand, { path: '/api/v1/nodes', item, ...more }, forever.signal);
  return items.map(({ metadata }) => metadata.name);
}

function addNodes(count: number): string[] {
  const names = Array.from({ length: count }, (_, at) => `node-${String(at).padStart(4, '0')}`);
  server.objects.apply('nodes', ...names.map((name) => nodeManifest(name)));
  return names;
}

describe('lists', () => {
  test('given more objects than fit a page, when listed, then all come, in pages', async () => {
    const names = addNodes(PAGE_SIZE * 2 + 1);
    expect(await namesOf(open())).toEqual(names);
    expect(server.calls.map(({ query }) => query.get('limit'))).toEqual(['100', '100', '100']);
  });

  test('given pages that became too old in between, when listed, then it begins anew and is whole', async () => {
    const names = addNodes(PAGE_SIZE + 1);
    const api = open();
    server.misbehave({ as: 'refuse', code: 410 }, { times: 1, when: ({ query }) => query.has('continue') });
    expect(await namesOf(api)).toEqual(names);
    expect(server.calls.map(({ query }) => query.has('continue'))).toEqual([false, true, false, true]);
  });

  test('given pages that always are too old, when listed, then it gives up and never shows a part', async () => {
    addNodes(PAGE_SIZE + 1);
    server.misbehave({ as: 'refuse', code: 410 }, { when: ({ query }) => query.has('continue') });
    expectProbeError(await rejectionOf(namesOf(open())), ['rejected'], [secret]);
    expect(server.calls).toHaveLength(6);
  });

  test('given a selector, when listed, then it goes to the server', async () => {
    server.objects.apply('nodes', nodeManifest('a', { labels: { pool: 'x' } }), nodeManifest('b'));
    expect(await namesOf(open(), { labelSelector: 'pool=x' })).toEqual(['a']);
  });
});

describe('refusals', () => {
  const cases: readonly (readonly [string, Misbehaviour, Reason])[] = [
    ['401', { as: 'refuse', code: 401 }, 'auth'],
    ['403', { as: 'refuse', code: 403 }, 'auth'],
    ['404', { as: 'refuse', code: 404 }, 'not_found'],
    ['429 for long', { as: 'refuse', code: 429, retryAfter: 90 }, 'rate_limited'],
    ['500', { as: 'refuse', code: 500 }, 'server_error'],
    ['503', { as: 'refuse', code: 503 }, 'server_error'],
    ['a cut answer', { as: 'cut' }, 'network'],
    ['a reset connection', { as: 'reset' }, 'network'],
    ['a login page', { as: 'page' }, 'bad_answer'],
  ];
  test.each(cases)(
    'given %s, when asked, then the error has the right reason and no secret',
    async (_, how, reason) => {
      addNodes(3);
      server.misbehave(how);
      expectProbeError(
        await rejectionOf(open().ask(errand, z.object({ items: z.array(item) }), small, forever.signal)),
        [reason],
        [secret],
      );
    },
  );

  test.each(['silent', 'stall'] as const)(
    'given a server that is %s, when the caller gives up, then it rejects',
    async (as) => {
      server.misbehave({ as });
      const caller = new AbortController();
      const asked = rejectionOf(open().call(errand, small, caller.signal));
      await expect.poll(() => server.calls.length).toBe(1);
      caller.abort(new DOMException('enough', 'TimeoutError'));
      expectProbeError(await asked, ['timeout'], [secret]);
    },
  );

  test('given an answer over its bound, when asked, then it is too large', async () => {
    addNodes(5);
    expectProbeError(await rejectionOf(open().call(errand, { ...small, maxBytes: 100 }, forever.signal)), [
      'too_large',
    ]);
  });

  test('given nothing that listens, when asked, then it is refused', async () => {
    await server.stop();
    expectProbeError(await rejectionOf(open().call(errand, small, forever.signal)), ['refused'], [secret]);
  });

  test('given 403, when asked, then the error repeats the server and says what to grant', async () => {
    server.access.restrict(['list pods in logcanary']);
    const error = await rejectionOf(open().call(errand, small, forever.signal));
    expectProbeError(error, ['auth'], [secret]);
    expect(error.message).toContain('cannot list resource "nodes"');
    expect(error.message).toContain('Grant list nodes');
  });

  test('given an aborted signal, when asked, then nothing is sent', async () => {
    expectProbeError(
      await rejectionOf(open().call(errand, small, AbortSignal.abort(new DOMException('x', 'AbortError')))),
      ['aborted'],
    );
    expect(server.calls).toEqual([]);
  });
});

describe('politeness', () => {
  test('given 429 with Retry-After, when asked, then it rests as long and asks again', async () => {
    const clock = hastyClock();
    server.misbehave({ as: 'refuse', code: 429, retryAfter: 4 }, { times: 1 });
    expect(await namesOf(open({ url: server.url, token: secret }, clock))).toEqual([]);
    expect(Math.max(...clock.slept)).toBe(4000);
    expect(server.calls).toHaveLength(2);
  });

  test('given many calls at once, when made, then ten go out in each second, shared by all that use the server', async () => {
    const clock = hastyClock();
    const [one, other] = [
      open({ url: server.url, token: secret }, clock),
      open({ url: server.url, token: secret }, clock),
    ];
    const calls = Array.from({ length: 35 }, (_, at) => (at % 2 ? one : other).call(errand, small, forever.signal));
    await Promise.all(calls);
    expect(clock.slept).toEqual([1000, 1000, 1000]);
  });

  test('given 600 callers that wait, when one more asks, then it is refused at once', async () => {
    server.misbehave({ as: 'refuse', code: 429, retryAfter: 300 }, { times: 1 });
    const api = open();
    await rejectionOf(api.call(errand, small, forever.signal));
    const caller = new AbortController();
    const waiting = Array.from({ length: 600 }, () => rejectionOf(api.call(errand, small, caller.signal)));
    const error = await rejectionOf(api.call(errand, small, forever.signal));
    expectProbeError(error, ['rate_limited']);
    caller.abort(new DOMException('enough', 'AbortError'));
    for (const each of await Promise.all(waiting)) expectProbeError(each, ['aborted']);
  });

  test('given a call that is no reading, when told to wait, then it is not made again', async () => {
    server.misbehave({ as: 'refuse', code: 429, retryAfter: 1 });
    const post = { ...small, method: 'POST', body: Buffer.from('x') } as const;
    expectProbeError(await rejectionOf(open().call(errand, post, forever.signal)), ['rate_limited']);
    expect(server.calls).toHaveLength(1);
  });

  test('given two clusters, when one hangs, then the other answers', async () => {
    const other = await startKubernetesApi({ now: () => context.clock.wall() });
    server.misbehave({ as: 'silent' });
    const caller = new AbortController();
    const hung = rejectionOf(open().call(errand, small, caller.signal));
    expect(await namesOf(open({ url: other.url }))).toEqual([]);
    caller.abort(new DOMException('enough', 'AbortError'));
    await hung;
    await other.stop();
  });
});
