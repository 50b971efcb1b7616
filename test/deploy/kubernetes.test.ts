/** The manifests of deploy/kubernetes: what a cluster is asked to grant an emitter is as little as can be, and fits its scripts. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../../deploy/kubernetes');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const script = (name: string) => read(`base/emitter/${name}`);
const number = (text: string, name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(text)?.[1]);

const Mount = z.object({ name: z.string(), mountPath: z.string(), readOnly: z.boolean().optional() });
const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const Container = z.object({
  name: z.literal('emitter'),
  image: z.string(),
  command: z.array(z.string()),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  resources: z.object({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) }),
  readinessProbe: Probe,
  livenessProbe: Probe,
  securityContext: z.record(z.string(), z.unknown()),
  volumeMounts: z.array(Mount),
});
const Volume = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('scripts'),
    configMap: z.object({
      name: z.string(),
      defaultMode: z.number(),
      items: z.array(z.object({ key: z.string(), path: z.string() })),
    }),
  }),
  z.strictObject({
    name: z.literal('secret'),
    secret: z.object({ secretName: z.string(), defaultMode: z.number() }),
  }),
  z.strictObject({
    name: z.literal('state'),
    emptyDir: z.object({ medium: z.literal('Memory'), sizeLimit: z.string() }),
  }),
]);
/** Strict, so that nothing can be added (hostPath, hostNetwork, an init container) without a look at this test. */
const PodSpec = z.strictObject({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  terminationGracePeriodSeconds: z.number().max(10),
  tolerations: z.array(z.record(z.string(), z.string())),
  affinity: z.unknown(),
  securityContext: z.record(z.string(), z.unknown()),
  containers: z.tuple([Container]),
  volumes: z.array(Volume),
});
const Labels = z.record(z.string(), z.string());
const DaemonSet = z.object({
  kind: z.literal('DaemonSet'),
  spec: z.object({
    selector: z.object({ matchLabels: Labels }),
    updateStrategy: z.object({ type: z.literal('RollingUpdate') }),
    template: z.object({ metadata: z.object({ labels: Labels }), spec: PodSpec }),
  }),
});
const Kustomization = z.object({
  namespace: z.string().optional(),
  resources: z.array(z.string()),
  configMapGenerator: z.array(z.object({ name: z.string(), files: z.array(z.string()) })).default([]),
  secretGenerator: z
    .array(
      z.object({
        name: z.string(),
        files: z.array(z.string()),
        options: z.object({ disableNameSuffixHash: z.literal(true) }),
      }),
    )
    .default([]),
});

const { spec: set } = DaemonSet.parse(parse(read('base/daemonset.yaml')));
const pod = set.template.spec;
const [container] = pod.containers;
const top = Kustomization.parse(parse(read('kustomization.yaml')));
const base = Kustomization.parse(parse(read('base/kustomization.yaml')));
const volume = <N extends 'scripts' | 'secret' | 'state'>(name: N) => {
  const found = pod.volumes.find((each): each is Extract<typeof each, { name: N }> => each.name === name);
  if (!found) throw new Error(`no volume ${name}`);
  return found;
};
const bytes = (quantity = '') => Number(/^(\d+)Mi$/.exec(quantity)?.[1]) * 1024 * 1024;

describe('the pod', () => {
  test('given Pod Security "restricted", then the pod has every field that it asks for, and the namespace enforces it', () => {
    // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const namespace = z.object({ metadata: z.object({ labels: Labels }) }).parse(parse(read('base/namespace.yaml')));
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('given its image, then it is stock busybox, pinned by digest', () => {
    expect(container.image).toMatch(/^docker\.io\/library\/busybox:[\d.]+@sha256:[0-9a-f]{64}$/);
  });

  test('given a node with any taint, then the pod may run there, but for places that run no DaemonSets', () => {
    expect(pod.tolerations).toEqual([{ operator: 'Exists' }]);
    const rules = JSON.stringify(pod.affinity);
    for (const word of ['kubernetes.io/os', 'linux', 'eks.amazonaws.com/compute-type', 'virtual-kubelet'])
      expect(rules).toContain(word);
  });

  test('given its resources, then it asks for little, may not eat the node, and is never throttled', () => {
    const { requests, limits } = container.resources;
    expect(Number(/^(\d+)m$/.exec(requests.cpu ?? '')?.[1])).toBeLessThanOrEqual(10);
    expect(bytes(requests.memory)).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(Object.keys(limits)).toEqual(['memory']);
    // what is in the folder counts as the container's memory
    expect(bytes(limits.memory)).toBeGreaterThanOrEqual(2 * bytes(volume('state').emptyDir.sizeLimit));
  });

  test('given its labels, then the DaemonSet and the NetworkPolicy select it', () => {
    const policy = z
      .object({ spec: z.object({ podSelector: z.object({ matchLabels: Labels }) }) })
      .parse(parse(read('base/networkpolicy.yaml')));
    expect(set.template.metadata.labels).toMatchObject(set.selector.matchLabels);
    expect(policy.spec.podSelector.matchLabels).toEqual(set.selector.matchLabels);
  });
});

describe('the NetworkPolicy', () => {
  test('given it, then nothing goes out and only the one port is open', () => {
    const Policy = z.object({
      spec: z.object({ policyTypes: z.array(z.string()), egress: z.unknown(), ingress: z.unknown() }),
    });
    const { spec } = Policy.parse(parse(read('base/networkpolicy.yaml')));
    expect(spec.policyTypes.toSorted()).toEqual(['Egress', 'Ingress']);
    expect(spec.egress).toEqual([]);
    expect(spec.ingress).toEqual([{ ports: [{ protocol: 'TCP', port: container.ports[0]?.containerPort }] }]);
  });
});

describe('the scripts', () => {
  const { items, defaultMode, name } = volume('scripts').configMap;

  test('given the ConfigMap, then it is made from the script files themselves, all of them, and mounted executable', () => {
    const [generator] = base.configMapGenerator;
    expect(base.configMapGenerator).toHaveLength(1);
    expect(generator).toEqual({ name, files: items.map(({ key }) => `emitter/${key}`) });
    expect(readdirSync(path.join(root, 'base/emitter')).toSorted()).toEqual(items.map(({ key }) => key).toSorted());
    expect(defaultMode).toBe(0o555);
    for (const { key } of items) {
      expect(script(key).startsWith('#!/bin/sh\n')).toBe(true);
      expect(statSync(path.join(root, 'base/emitter', key)).mode & 0o111).not.toBe(0);
    }
  });

  test('given where they are mounted, then the command, the probes and the defaults in the scripts fit that', () => {
    const mountOf = (wanted: string) => container.volumeMounts.find((mount) => mount.name === wanted);
    const places = items.map((item) => `${mountOf('scripts')?.mountPath}/${item.path}`);
    expect(places).toEqual([container.command[0], '/emitter/cgi-bin/emit']);
    expect(container.readinessProbe.httpGet).toEqual({ path: '/cgi-bin/emit', port: container.ports[0]?.name });
    expect(container.livenessProbe.httpGet).toEqual(container.readinessProbe.httpGet);
    expect(script('serve')).toContain(`\${EMITTER_LISTEN:-${container.ports[0]?.containerPort}}`);
    expect(script('serve')).toContain(`\${EMITTER_HOME:-${mountOf('scripts')?.mountPath}}`);
    for (const each of ['serve', 'emit']) {
      expect(script(each)).toContain(`\${EMITTER_STATE:-${mountOf('state')?.mountPath}}`);
      expect(script(each)).toContain(`\${EMITTER_SECRET:-${mountOf('secret')?.mountPath}/secret}`);
    }
    expect([mountOf('scripts')?.readOnly, mountOf('secret')?.readOnly]).toEqual([true, true]);
  });

  test('given the bounds in the script, then all that may lie in the folder fits into it', () => {
    const emit = script('emit');
    const spools = number(emit, 'max_spools') * number(emit, 'max_body');
    // the plan, and the next plan while lines are merged; 32 bytes a record
    const kept =
      2 * number(emit, 'max_bytes') + number(emit, 'max_remembered') * 32 + number(emit, 'max_batches') * 4_096;
    expect(spools + kept).toBeLessThanOrEqual(bytes(volume('state').emptyDir.sizeLimit));
  });

  test('given the protocol, then its bounds are those of the script', () => {
    const protocol = read('PROTOCOL.md').replace(/(\d) (?=\d{3}\b)/g, '$1');
    const emit = script('emit');
    for (const name of ['max_body', 'max_lines', 'max_bytes', 'max_batches', 'max_remembered', 'max_instances'])
      expect(protocol, name).toMatch(new RegExp(`\\b${number(emit, name)}\\b`));
    const words = [...emit.matchAll(/(?:verdict=|bare |^refused\b.*|fault=)([a-z]+)\b/gm)].map(([, word]) => word);
    expect(words.length).toBeGreaterThan(10);
    for (const word of words) if (word) expect(protocol).toContain(`\`${word}\``);
  });
});

describe('the secret', () => {
  test('given what lies here, then it is the placeholder that the emitter refuses, and stays apart from the base', () => {
    const [generator] = top.secretGenerator;
    expect(generator).toMatchObject({ name: volume('secret').secret.secretName, files: ['secret=emitter-secret'] });
    expect(read('emitter-secret')).toMatch(/^replace-/);
    expect(script('serve')).toMatch(/^ *replace-\*\) stop /m);
    expect(base.secretGenerator).toEqual([]);
  });

  test('given every resource that is named, then it is there', () => {
    for (const [dir, { resources }] of [
      ['', top],
      ['base', base],
    ] as const)
      expect(resources.filter((file) => !existsSync(path.join(root, dir, file)))).toEqual([]);
  });
});
