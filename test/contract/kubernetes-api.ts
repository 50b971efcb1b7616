/**
 * What we rely on of a Kubernetes API server, as a suite that runs against the double (`test/fakes/kubernetes`) and against
 * a real one (`test/real/kubernetes.test.ts`): so the double cannot drift away from what it stands for.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Failure } from '../../probes/http/failure.ts';
import { type ClusterApi, openCluster } from '../../probes/kubernetes/cluster-api.ts';
import { readExpectedSets } from '../../probes/kubernetes/cluster-watch.ts';
import { createEmitterClient } from '../../probes/kubernetes/emitter-client.ts';
import type { ClusterConfig } from '../../probes/kubernetes/kubernetes-config.ts';
import { listAll, PAGE_SIZE } from '../../probes/kubernetes/paged-list.ts';
import { readPodLog } from '../../probes/kubernetes/pod-log.ts';
import type { ProbeError } from '../../src/probe.ts';
import type { StoredObject } from '../fakes/kubernetes/object-store.ts';
import { context, forever } from './bench.ts';
import { expectProbeError, rejectionOf } from './probe-error.ts';

export interface ApiServerBench {
  /** A namespace of the test's own. */
  readonly namespace: string;
  /** May do everything. */
  readonly admin: ClusterConfig;
  /** May do what `deploy/kubernetes/rbac` grants, in that namespace. */
  readonly limited: ClusterConfig;
  /** Signs in with a token that the server does not take. */
  readonly stranger: ClusterConfig;
  /** Name of a Ready node of the test's own, without a kubelet. */
  readonly node: string;
  /** Name of a pod with the emitter's labels that is bound to that node and never ran. */
  readonly pod: string;
  readonly secrets: readonly string[];
  /** Creates these in the namespace. */
  addConfigMaps(objects: readonly StoredObject[]): Promise<void>;
  stop(): Promise<void>;
}

const item = z.object({ metadata: z.object({ name: z.string() }) });
const errand = { what: 'look', grant: 'look' };
const patience = 60_000;

export function describeApiServer(name: string, start: () => Promise<ApiServerBench>): void {
  describe(`${name}: what we rely on`, () => {
    let bench: ApiServerBench;
    const opened = new Map<ClusterConfig, ClusterApi>();
    beforeAll(async () => {
      bench = await start();
    }, patience);
    afterAll(async () => {
      await Promise.all([...opened.values()].map((api) => api.close()));
      await bench?.stop();
    }, patience);

    function as(config: ClusterConfig): ClusterApi {
      const api = opened.get(config) ?? openCluster(config, context.clock);
      opened.set(config, api);
      return api;
    }

    const get = (path: string, config = bench.admin) =>
      as(config).call(errand, { method: 'GET', path, maxBytes: 1_000_000 }, forever.signal);
    const listed = async (path: string, more: { labelSelector?: string; fieldSelector?: string } = {}) => {
      const items = await listAll(as(bench.admin), errand, { path, item, ...more }, forever.signal);
      return items.map(({ metadata }) => metadata.name);
    };
    const inNamespace = (resource: string) => `/api/v1/namespaces/${bench.namespace}/${resource}`;
    /** The status and the server's own words of a refusal. */
    const refusalOf = async (call: Promise<unknown>): Promise<[number | undefined, string]> => {
      const error: unknown = await rejectionOf(call);
      expectProbeError(error, undefined, bench.secrets);
      const cause = (error as ProbeError).cause;
      return cause instanceof Failure ? [cause.status, cause.said ?? ''] : [undefined, (error as Error).message];
    };

    test('given more objects than fit a page, when listed, then all come, once and sorted', async () => {
      const names = Array.from({ length: PAGE_SIZE + 5 }, (_, at) => `paged-${String(at).padStart(3, '0')}`);
      await bench.addConfigMaps(names.map((each) => ({ metadata: { name: each, labels: { suite: 'paging' } } })));
      expect(await listed(inNamespace('configmaps'), { labelSelector: 'suite=paging' })).toEqual(names);
      const first = await get(`${inNamespace('configmaps')}?labelSelector=suite%3Dpaging&limit=2`);
      const { metadata, items } = JSON.parse(first.body.toString());
      expect([items.length, typeof metadata.continue, typeof metadata.resourceVersion]).toEqual([
        2,
        'string',
        'string',
      ]);
    });

    test.each([
      ['tier=web', ['a']],
      ['tier!=web,suite=labels', ['b', 'c']],
      ['tier in (web, db),suite=labels', ['a', 'b']],
      ['tier notin (web),suite=labels', ['b', 'c']],
      ['tier,suite=labels', ['a', 'b']],
      ['!tier,suite=labels', ['c']],
    ])('given the selector "%s", when listed, then it picks as it should', async (labelSelector, expected) => {
      if ((await listed(inNamespace('configmaps'), { labelSelector: 'suite=labels' })).length === 0) {
        const labelled = { a: { tier: 'web' }, b: { tier: 'db' }, c: {} };
        await bench.addConfigMaps(
          Object.entries(labelled).map(([each, labels]) => ({
            metadata: { name: each, labels: { suite: 'labels', ...labels } },
          })),
        );
      }
      expect(await listed(inNamespace('configmaps'), { labelSelector })).toEqual(expected);
    });

    test('given a field selector, when pods are listed, then it picks by node; an unknown field is refused', async () => {
      expect(await listed(inNamespace('pods'), { fieldSelector: `spec.nodeName=${bench.node}` })).toEqual([bench.pod]);
      expect(await listed(inNamespace('pods'), { fieldSelector: 'spec.nodeName=another' })).toEqual([]);
      const [status, said] = await refusalOf(listed(inNamespace('pods'), { fieldSelector: 'spec.colour=red' }));
      expect([status, said]).toEqual([400, expect.stringContaining('field label not supported: spec.colour')]);
    });

    test('given that only metadata is asked for, when listed, then it comes with who wrote it, and no content comes', async () => {
      const path = inNamespace('configmaps');
      await bench.addConfigMaps([
        { metadata: { name: 'filled', labels: { suite: 'metadata' } }, data: { key: 'content' } },
      ]);
      const call = { path, labelSelector: 'suite=metadata', item: z.looseObject({ metadata: z.looseObject({}) }) };
      const [whole] = await listAll(as(bench.admin), errand, call, forever.signal);
      const [bare] = await listAll(as(bench.admin), errand, { ...call, metadataOnly: true }, forever.signal);
      expect(whole).toMatchObject({ data: { key: 'content' } });
      expect(bare?.metadata).toEqual(whole?.metadata);
      expect(JSON.stringify(bare)).not.toContain('"content"');
    });

    test('given a token to go on with that is none, when listed, then it is refused', async () => {
      const [status, said] = await refusalOf(get(`${inNamespace('configmaps')}?limit=1&continue=nonsense`));
      expect([status, said]).toEqual([400, expect.stringContaining('continue key is not valid')]);
    });

    test('given a pod that is not there, when its log, its proxy and exec are asked for, then each says so', async () => {
      const place = { namespace: bench.namespace, pod: 'nobody', container: 'emitter' };
      const gone = [404, expect.stringContaining('pods "nobody" not found')];
      expect(await refusalOf(readPodLog(as(bench.admin), place, { limitBytes: 1024 }, forever))).toEqual(gone);
      expect(await refusalOf(get(`${inNamespace('pods/nobody:9781/proxy/')}`))).toEqual(gone);
      const exec = { ...place, command: ['true'], stdin: Buffer.alloc(0), maxBytes: 1024 };
      expect(await refusalOf(as(bench.admin).exec(errand, exec, forever.signal))).toEqual(gone);
    });

    test('given a container that is not there, when its log is asked for, then it is refused', async () => {
      const place = { namespace: bench.namespace, pod: bench.pod, container: 'nobody' };
      const [status, said] = await refusalOf(readPodLog(as(bench.admin), place, { limitBytes: 1024 }, forever));
      expect([status, said]).toEqual([400, `container nobody is not valid for pod ${bench.pod}`]);
    });

    test('given a pod without an address, when called by either way, then the error is no answer of an emitter', async () => {
      const client = createEmitterClient(as(bench.admin), context.clock, { way: 'auto', secret: 'not-a-real-secret' });
      const request = { instance: 'i', incarnation: '-', batch: 0, done: 0, lines: [] };
      const error: unknown = await rejectionOf(
        client.call({ namespace: bench.namespace, pod: bench.pod }, request, forever),
      );
      expectProbeError(
        error,
        ['server_error', 'rejected', 'bad_answer', 'timeout', 'not_found'],
        [...bench.secrets, 'not-a-real-secret'],
      );
    });

    test('given a token that is not taken, when asked, then it is 401', async () => {
      expect(await refusalOf(get('/api/v1/nodes', bench.stranger))).toEqual([401, 'Unauthorized']);
    });

    test('given only our grants, when asked for more, then it is 403 and says what lacks', async () => {
      const [status, said] = await refusalOf(get(inNamespace('services'), bench.limited));
      expect(status).toBe(403);
      expect(said).toMatch(
        /^services is forbidden: User "[^"]+" cannot list resource "services" in API group "" in the namespace "/,
      );
    });

    test('given only our grants, when the cluster is read, then the node is there and uncovered', async () => {
      const route = { namespace: bench.namespace, selector: 'app.kubernetes.io/name=logcanary-emitter' };
      const [set] = await readExpectedSets(as(bench.limited), [route], forever, route);
      const place = set?.places.find(({ node }) => node.name === bench.node);
      expect(place?.node).toMatchObject({ standing: 'expected', labels: { node: bench.node, zone: 'zone-1' } });
      expect(place?.emitter).toMatchObject({ pod: bench.pod, ready: false, why: 'Pending' });
      expect(set?.uncovered.map(({ node }) => node)).toContain(bench.node);
    });
  });
}
