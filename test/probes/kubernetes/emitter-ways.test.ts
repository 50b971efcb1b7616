/** Which way leads to an emitter, where one of them may not: proxy or exec. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { provesUnsent, RETRY_PROXY_MS, wordOf } from '../../../probes/kubernetes/emitter-client.ts';
import { context, forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import { handClock } from '../../fakes/hand-clock.ts';
import { hastyClock } from '../../fakes/hasty-clock.ts';
import {
  batchOf,
  type EmitterBench,
  emitterPlace as place,
  emitterSecret as secret,
  startEmitterBench,
} from '../../fakes/kubernetes/emitter-bench.ts';

let bench: EmitterBench;

beforeEach(async () => {
  bench = await startEmitterBench();
});
afterEach(() => bench.stop());

describe('by whichever works', () => {
  test('given a proxy that reaches pods, when sent, then exec is not used', async () => {
    const client = bench.clientOf('auto');
    await client.call(place, batchOf(1, ['logcanary a']), forever);
    await client.call(place, batchOf(2, ['logcanary b']), forever);
    expect(bench.ways()).toEqual(['proxy', 'proxy']);
  });

  const noWay: readonly (readonly [string, () => void])[] = [
    ['cannot reach pods', () => bench.server.proxy.serve('emitter-a', 'unreachable')],
    [
      'is not permitted',
      () => bench.server.misbehave({ as: 'refuse', code: 403 }, { when: ({ subresource }) => subresource === 'proxy' }),
    ],
  ];
  test.each(noWay)(
    'given a proxy that %s, when sent, then exec is used, and remembered, and the proxy is tried again later',
    async (_, break_) => {
      const clock = hastyClock();
      clock.advance(RETRY_PROXY_MS * 2);
      const client = bench.clientOf('auto', clock);
      break_();
      expect((await client.call(place, batchOf(1, ['logcanary a']), forever)).way).toBe('exec');
      await client.call(place, batchOf(2, ['logcanary b']), forever);
      expect(bench.ways()).toEqual(['proxy', 'exec', 'exec']);
      bench.server.misbehave();
      bench.serve();
      clock.advance(RETRY_PROXY_MS);
      expect((await client.call(place, batchOf(3, ['logcanary c']), forever)).way).toBe('proxy');
      await client.call(place, batchOf(4, ['logcanary d']), forever);
      expect(bench.ways().slice(3)).toEqual(['proxy', 'proxy']);
    },
  );

  test('given exec that was remembered and no longer works, when sent again, then the proxy is tried', async () => {
    const client = bench.clientOf('auto');
    bench.server.proxy.serve('emitter-a', 'unreachable');
    await client.call(place, batchOf(1, ['logcanary a']), forever);
    bench.server.misbehave({ as: 'refuse', code: 403 }, { when: ({ subresource }) => subresource === 'exec' });
    await rejectionOf(client.call(place, batchOf(2, ['logcanary b']), forever));
    await rejectionOf(client.call(place, batchOf(2, ['logcanary b']), forever));
    expect(bench.ways()).toEqual(['proxy', 'exec', 'exec', 'proxy', 'exec']);
  });

  test('given a pod that neither reaches, when sent, then the error names both, and the proxy is not given up', async () => {
    bench.server.proxy.serve('emitter-a', 'unreachable');
    bench.server.exec.run('emitter-a', async () => 1);
    const client = bench.clientOf('auto');
    const error = await rejectionOf(client.call(place, batchOf(1, ['logcanary a']), forever));
    expectProbeError(error, ['bad_answer'], [secret]);
    expect(error.message).toMatch(/neither by proxy nor by exec.*i\/o timeout/);
    await rejectionOf(client.call(place, batchOf(1, ['logcanary a']), forever));
    expect(bench.ways()).toEqual(['proxy', 'exec', 'proxy', 'exec']);
  });

  test('given a proxy that hangs, when its time is up, then exec is used', async () => {
    bench.server.misbehave({ as: 'silent' }, { when: ({ subresource }) => subresource === 'proxy' });
    const clock = handClock(context.clock.now());
    const call = bench.clientOf('auto', clock).call(place, batchOf(1, ['logcanary a']), forever);
    await expect.poll(() => bench.server.calls.length).toBe(1);
    clock.expire();
    expect(await call).toMatchObject({ word: 'ok', way: 'exec' });
    expect(clock.running).toBe(0);
  });

  test('given an emitter without room, when only exec heard so, then the call by proxy may still come, but not a forbidden one', async () => {
    bench.server.exec.run('emitter-a', async ({ stdout }) => {
      stdout('lcne1 broken\n');
      return 0;
    });
    const wordsOf = async () => (await bench.clientOf('auto').call(place, batchOf(1, ['logcanary a']), forever)).words;
    bench.server.proxy.serve('emitter-a', 'unreachable');
    expect(await wordsOf()).toEqual(['none', 'broken']);
    bench.server.misbehave({ as: 'refuse', code: 403 }, { when: ({ subresource }) => subresource === 'proxy' });
    expect(await wordsOf()).toEqual(['refused', 'broken']);
  });

  test.each(['proxy', 'exec'] as const)(
    'given an emitter that has no room or refuses, when sent by %s, then both prove it',
    async (way) => {
      bench.server.proxy.serve('emitter-a', () => ({ status: 200, body: 'lcne1 broken\n' }));
      bench.server.exec.run('emitter-a', async ({ stdout }) => {
        stdout('lcne1 broken\n');
        return 0;
      });
      const broken = await bench.clientOf(way).call(place, batchOf(1, ['logcanary a']), forever);
      expect(broken.words).toEqual(['broken']);
      bench.serve();
      bench.server.exec.run('emitter-a', bench.runEmitter);
      const stranger = bench.clientOf(way, context.clock, 'another-secret-of-ours');
      const refused = await rejectionOf(stranger.call(place, batchOf(1, ['logcanary a']), forever));
      expectProbeError(refused, ['auth'], [secret]);
      expect(wordOf(refused)).toBe('refused');
    },
  );

  test('given both ways forbidden, when sent, then it is proven that nothing came; after a proxy that hangs it is not', async () => {
    bench.server.misbehave({ as: 'refuse', code: 403 });
    const forbidden = await rejectionOf(bench.clientOf('auto').call(place, batchOf(1, ['logcanary a']), forever));
    expectProbeError(forbidden, ['auth'], [secret]);
    expect(provesUnsent(forbidden)).toBe(true);
    bench.server.misbehave();
    bench.server.misbehave({ as: 'silent' }, { when: ({ subresource }) => subresource === 'proxy' });
    bench.server.misbehave({ as: 'refuse', code: 403 }, { when: ({ subresource }) => subresource === 'exec' });
    const clock = handClock(context.clock.now());
    const call = rejectionOf(bench.clientOf('auto', clock).call(place, batchOf(1, ['logcanary a']), forever));
    await expect.poll(() => bench.server.calls.length).toBe(3);
    clock.expire();
    const open = await call;
    expectProbeError(open, ['timeout'], [secret]);
    expect(provesUnsent(open)).toBe(false);
    expect(wordOf(open)).toBe('none');
  });

  test('given an emitter that refuses, or a control plane in trouble, when sent, then exec is not tried', async () => {
    await rejectionOf(
      bench.clientOf('auto', context.clock, 'another-secret-of-ours').call(place, batchOf(1, ['logcanary a']), forever),
    );
    bench.server.misbehave({ as: 'refuse', code: 500 });
    await rejectionOf(bench.clientOf('auto').call(place, batchOf(1, ['logcanary a']), forever));
    expect(bench.ways()).toEqual(['proxy', 'proxy']);
  });
});
