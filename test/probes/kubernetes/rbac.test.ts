/** Least privilege: everything that a feature does is granted by its files in `deploy/kubernetes/rbac`, and everything granted is used. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import filebeat from '../../../probes/filebeat-queue.ts';
import fluentBit from '../../../probes/fluent-bit-buffer.ts';
import fluentd from '../../../probes/fluentd-buffer.ts';
import kubeState from '../../../probes/kube-state-metrics.ts';
import kubernetes from '../../../probes/kubernetes.ts';
import kubernetesLog from '../../../probes/kubernetes-log.ts';
import logstash from '../../../probes/logstash-queue.ts';
import type { AnyProbe, CheckResult, Log } from '../../../src/probe.ts';
import { context, forever, roleOf } from '../../contract/bench.ts';
import { ask } from '../../contract/look.ts';
import { rejectionOf } from '../../contract/probe-error.ts';
import { canaryLines } from '../../fakes/canary-lines.ts';
import { type Grant, grantsIn } from '../../fakes/kubernetes/access-control.ts';
import { createFakeEmitter } from '../../fakes/kubernetes/fake-emitter.ts';
import { type KubernetesApi, startKubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { configMapManifest, nodeManifest, podManifest, revisionManifest } from '../../fakes/kubernetes/manifests.ts';
import { pagesAt } from '../../fakes/kubernetes/pod-proxy.ts';
import { fluentBitPages } from '../agents/fluent-bit-pages.ts';

const folder = path.resolve(import.meta.dirname, '../../../deploy/kubernetes/rbac');
const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
const grantsOf = (names: readonly string[]) => grantsIn(names.map((name) => path.join(folder, name)));
const secret = 'not-a-real-emitter-secret';
const agents = { namespace: 'logging', selector: 'app=fluent-bit' };

let server: KubernetesApi;

beforeEach(async () => {
  const now = () => context.clock.wall();
  server = await startKubernetesApi({ now });
  const lately = new Date(now() - 60_000).toISOString();
  const configMaps = ['conf', 'conf', 'conf', 'conf'] as const;
  const parts = { namespace: 'logging', labels: { app: 'fluent-bit' }, ownerName: 'fluent-bit', configMaps };
  server.objects.apply('nodes', nodeManifest('node-a'));
  server.objects.apply('pods', podManifest('emitter-a', { node: 'node-a' }));
  server.objects.apply('pods', podManifest('agent-a', { node: 'node-a', ...parts }));
  server.objects.apply('controllerrevisions', revisionManifest('fluent-bit', '7c9f', lately));
  server.objects.apply('configmaps', configMapManifest('conf', lately));
  const emitter = createFakeEmitter(secret, () => context.clock.now());
  server.proxy.serve('emitter-a', ({ body }) => ({ status: 200, body: emitter.call(body.toString()) }));
  server.exec.run('emitter-a', async ({ stdin, stdout }) => {
    for await (const chunk of stdin) stdout(emitter.call(String(chunk)));
    return 0;
  });
  server.proxy.serve('agent-a', pagesAt(2020, fluentBitPages({ memory: 1000 })));
});
afterEach(() => server.stop());

// ------------------------------------------------------------------------------------------------ the features

/** Lists the streams, and calls the emitter of one; then tries everything as `validate --online` does. */
async function inject(via: 'proxy' | 'exec', more: object = {}): Promise<void> {
  const role = roleOf(kubernetes.inject);
  const config = role.config.parse({ url: server.url, secret, via, ...more });
  const injector = await role.open(config, context);
  try {
    const [stream] = await injector.streams(forever);
    if (!('refill' in injector) || stream === undefined) throw new Error('it hands out no schedules');
    await injector.refill({ stream: stream.key, instance: 'i', number: 1, open: [] }, forever);
  } finally {
    await injector.close();
  }
  await role.online?.(config, context, forever);
}

async function readLogs(): Promise<void> {
  const role = roleOf(kubernetesLog.observe);
  const observer = await role.open(role.config.parse({ namespace: 'logcanary', url: server.url }), context);
  const look = await ask(observer, canaryLines(1)).finally(() => observer.close());
  if (look.why !== undefined) throw look.why;
}

interface Checked extends CheckResult {
  readonly warnings: readonly string[];
}

async function checkAgents(probe: AnyProbe = fluentBit): Promise<Checked> {
  const warnings: string[] = [];
  const log: Log = { ...context.log, warn: (_, message) => void warnings.push(message) };
  const role = roleOf(probe.check);
  const cluster = { url: server.url, ...agents };
  const check = await role.open(role.config.parse({ kubernetes: cluster }), { ...context, log });
  return { ...(await check.check(forever).finally(() => check.close())), warnings };
}

/** The check goes on without them, so what lacks is only said. */
async function nameChanges(): Promise<void> {
  const { warnings, changes } = await checkAgents();
  if (warnings.length > 0) throw new Error(warnings.join());
  expect(changes).toHaveLength(2);
}

interface Feature {
  readonly files: readonly string[];
  use(): Promise<unknown>;
}

const checking = ['nodes.yaml', 'agents.yaml', 'agents-by-proxy.yaml'];
const features: Readonly<Record<string, Feature>> = {
  'the injector by proxy': {
    files: ['nodes.yaml', 'emitters.yaml', 'emitters-by-proxy.yaml'],
    use: () => inject('proxy'),
  },
  'the injector by exec': {
    files: ['nodes.yaml', 'emitters.yaml', 'emitters-by-exec.yaml'],
    use: () => inject('exec'),
  },
  "the agents' revision on each stream": {
    files: ['nodes.yaml', 'emitters.yaml', 'emitters-by-proxy.yaml', 'agents.yaml'],
    use: () => inject('proxy', { agents }),
  },
  'the hop kubernetes-log': { files: ['emitters.yaml', 'logs.yaml'], use: readLogs },
  'the checks of agents, with what was changed': { files: [...checking, 'agents-changed.yaml'], use: nameChanges },
};

describe.each(Object.entries(features))('%s', (_, { files: own, use }) => {
  const granted = grantsOf(own);

  test('given the grants of its files, when it is used, then nothing is refused and nothing is left over', async () => {
    server.access.restrict(granted);
    await use();
    expect(server.access.unused).toEqual([]);
    expect(server.access.asked).toEqual(granted.toSorted());
  });

  test.each(granted)('given all but "%s", when it is used, then that is what is missed', async (missing) => {
    server.access.restrict(granted.filter((grant) => grant !== missing));
    const error = await rejectionOf(use());
    const [verb = '', resource = ''] = missing.split(' ');
    const [plural = ''] = resource.split('.');
    expect(String(error)).toMatch(new RegExp(`Grant [^:]*${verb}[^:]* ${plural}[^:]*: see deploy/kubernetes/rbac`));
  });
});

// ------------------------------------------------------------------------------------------------ the folder

test('given every file of the folder, then some feature needs it, and the kustomization lists it', () => {
  const needed = new Set(['account.yaml', ...Object.values(features).flatMap((feature) => feature.files)]);
  expect([...needed].toSorted()).toEqual(files.toSorted());
  const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
  expect(resources.toSorted()).toEqual(files.toSorted());
});

test('given a grant too many, when everything is used, then it shows', async () => {
  const tooMany: Grant = 'get secrets in logcanary';
  server.access.restrict([...grantsOf(files), tooMany]);
  for (const { use } of Object.values(features)) await use();
  expect(server.access.unused).toEqual([tooMany]);
});

test('given all grants, when read, then there is no wildcard, no watch, no secret, and nothing that is exec on a node', () => {
  expect(grantsOf(files).filter((grant) => /\*|watch|secrets|nodes\//.test(grant))).toEqual([]);
});

test('given no grant to see what was changed, when agents are checked, then their figures are read all the same', async () => {
  server.access.restrict(grantsOf(checking));
  const { readings, why, problems, warnings } = await checkAgents();
  expect([readings.length, why, problems]).toEqual([1, undefined, []]);
  expect(warnings.toSorted()).toEqual([
    expect.stringContaining('Grant list configmaps in namespace "logging"'),
    expect.stringContaining('Grant list controllerrevisions in namespace "logging"'),
  ]);
});

test.each([filebeat, fluentBit, fluentd, logstash, kubeState])(
  'given $kind, when it is opened on a cluster, then it asks for the same as every check of agents',
  async (probe) => {
    // what answers is a Fluent Bit, so the others only ask
    await checkAgents(probe).catch(() => undefined);
    expect(server.access.asked).toEqual(grantsOf([...checking, 'agents-changed.yaml']).toSorted());
  },
);

test('given the table for people, when read, then it names every file with exactly its grants', () => {
  const readme = readFileSync(path.join(folder, '../README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| .+ \| \[`([\w-]+\.yaml)`\]\(rbac\/\1\) \| (.+) \|$/gm)];
  const told = rows.map(([, file = '', grants = '']) => [
    file,
    [...grants.matchAll(/`([^`]+)`/g)].map(([, one]) => one),
  ]);
  const written = files.filter((file) => file !== 'account.yaml').map((file) => [file, grantsOf([file])]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(written));
});
