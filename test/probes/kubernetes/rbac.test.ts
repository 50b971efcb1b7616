/** Least privilege: everything that we do is granted in `deploy/kubernetes/rbac`, and everything granted there is used. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { openCluster } from '../../../probes/kubernetes/cluster-api.ts';
import { readExpectedSets } from '../../../probes/kubernetes/cluster-watch.ts';
import { createEmitterClient } from '../../../probes/kubernetes/emitter-client.ts';
import kubernetesLog from '../../../probes/kubernetes-log.ts';
import { context, forever, roleOf } from '../../contract/bench.ts';
import { ask } from '../../contract/look.ts';
import { expectProbeError, rejectionOf } from '../../contract/probe-error.ts';
import { canaryLines } from '../../fakes/canary-lines.ts';
import { type Grant, grantsIn } from '../../fakes/kubernetes/access-control.ts';
import { createFakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../../fakes/kubernetes/manifests.ts';

const folder = path.resolve(import.meta.dirname, '../../../deploy/kubernetes/rbac');
const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
const granted = grantsIn(files.map((name) => path.join(folder, name)));
const secret = 'not-a-real-emitter-secret';

let server: KubernetesApi;

beforeEach(async () => {
  server = await startKubernetesApi({ now: () => context.clock.wall() });
  server.objects.apply('nodes', nodeManifest('node-a'));
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a' }));
  const emitter = createFakeEmitter(secret, () => context.clock.now());
  server.proxy.serve('emitter-a', ({ body }) => ({ status: 200, body: emitter.call(body.toString()) }));
  server.exec.run('emitter-a', async ({ stdin, stdout }) => {
    for await (const chunk of stdin) stdout(emitter.call(String(chunk)));
    return 0;
  });
});
afterEach(() => server.stop());

/** Every feature that asks the API server for something. */
async function useEverything(): Promise<void> {
  const api = openCluster({ url: server.url }, context.clock);
  const emitters = { namespace: 'logcanary', selector: 'app.kubernetes.io/name=logcanary-emitter' };
  const agents = { namespace: 'logging', selector: 'app=fluent-bit' };
  try {
    await readExpectedSets(api, [emitters], forever, agents);
    const request = { instance: 'i', incarnation: '-', batch: 0, done: 0, lines: [] };
    for (const way of ['proxy', 'exec'] as const)
      await createEmitterClient(api, context.clock, { way, secret }).call(
        { namespace: 'logcanary', pod: 'emitter-a' },
        request,
        forever,
      );
  } finally {
    await api.close();
  }
  const role = roleOf(kubernetesLog.observe);
  const observer = await role.open(role.config.parse({ namespace: 'logcanary', url: server.url }), context);
  await ask(observer, canaryLines(1)).finally(() => observer.close());
}

describe('deploy/kubernetes/rbac', () => {
  test('given its grants, when everything is used, then nothing is refused and nothing is left over', async () => {
    server.access.restrict(granted);
    await useEverything();
    expect(server.access.unused).toEqual([]);
    expect(server.access.asked).toEqual(granted.toSorted());
  });

  test.each(granted)('given all but "%s", when everything is used, then it is missed', async (missing) => {
    server.access.restrict(granted.filter((grant) => grant !== missing));
    expectProbeError(await rejectionOf(useEverything()), ['auth']);
  });

  test('given a grant too many, when everything is used, then it shows', async () => {
    const tooMany: Grant = 'get secrets in logcanary';
    server.access.restrict([...granted, tooMany]);
    await useEverything();
    expect(server.access.unused).toEqual([tooMany]);
  });

  test('given the folder, when applied, then every file of it is in the kustomization', () => {
    const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
    };
    expect(resources.toSorted()).toEqual(files.toSorted());
  });

  test('given its grants, when read, then there is no wildcard, no secret, and nothing that is exec on a node', () => {
    expect(granted.filter((grant) => /\*|secrets|nodes\//.test(grant))).toEqual([]);
  });
});
