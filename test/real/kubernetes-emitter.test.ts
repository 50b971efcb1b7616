/** Our client and real busybox emitters, with the API double between them: what both take the protocol to be is the same. */
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClusterApi, openCluster } from '../../probes/kubernetes/cluster-api.ts';
import { createEmitterClient, type EmitterAnswer, type EmitterClient } from '../../probes/kubernetes/emitter-client.ts';
import { type SentBatch, settle } from '../../probes/kubernetes/settlement.ts';
import { context, forever } from '../contract/bench.ts';
import { expectProbeError, rejectionOf } from '../contract/probe-error.ts';
import { type KubernetesApi, startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { podManifest } from '../fakes/kubernetes/manifests.ts';
import { type Emitter, emitterSecret, startEmitter } from './servers/emitter.ts';
import { canary } from './servers/emitter-call.ts';
import { openScratch, type Scratch } from './servers/scratch.ts';

const place = { namespace: 'logcanary', pod: 'emitter-a' };
const patience = { timeout: 10_000 };

let scratch: Scratch;
let emitter: Emitter;
let server: KubernetesApi;
let api: ClusterApi;

beforeEach(async () => {
  scratch = await openScratch('kubernetes-emitter');
  server = await startKubernetesApi({ now: () => context.clock.wall() });
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a' }));
  server.exec.run('emitter-a', async ({ stdin, stdout }) => {
    stdout((await emitter.exec(await buffer(stdin))).text);
    return 0;
  });
  api = openCluster({ url: server.url }, context.clock);
  await startAgain();
});
afterEach(async () => {
  await api.close();
  await server.stop();
  await emitter.kill();
  await scratch.end();
});

/** A new container of the same pod. */
async function startAgain(): Promise<void> {
  emitter = await startEmitter({ dir: `${scratch.dir}/pod` });
  server.proxy.serve('emitter-a', `http://127.0.0.1:${emitter.port}`);
}

function caller(way: 'proxy' | 'exec') {
  const client: EmitterClient = createEmitterClient(api, context.clock, { way, secret: emitterSecret });
  const sent: SentBatch[] = [];
  let incarnation: string | undefined;
  let batch = 0;
  async function firstIncarnation(): Promise<string> {
    const question = { instance: 'ledger_1', incarnation: '-', batch: 0, done: 0, lines: [] };
    const { receipt } = await client.call(place, question, forever);
    if (receipt === undefined) throw new Error('no receipt');
    return receipt.incarnation;
  }
  async function call(lines: readonly { delayMs: number; text: string }[]): Promise<EmitterAnswer> {
    batch += 1;
    incarnation ??= await firstIncarnation();
    const answer = await client.call(place, { instance: 'ledger_1', incarnation, batch, done: 0, lines }, forever);
    if (lines.length > 0)
      sent.push({
        batch,
        incarnation,
        delaysMs: lines.map(({ delayMs }) => delayMs),
        firstSentAt: answer.askedAt,
        words: [answer.word],
      });
    incarnation = answer.receipt?.incarnation ?? incarnation;
    return answer;
  }
  return {
    call,
    /** What is proven of the first batch just now. */
    async settled() {
      const { receipt, askedAt, answeredAt } = await call([]);
      if (receipt === undefined) throw new Error('no receipt');
      return settle(sent, { receipt, askedAt, answeredAt, highestAnswered: batch }).get(1) ?? [];
    },
    states: async function () {
      return (await this.settled()).map(({ state }) => state);
    },
  };
}

describe.each(['proxy', 'exec'] as const)('a real emitter by %s', (way) => {
  test('given a schedule, when it is carried out, then the receipt says so, within bounds that hold', async () => {
    const lines = [0, 300, 60_000].map((delayMs) => ({ delayMs, text: canary() }));
    const us = caller(way);
    const before = context.clock.now();
    expect((await us.call(lines)).word).toBe('ok');
    await expect.poll(() => emitter.lines(), patience).toEqual([lines[0]?.text, lines[1]?.text]);
    const after = context.clock.now();
    await expect.poll(() => us.states(), patience).toEqual(['emitted', 'emitted', 'pending']);
    for (const [index, each] of (await us.settled()).entries()) {
      if (each.state !== 'emitted') continue;
      expect(each.nb).toBeLessThanOrEqual(after);
      expect(each.na).toBeGreaterThanOrEqual(before + (lines[index]?.delayMs ?? 0));
      expect(each.na - each.nb).toBeLessThan(2000);
    }
  });

  test('given lines of every shape, when sent, then each comes out as it was composed', async () => {
    const lines = (['plain', 'json', 'long', 'unicode', 'multiline'] as const).map((shape) => canary(shape, 12));
    await caller(way).call(lines.map((text) => ({ delayMs: 0, text })));
    await expect.poll(() => emitter.lines().join('\n'), patience).toBe(lines.join('\n'));
  });

  test('given a container that dies, when its successor is asked, then what was due later is withheld', async () => {
    const lines = [0, 60_000, 61_000].map((delayMs) => ({ delayMs, text: canary() }));
    const us = caller(way);
    await us.call(lines);
    await expect.poll(() => us.states(), patience).toEqual(['emitted', 'pending', 'pending']);
    await emitter.kill();
    await startAgain();
    await us.call([{ delayMs: 0, text: canary() }]);
    expect(await us.states()).toEqual(['emitted', 'withheld', 'withheld']);
  });

  test('given a wrong secret, when sent, then it is auth', async () => {
    const client = createEmitterClient(api, context.clock, { way, secret: 'not-the-secret-0123456789' });
    const request = { instance: 'ledger_1', incarnation: '-', batch: 0, done: 0, lines: [] };
    expectProbeError(
      await rejectionOf(client.call(place, request, forever)),
      ['auth'],
      [emitterSecret, 'not-the-secret-0123456789'],
    );
  });
});
