import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type AgentFaults, startAgent } from './agent.ts';
import { encodeRecord } from './agent-record.ts';
import { startAlerter } from './alerter.ts';
import { startArchiver } from './archiver.ts';
import { startChatter } from './chatter.ts';
import { type ConsumerFaults, startConsumer } from './consumer.ts';
import { startForger } from './forger.ts';
import { emulatorRegion } from './kinesis-emulator.ts';
import type { Loop } from './loop.ts';
import type { NodeFolder } from './node-folder.ts';
import { seededRandom } from './seeded-random.ts';

export interface PipelineOptions {
  readonly nodes: readonly NodeFolder[];
  readonly stream: { readonly name: string; readonly endpoint: string };
  readonly indexUrl: string;
  readonly archive: { readonly bucket: string; readonly prefix: string; readonly endpoint: string };
  readonly hook: { readonly url: string; readonly secret: string };
  readonly slowMs: number;
  readonly archiveBufferMs: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What was started, to be undone in reverse. */
  readonly started: AsyncDisposableStack;
}

/** The moving parts of the pipeline, and the flags that break them. */
export interface Pipeline {
  readonly agents: AgentFaults;
  readonly consumer: ConsumerFaults;
  readonly archiver: { stopped: boolean };
  readonly alerter: { stopped: boolean };
  readonly forger: { active: boolean };
  /** The node goes: its agent dies with what it has not sent. Back: a new agent begins at the end of the log. */
  leaves(node: string, on: boolean): Promise<void>;
}

const noAgentFaults: AgentFaults = {
  stopped: false,
  drops: false,
  duplicates: false,
  truncates: false,
  slow: false,
  bufferFull: false,
};

/** Where each of two shards begins. */
const firstHashKeys = ['0', String(2n ** 127n)];

export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { clock, log, nodes, started } = options;
  const client = kinesisClient(options);
  started.defer(() => client.destroy());
  await openShards(client, options);
  const random = seededRandom(options.seed);
  const shared = { client, stream: options.stream.name, random, clock, log };
  const keep = (loop: Loop) => started.defer(() => loop.stop());

  const forger = { active: false };
  const alerter = { stopped: false };
  const archiver = { stopped: false };
  const consumer = { stopped: false, drops: false };
  const { indexUrl, hook, archive, archiveBufferMs: bufferMs } = options;
  keep(startAlerter({ indexUrl, hookUrl: hook.url, secret: hook.secret, faults: alerter, clock, log }));
  keep(startArchiver({ ...shared, ...archive, region: emulatorRegion, faults: archiver, bufferMs }));
  keep(startConsumer({ ...shared, indexUrl, faults: consumer }));
  keep(startForger({ ...shared, nodes, faults: forger }));

  const agents = { ...noAgentFaults };
  const silent = new Set<string>();
  const leaves = await startAgents(options, silent, (node, from) => {
    const agent = { node: node.name, file: node.log, registry: node.registry, faults: agents, slowMs: options.slowMs };
    return startAgent({ ...shared, ...agent }, from);
  });
  keep(startChatter({ nodes, silent, random, clock, log }));
  return { agents, consumer, archiver, alerter, forger, leaves };
}

/**
 * A first line in both shards: on an empty shard the emulator takes any sequence number, also one of an earlier start,
 * and the index exists from the beginning.
 */
async function openShards(client: KinesisClient, { stream, clock }: PipelineOptions): Promise<void> {
  const line = { text: 'sandbox started', node: 'sandbox', file: 'none', at: clock.now() };
  const Data = Buffer.from(encodeRecord(line));
  const Records = firstHashKeys.map((ExplicitHashKey) => ({ Data, PartitionKey: 'sandbox', ExplicitHashKey }));
  await client.send(new PutRecordsCommand({ StreamName: stream.name, Records }));
}

/** One agent a node, also after the node was away. */
async function startAgents(
  { nodes, started }: PipelineOptions,
  silent: Set<string>,
  start: (node: NodeFolder, from?: 'end') => Promise<Loop>,
): Promise<Pipeline['leaves']> {
  const running = new Map<string, Loop>();
  started.defer(async () => {
    await Promise.all([...running.values()].map((agent) => agent.stop()));
  });
  for (const node of nodes) running.set(node.name, await start(node));
  return async (name, on) => {
    const node = nodes.find((each) => each.name === name);
    if (node === undefined) return;
    if (on) {
      node.leave();
      silent.add(name);
      await running.get(name)?.stop();
    } else {
      running.set(name, await start(node, 'end'));
      silent.delete(name);
      node.comeBack();
    }
  };
}

/** Reached like a real one, apart from the credentials, which the emulator does not look at. Retries are the caller's. */
function kinesisClient({ stream }: PipelineOptions): KinesisClient {
  return new KinesisClient({
    region: emulatorRegion,
    endpoint: stream.endpoint,
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 1_000 }),
  });
}
