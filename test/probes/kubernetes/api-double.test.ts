/** The double keeps what a real API server keeps: the suite that also runs against a real one. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { context } from '../../contract/bench.ts';
import { describeApiServer } from '../../contract/kubernetes-api.ts';
import { grantsIn } from '../../fakes/kubernetes/access-control.ts';
import { startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../../fakes/kubernetes/manifests.ts';

const namespace = 'logcanary';
const folder = path.resolve(import.meta.dirname, '../../../deploy/kubernetes/rbac');
const [admin, limited] = ['not-a-real-admin-token', 'not-a-real-limited-token'];

describeApiServer('the double', async () => {
  const server = await startKubernetesApi({ now: () => context.clock.wall() });
  const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
  server.access.admit(admin);
  server.access.admit(limited, { grants: grantsIn(files.map((name) => path.join(folder, name))) });
  server.objects.apply('nodes', nodeManifest('node-a', { labels: { 'topology.kubernetes.io/zone': 'zone-1' } }));
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a', ready: false, phase: 'Pending', ip: null }));
  return {
    ...{ namespace, node: 'node-a', pod: 'emitter-a', secrets: [admin, limited] },
    admin: { url: server.url, token: admin },
    limited: { url: server.url, token: limited },
    stranger: { url: server.url, token: 'not-a-token-it-knows' },
    async addConfigMaps(objects) {
      server.objects.apply(
        'configmaps',
        ...objects.map((each) => ({ ...each, metadata: { ...each.metadata, namespace } })),
      );
    },
    stop: () => server.stop(),
  };
});
