/**
 * A corner of a real cluster for tests, with nothing but a kubeconfig: a namespace, an account with our grants, a node
 * without a kubelet and a pod on it. All of it carries the namespace's name and goes away at the end.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import type { ApiServerBench } from '../../contract/kubernetes-api.ts';
import { makeKubeconfigFolder } from '../../fakes/kubernetes/kubeconfig.ts';
import { nodeManifest, podManifest } from '../../fakes/kubernetes/manifests.ts';

const rbac = path.resolve(import.meta.dirname, '../../../deploy/kubernetes/rbac');
type Manifest = Parameters<KubernetesObjectApi['create']>[0];

export async function startRealCluster(): Promise<ApiServerBench> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const core = config.makeApiClient(CoreV1Api);
  const objects = KubernetesObjectApi.makeApiClient(config);
  const folder = await makeKubeconfigFolder();
  const namespace = `logcanary-test-${randomBytes(4).toString('hex')}`;
  const node = `${namespace}-node`;
  const clusterScoped: Manifest[] = [];

  await core.createNamespace({ body: { metadata: { name: namespace } } });
  for (const manifest of manifestsFor(namespace)) {
    await objects.create(manifest);
    if (manifest.metadata?.namespace === undefined) clusterScoped.push(manifest);
  }
  await createNode(core, node);
  const pod = podManifest('emitter-a', { namespace, node, labels: { 'app.kubernetes.io/part-of': namespace } });
  const spec = pod.spec as object;
  const { name, labels } = pod.metadata;
  // the account has to be there before a pod is; only a controller manager would make `default`
  const body = { metadata: { name, ...(labels && { labels }) }, spec: { ...spec, serviceAccountName: 'logcanary' } };
  await core.createNamespacedPod({ namespace, body: body as Parameters<typeof core.createNamespacedPod>[0]['body'] });
  const { status } = await core.createNamespacedServiceAccountToken({
    ...{ namespace, name: 'logcanary', body: { spec: { audiences: [], expirationSeconds: 600 } } },
  });
  const token = status?.token ?? '';
  const cluster = JSON.parse(config.exportConfig()).clusters.find(
    (each: { name: string }) => each.name === config.getCurrentCluster()?.name,
  ).cluster;
  return {
    ...{ namespace, node, pod: name, secrets: [token], admin: {} },
    limited: { kubeconfig: await folder.write(cluster, { token }) },
    stranger: { kubeconfig: await folder.write(cluster, { token: 'not-a-token-it-knows' }) },
    async addConfigMaps(maps) {
      for (const body of maps) await core.createNamespacedConfigMap({ namespace, body: body as object });
    },
    async stop() {
      await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
      await core.deleteNode({ name: node });
      for (const manifest of clusterScoped) await objects.delete(manifest);
      await core.deleteNamespace({ name: namespace });
      await folder.remove();
    },
  };
}

/** Our grants, moved into the test's own namespace and under its name. */
function manifestsFor(namespace: string): Manifest[] {
  const files = readdirSync(rbac).filter((file) => file !== 'kustomization.yaml');
  const text = files.map((file) => readFileSync(path.join(rbac, file), 'utf8')).join('\n---\n');
  const moved = text
    .replaceAll(/namespace: (logcanary|logging)$/gm, `namespace: ${namespace}`)
    .replaceAll('name: logcanary-nodes', `name: ${namespace}-nodes`);
  const manifests = parseAllDocuments(moved).map((document) => document.toJS() as Manifest);
  return manifests.toSorted(
    (one, other) => Number(other.kind === 'ServiceAccount') - Number(one.kind === 'ServiceAccount'),
  );
}

async function createNode(core: CoreV1Api, name: string): Promise<void> {
  const { status, metadata } = nodeManifest(name, { labels: { 'topology.kubernetes.io/zone': 'zone-1' } });
  const taints = [{ key: 'logcanary.test/nobody', effect: 'NoSchedule' }];
  await core.createNode({
    body: { metadata: { name, ...(metadata.labels && { labels: metadata.labels }) }, spec: { taints } },
  });
  const now = new Date(0);
  const { conditions } = status as { conditions: object[] };
  const made = await core.readNode({ name });
  const dated = conditions.map((condition) => ({
    ...condition,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  made.status = { ...made.status, conditions: dated as NonNullable<NonNullable<typeof made.status>['conditions']> };
  await core.replaceNodeStatus({ name, body: made });
}
