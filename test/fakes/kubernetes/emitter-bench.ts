/** An emitter in pod `emitter-a` behind the API double, reached by proxy and by exec. */
import { type ClusterApi, openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import { createEmitterClient, type EmitterClient } from '../../../probes/kubernetes/emitter-client.ts';
import type { EmitterRequest } from '../../../probes/kubernetes/emitter-request.ts';
import type { Clock } from '../../../src/probe.ts';
import { context } from '../../contract/bench.ts';
import { createFakeEmitter, type FakeEmitter, firstIncarnation } from './fake-emitter.ts';
import { type KubernetesApi, startKubernetesApi } from './kubernetes-api.ts';
import { podManifest } from './manifests.ts';
import type { Command } from './pod-exec.ts';

export const emitterSecret = 'not-a-real-emitter-secret';
export const apiToken = 'not-a-real-token';
export const emitterPlace = { namespace: 'logcanary', pod: 'emitter-a' };

export interface EmitterBench {
  readonly server: KubernetesApi;
  readonly emitter: FakeEmitter;
  clientOf(way: 'auto' | 'proxy' | 'exec', clock?: Clock, secret?: string): EmitterClient;
  /** The proxy reaches the emitter, as it does from the beginning. */
  serve(): void;
  /** What a container does that is asked by exec: reads as much as the header says, and waits for no end of stdin. */
  runEmitter(command: Command): Promise<number>;
  /** `proxy` or `exec` of every call so far. */
  ways(): (string | undefined)[];
  stop(): Promise<void>;
}

export async function startEmitterBench(): Promise<EmitterBench> {
  const server = await startKubernetesApi({ now: () => context.clock.wall() });
  const emitter = createFakeEmitter(emitterSecret, () => context.clock.now());
  const opened: ClusterApi[] = [];
  const bench: EmitterBench = {
    ...{ server, emitter },
    clientOf(way, clock = context.clock, secret = emitterSecret) {
      const api = openCluster({ url: server.url, token: apiToken }, clock);
      opened.push(api);
      return createEmitterClient(api, clock, { way, secret });
    },
    serve: () => server.proxy.serve('emitter-a', ({ body }) => ({ status: 200, body: emitter.call(body.toString()) })),
    async runEmitter({ stdin, stdout }) {
      const answer = emitter.call((await wholeBody(stdin)).toString());
      stdout(answer.slice(0, 20));
      stdout(answer.slice(20));
      return 0;
    },
    ways: () => server.calls.map(({ subresource }) => subresource),
    async stop() {
      await Promise.all(opened.map((api) => api.close()));
      await server.stop();
    },
  };
  server.access.admit(apiToken);
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a' }));
  bench.serve();
  server.exec.run('emitter-a', bench.runEmitter);
  return bench;
}

async function wholeBody(stdin: AsyncIterable<unknown>): Promise<Buffer> {
  let body = Buffer.alloc(0);
  for await (const chunk of stdin) {
    body = Buffer.concat([body, chunk as Buffer]);
    const head = body.indexOf('\n') + 1;
    const bytes = Number(body.subarray(0, head).toString().trim().split(' ').at(-1));
    if (head > 0 && body.length >= head + bytes) break;
  }
  return body;
}

/** These lines, a second apart. */
export function batchOf(batch: number, texts: readonly string[]): EmitterRequest {
  const lines = texts.map((text, at) => ({ delayMs: at * 1000, text }));
  return { instance: 'ledger_1', incarnation: firstIncarnation, batch, done: 0, lines };
}
