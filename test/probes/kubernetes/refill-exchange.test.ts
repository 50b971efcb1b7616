/** Lines that were decided on long before their call are not brought: they would all be late. */
import { expect, test } from 'vitest';
import { readAnswer } from '../../../probes/kubernetes/emitter-receipt.ts';
import { composeRequest, type EmitterRequest } from '../../../probes/kubernetes/emitter-request.ts';
import { exchange } from '../../../probes/kubernetes/refill-exchange.ts';
import { ProbeError, type Refill } from '../../../src/probe.ts';
import { createFakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';

const secret = 'not-a-real-emitter-secret';
const now = 1_800_000_000_000;

function scene(fails?: ProbeError) {
  const emitter = createFakeEmitter(secret, () => now);
  const called: EmitterRequest[] = [];
  const callable = {
    uid: 'pod-1',
    exists: () => true,
    async call(request: EmitterRequest) {
      called.push(request);
      if (fails) throw fails;
      const answer = readAnswer(emitter.call(composeRequest(secret, request).toString()));
      if (answer === undefined) throw new Error('no answer');
      return { ...answer, askedAt: now, answeredAt: now, way: 'proxy' as const, words: [answer.word] };
    },
  };
  const refillAged = (ageMs: number): Refill => ({
    ...{ stream: 's', instance: 'i', number: 7, open: [], place: `pod-1/${emitter.incarnation}` },
    fresh: { handedAt: now - ageMs, texts: ['logcanary a'], plannedAt: [now + 60_000] },
  });
  return { called, callable, refillAged };
}

test('given lines decided on just now, when exchanged, then they are brought', async () => {
  const { called, callable, refillAged } = scene();
  const answer = await exchange(callable, refillAged(500), () => now);
  expect([called[0]?.lines.length, answer.settled.get(7)]).toEqual([1, [undefined]]);
});

test('given lines decided on a minute ago, when exchanged, then they stay here, and the call asks all the same', async () => {
  const { called, callable, refillAged } = scene();
  const answer = await exchange(callable, refillAged(60_000), () => now);
  expect(called).toMatchObject([{ batch: 7, lines: [] }]);
  expect(answer.settled.get(7)).toMatchObject([{ state: 'withheld' }]);
  expect(answer.why).toBeUndefined();
});

test('given that this call fails, too, when exchanged, then it is known that they are still here', async () => {
  const { callable, refillAged } = scene(new ProbeError('cut off', { reason: 'timeout' }));
  const answer = await exchange(callable, refillAged(60_000), () => now);
  expect(answer).toMatchObject({ why: { reason: 'timeout' } });
  expect(answer.settled.get(7)).toMatchObject([{ state: 'withheld' }]);
  await expect(exchange(callable, refillAged(500), () => now)).rejects.toThrow('cut off');
});
