/** The cluster of `cluster.ts`, in a process of its own: an API server, nodes, an emitter on each, and an agent that posts what they print. */
import { createFakeEmitter, type FakeEmitter } from '../fakes/kubernetes/fake-emitter.ts';
import { startKubernetesApi } from '../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../fakes/kubernetes/manifests.ts';

const [nodes, secret = ''] = [Number(process.argv[2]), process.argv[3]];
const shipEveryMs = 1_000;

const server = await startKubernetesApi({ now: () => Date.now() });
const emitters: FakeEmitter[] = [];
/** Emitters that have printed nothing yet. */
const waiting = new Set<FakeEmitter>();
let told = false;
const unsent: string[] = [];
let calls = 0;
let busiest = 0;
const perSecond: number[] = [];

for (let n = 0; n < nodes; n++) {
  const emitter = createFakeEmitter(secret, () => performance.timeOrigin + performance.now(), n * 10);
  emitters.push(emitter);
  waiting.add(emitter);
  const labels = { 'topology.kubernetes.io/zone': `zone-${n % 3}` };
  server.objects.apply('nodes', nodeManifest(`node-${n}`, { labels }));
  server.objects.apply('pods', podManifest(`emitter-${n}`, { node: `node-${n}`, uid: `uid-${n}` }));
  server.proxy.serve(`emitter-${n}`, ({ body }) => ({ status: 200, body: emitter.call(body.toString()) }));
}

/** One post a second, as an alerter's batch: what the emitters printed since. */
async function ship(hook: string, authorization: string): Promise<void> {
  const texts = emitters.flatMap((emitter) => {
    emitter.run();
    if (emitter.printed.length > 0) waiting.delete(emitter);
    return emitter.printed.splice(0).map(({ text }) => text);
  });
  if (waiting.size === 0 && !told) process.send?.({ watched: nodes });
  told = waiting.size === 0;
  if (texts.length === 0) return;
  unsent.push(...texts);
  const sending = unsent.splice(0);
  try {
    const answer = await fetch(hook, { method: 'POST', body: sending.join('\n'), headers: { authorization } });
    await answer.arrayBuffer();
    if (!answer.ok) process.send?.({ failed: answer.status });
  } catch {
    // A kept connection that was closed just then: as an alerter would, it tries again.
    unsent.unshift(...sending);
  }
}

process.on('message', (message: { hook?: string; authorization?: string; count?: 'start' | 'stop' }) => {
  const { hook, authorization = '' } = message;
  if (hook !== undefined) setInterval(() => void ship(hook, authorization), shipEveryMs);
  if (message.count === 'start') {
    perSecond.length = 0;
    busiest = 0;
  }
  if (message.count === 'stop')
    process.send?.({ busiest, mean: perSecond.reduce((a, b) => a + b, 0) / perSecond.length });
});
setInterval(() => {
  const since = server.calls.length - calls;
  calls = server.calls.length;
  perSecond.push(since);
  busiest = Math.max(busiest, since);
}, 1_000);
process.on('disconnect', () => process.exit(0));
process.send?.({ url: server.url });
