/** Calling an emitter through the API double, by proxy and by exec, and everything that comes between. */
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmitterClient } from '../../../probes/kubernetes/emitter-client.ts';
import type { Clock, Reason } from '../../../src/probe.ts';
import { context, forever } from '../../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import {
  batchOf,
  type EmitterBench,
  emitterPlace as place,
  emitterSecret as secret,
  startEmitterBench,
  apiToken as token,
} from '../../fakes/kubernetes/emitter-bench.ts';
import type { FakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';
import type { KubernetesApi, Misbehaviour } from '../../fakes/kubernetes/kubernetes-api.ts';
import type { Command } from '../../fakes/kubernetes/pod-exec.ts';

let bench: EmitterBench;
let server: KubernetesApi;
let emitter: FakeEmitter;

beforeEach(async () => {
  bench = await startEmitterBench();
  server = bench.server;
  emitter = bench.emitter;
});
afterEach(() => bench.stop());

function exitAfter(act: () => void): number {
  act();
  return 0;
}

function clientOf(way: 'proxy' | 'exec', clock?: Clock, given?: string): EmitterClient {
  return bench.clientOf(way, clock, given);
}

describe.each(['proxy', 'exec'] as const)('by %s', (way) => {
  test('given a schedule, when sent, then the emitter has it, and the receipt comes back', async () => {
    const before = context.clock.now();
    const answer = await clientOf(way).call(place, batchOf(1, ['logcanary a', 'logcanary b\n    c']), forever);
    expect(answer).toMatchObject({ word: 'ok', way });
    expect(answer.receipt?.batches.get(1)?.count).toBe(2);
    expect(before <= answer.askedAt && answer.askedAt <= answer.answeredAt).toBe(true);
    emitter.run();
    expect(emitter.printed.map(({ text }) => text)).toEqual(['logcanary a']);
  });

  test('given the same batch twice, when sent, then it is taken once', async () => {
    const client = clientOf(way);
    await client.call(place, batchOf(1, ['logcanary a']), forever);
    expect((await client.call(place, batchOf(1, ['logcanary a']), forever)).word).toBe('repeat');
    emitter.run();
    expect(emitter.printed).toHaveLength(1);
  });

  test('given a batch of 500 KB, when sent, then it comes whole', async () => {
    const texts = Array.from({ length: 19 }, () => `logcanary ${'l'.repeat(27_000)}`);
    expect((await clientOf(way).call(place, batchOf(1, texts), forever)).word).toBe('ok');
    emitter.run();
    expect(emitter.printed[0]?.text).toBe(texts[0]);
  });

  test('given a wrong secret, when sent, then it is auth, and neither secret shows', async () => {
    const error = await rejectionOf(
      clientOf(way, context.clock, 'another-secret-of-ours').call(place, batchOf(1, ['logcanary a']), forever),
    );
    expectProbeError(error, ['auth'], [secret, 'another-secret-of-ours']);
  });

  test('given any call, when it is made, then the secret and the lines are in no URL', async () => {
    await clientOf(way).call(place, batchOf(1, ['logcanary a']), forever);
    for (const { url } of server.calls) {
      expect(decodeURIComponent(url)).not.toContain(secret);
      expect(decodeURIComponent(url)).not.toContain('logcanary a');
    }
  });

  const refusals: readonly (readonly [string, Misbehaviour, Reason])[] = [
    ['403', { as: 'refuse', code: 403 }, 'auth'],
    ['404', { as: 'refuse', code: 404 }, 'not_found'],
    ['429', { as: 'refuse', code: 429, retryAfter: 7 }, 'rate_limited'],
    ['500', { as: 'refuse', code: 500 }, 'server_error'],
    ['a cut connection', { as: 'reset' }, 'network'],
  ];
  test.each(refusals)('given %s, when sent, then it has its reason and no secret', async (_, how, reason) => {
    server.misbehave(how);
    const error = await rejectionOf(clientOf(way).call(place, batchOf(1, ['logcanary a']), forever));
    expectProbeError(error, [reason], [secret, token]);
    if (reason === 'rate_limited') expect(error.retryAfterMs).toBe(7000);
    expect(server.calls).toHaveLength(1);
  });

  test('given a server that hangs, when the caller gives up, then it rejects', async () => {
    server.misbehave({ as: 'silent' });
    const caller = new AbortController();
    const call = rejectionOf(clientOf(way).call(place, batchOf(1, ['logcanary a']), { signal: caller.signal }));
    await expect.poll(() => server.calls.length).toBe(1);
    caller.abort(new DOMException('enough', 'TimeoutError'));
    expectProbeError(await call, ['timeout'], [secret]);
  });

  test('given a token that expired, when sent, then it says so', async () => {
    server.access.expel(token);
    server.access.admit('a newer one');
    expectProbeError(
      await rejectionOf(clientOf(way).call(place, batchOf(1, ['logcanary a']), forever)),
      ['auth'],
      [token],
    );
    expect(server.calls).toHaveLength(2);
  });
});

describe('answers that are none', () => {
  test('given an emitter whose answer is cut on the way, when sent by proxy, then nothing is known', async () => {
    server.misbehave({ as: 'cut' });
    const error = await rejectionOf(clientOf('proxy').call(place, batchOf(1, ['logcanary a']), forever));
    expectProbeError(error, ['network', 'bad_answer'], [secret]);
    server.misbehave();
    expect((await clientOf('proxy').call(place, batchOf(1, ['logcanary a']), forever)).word).toBe('repeat');
  });

  test.each([
    ['a page', '<html>Sign in</html>'],
    ['nothing', ''],
    ['half a line', 'lcne1 o'],
  ])('given %s, when it comes by proxy, then it is a bad answer', async (_, body) => {
    server.proxy.serve('emitter-a', () => ({ status: 200, body }));
    expectProbeError(await rejectionOf(clientOf('proxy').call(place, batchOf(1, ['logcanary a']), forever)), [
      'bad_answer',
    ]);
  });

  test('given an answer without end, when it comes by proxy, then it is too large', async () => {
    server.proxy.serve('emitter-a', () => ({ status: 200, body: Buffer.alloc(2 * 1024 * 1024, 'x') }));
    expectProbeError(await rejectionOf(clientOf('proxy').call(place, batchOf(1, ['logcanary a']), forever)), [
      'too_large',
    ]);
  });

  const runs: readonly (readonly [string, (command: Command) => Promise<number>, Reason])[] = [
    ['fails', async () => 127, 'bad_answer'],
    [
      'prints without end',
      async ({ stdout }) => exitAfter(() => stdout(Buffer.alloc(2 * 1024 * 1024, 'x'))),
      'too_large',
    ],
    ['is cut before it says anything', async ({ cut }) => exitAfter(cut), 'bad_answer'],
  ];
  test.each(runs)('given a command that %s, when sent by exec, then nothing is known', async (_, runner, reason) => {
    server.exec.run('emitter-a', runner);
    expectProbeError(
      await rejectionOf(clientOf('exec').call(place, batchOf(1, ['logcanary a']), forever)),
      [reason],
      [secret],
    );
  });

  test('given a command that is cut half-way, when sent by exec, then what came is no whole receipt', async () => {
    server.exec.run('emitter-a', async (command) => {
      command.stdout('lcne1 ok 00000000000000a1 1000 61230 2 210\nbatch 1 00000000000000a1 2000 3\ne 0 20');
      command.cut();
      return 0;
    });
    const answer = await clientOf('exec').call(place, batchOf(1, ['logcanary a']), forever);
    expect(answer.receipt?.whole).toBe(false);
    expect(answer.receipt?.batches.get(1)?.records.size).toBe(0);
  });
});

describe('exec', () => {
  test('given a server of v4, when sent, then it works without closing stdin', async () => {
    server.exec.speak('v4.channel.k8s.io');
    let closed = false;
    server.exec.run('emitter-a', (command) => {
      command.stdin.on('end', () => {
        closed = true;
      });
      return bench.runEmitter(command);
    });
    expect((await clientOf('exec').call(place, batchOf(1, ['logcanary a']), forever)).word).toBe('ok');
    expect(closed).toBe(false);
  });

  test('given a server of v5, when sent, then stdin is closed behind the lines', async () => {
    server.exec.run('emitter-a', async ({ stdin, stdout, argv, container }) => {
      stdout(emitter.call(await textOf(stdin)));
      return argv.join() === '/emitter/cgi-bin/emit' && container === 'emitter' ? 0 : 1;
    });
    expect((await clientOf('exec').call(place, batchOf(1, ['logcanary a']), forever)).word).toBe('ok');
  });
});
