/** Canaries on every node of a cluster: schedules for its emitters, filled up every few minutes. */
import { type CallOptions, type ProbeContext, ProbeError, type SchedulingInjector } from '../../src/probe.ts';
import { openCluster } from './cluster-api.ts';
import { readExpectedSets } from './cluster-watch.ts';
import { createEmitterClient, type Way } from './emitter-client.ts';
import { MAX_LINES } from './emitter-request.ts';
import { createStreamList } from './emitter-streams.ts';
import type { Route } from './expected-set.ts';
import type { ClusterConfig } from './kubernetes-config.ts';
import { exchange } from './refill-exchange.ts';

export interface EmitterConfig extends ClusterConfig {
  readonly namespace: string;
  readonly selector: string;
  readonly routes?: readonly Route[] | undefined;
  readonly agents?: Route | undefined;
  readonly secret?: string | undefined;
  readonly via: Way | 'auto';
}

/** Design §7: lines go on for so long while the control plane is away. */
const HORIZON_MS = 30 * 60_000;
const REFILL_MS = 5 * 60_000;
/** Under the protocol's 524,288: the header is on top, and line feeds in lines become two bytes. */
const MAX_BYTES = 480_000;
/** Calls at a time; as many connections there are to a cluster. */
const CONCURRENCY = 8;
/** Readings of the emitter's clock, ms, and by how much two clocks may drift apart: `PROTOCOL.md`. */
const READING_MS = 10;
const DRIFT = 0.001;

/** Contacts nothing. @throws ProbeError `config` without a secret */
export async function openEmitters(config: EmitterConfig, { clock }: ProbeContext): Promise<SchedulingInjector> {
  const secret = secretOf(config);
  const api = openCluster(config, clock);
  const client = createEmitterClient(api, clock, { way: config.via, secret });
  const streams = createStreamList(api, clock);
  const routes = routesOf(config);

  function emitterOf(stream: string, options: CallOptions) {
    const emitter = streams.emitterOf(stream);
    if (emitter === undefined) throw nobody(stream);
    const place = { namespace: emitter.namespace, pod: emitter.pod };
    return {
      uid: emitter.uid,
      exists: streams.exists,
      call: (request: Parameters<typeof client.call>[1]) => client.call(place, request, options),
    };
  }

  return {
    limits: {
      ...{ horizonMs: HORIZON_MS, refillMs: REFILL_MS, maxLines: MAX_LINES, maxBytes: MAX_BYTES },
      ...{ concurrency: CONCURRENCY, earlyMs: (aheadMs: number) => READING_MS + Math.ceil(aheadMs * DRIFT) },
    },
    async streams(options) {
      const sets = await readExpectedSets(api, routes, options, config.agents);
      // Thousands of nodes are much to compare, and much to take in: not in one go.
      await clock.sleep(1, options.signal);
      return streams.list(sets);
    },
    refill: async (refill, options) => exchange(emitterOf(refill.stream, options), refill, () => clock.now()),
    close: () => api.close(),
  };
}

/** For `validate --online`: lists what is to be watched and asks one emitter. @throws ProbeError with what to grant */
export async function tryEmitters(
  config: EmitterConfig,
  { clock }: ProbeContext,
  options: CallOptions,
): Promise<string> {
  const api = openCluster(config, clock);
  try {
    const sets = await readExpectedSets(api, routesOf(config), options, config.agents);
    const places = sets.flatMap((set) => set.places);
    const pod = places.find(({ emitter }) => emitter?.ready === true)?.emitter;
    const nodes = `${places.length} places, ${sets.flatMap(({ uncovered }) => uncovered).length} of them uncovered`;
    if (pod === undefined) throw nobody(routesOf(config)[0]?.selector ?? '');
    const client = createEmitterClient(api, clock, { way: config.via, secret: secretOf(config) });
    const question = { instance: 'validate', incarnation: '-', batch: 0, done: 0, lines: [] };
    const { way } = await client.call({ namespace: pod.namespace, pod: pod.pod }, question, options);
    return `${nodes}; emitter "${pod.pod}" answers by ${way}`;
  } finally {
    await api.close();
  }
}

function routesOf({ routes, namespace, selector }: EmitterConfig): readonly Route[] {
  return routes ?? [{ namespace, selector }];
}

function secretOf({ secret }: EmitterConfig): string {
  if (secret !== undefined) return secret;
  const message =
    'Cannot hand canaries to emitters without their secret. Give inject[].kubernetes.secret the content of deploy/kubernetes/emitter-secret, as text, "file:emitter-secret", or a variable of the environment.';
  throw new ProbeError(message, { reason: 'config' });
}

function nobody(stream: string): ProbeError {
  const message = `Cannot hand canaries to "${stream}": no pod of an emitter is ready there. Apply deploy/kubernetes, and check namespace and selector.`;
  return new ProbeError(message, { reason: 'not_found', retryable: true });
}
