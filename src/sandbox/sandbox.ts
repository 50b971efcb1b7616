import path from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { createFaultBoard, type FaultBoard, type FaultName, type FaultSwitch } from './fault-board.ts';
import { emulatorRegion } from './kinesis-emulator.ts';
import { type NodeFolder, openNodeFolder } from './node-folder.ts';
import { makeFolder } from './own-folder.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { sandboxConfigText, sandboxSecrets, writePrivate } from './sandbox-config.ts';
import { type Servers, startServers } from './servers.ts';

export interface SandboxOptions {
  /** Holds all that the sandbox writes; made when it is not there. A later start in it goes on with the same secrets. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** `HOST:PORT` where logcanary will listen: the alerter posts there. */
  readonly runListen: string;
  /** Where PagerDuty events go; absent: nobody is told. */
  readonly pageTo?: URL;
  /** Only where logcanary runs in this process: steps the wall clock that it sees. */
  readonly demo?: { stepClock(on: boolean): void | Promise<void> };
  /** For tests that cannot wait. */
  readonly timing?: Partial<SandboxTiming>;
  /** What random faults hit follows from it. Default: 1. */
  readonly seed?: number;
}

export interface SandboxTiming {
  /** `agent-slow` holds a line so long, ms. Default: 10,300, the stream's deadline (8 s) and a look interval (2 s) more, so that each line is provably late. */
  readonly slowMs: number;
  /** `stream-throttled` refuses a record so long, ms. Default: 10,300. */
  readonly throttleMs: number;
  /** The archiver writes an object so often, ms. Default: 5,000. */
  readonly archiveBufferMs: number;
}

export interface Sandbox {
  /** `logcanary.yaml`, absolute. */
  readonly configPath: string;
  readonly configText: string;
  readonly faults: FaultBoard;
  /** Ends every part and every child process. Safe to call twice. */
  stop(): Promise<void>;
}

const defaultTiming: SandboxTiming = { slowMs: 10_300, throttleMs: 10_300, archiveBufferMs: 5_000 };
const stream = { name: 'sandbox', shards: 2 };
const bucket = 'sandbox-archive';
const prefix = 'logs/';
const nodeNames = ['node-a', 'node-b', 'node-c'];
const leavingNode = 'node-c';

/** Starts the whole pipeline on loopback; it flows when this resolves. A start that fails leaves nothing running. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const started = new AsyncDisposableStack();
  try {
    return { ...(await start(options, started)), stop: () => started.disposeAsync() };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function start(options: SandboxOptions, started: AsyncDisposableStack): Promise<Omit<Sandbox, 'stop'>> {
  const { clock, log, runListen, pageTo } = options;
  const { throttleMs, ...timing } = { ...defaultTiming, ...options.timing };
  const dir = path.resolve(options.dir);
  const archiveDir = path.join(dir, 'archive');
  await makeFolder(archiveDir);
  const secrets = await sandboxSecrets(dir);
  const nodes = nodeNames.map((name) => openNodeFolder(dir, name));
  started.defer(() => heal(nodes));

  const servers = await startServers({ stream, throttleMs, archiveDir, bucket, clock, log, started });
  const endpoints = {
    stream: { name: stream.name, region: emulatorRegion, endpoint: servers.front.endpoint },
    archive: { bucket, prefix, endpoint: servers.archive.endpoint },
  };
  const hook = { url: hookUrl(runListen), secret: secrets.http };
  const common = { clock, log, started, nodes, ...endpoints };
  const seed = options.seed ?? 1;
  const pipeline = await startPipeline({ ...common, ...timing, indexUrl: servers.index.url, hook, seed });

  const configPath = path.join(dir, 'logcanary.yaml');
  const index = { url: servers.index.url };
  const configText = sandboxConfigText({ runListen, secrets, nodes, ...endpoints, index, ...(pageTo && { pageTo }) });
  await writePrivate(configPath, configText);
  const faults = createFaultBoard(switches(servers, pipeline, nodes, options.demo));
  return { configPath, configText, faults };
}

/** A later `run` in this folder finds its nodes' logs writable. */
function heal(nodes: readonly NodeFolder[]): void {
  for (const node of nodes) {
    node.unblock();
    node.comeBack();
  }
}

/** logcanary on all interfaces is reached on loopback. */
function hookUrl(runListen: string): string {
  const { port, hostname } = new URL(`http://${runListen}`);
  const host = hostname === '0.0.0.0' ? '127.0.0.1' : hostname === '[::]' ? '[::1]' : hostname;
  return `http://${host}:${port === '' ? 80 : port}/hooks/hop/alert`;
}

function switches(
  { front, index }: Servers,
  { agents, consumer, archiver, alerter, forger, leaves }: Pipeline,
  nodes: readonly NodeFolder[],
  demo: SandboxOptions['demo'],
): Record<FaultName, FaultSwitch> {
  return {
    'agent-stopped': flag(agents, 'stopped'),
    'agent-drops': flag(agents, 'drops'),
    'agent-duplicates': flag(agents, 'duplicates'),
    'agent-truncates': flag(agents, 'truncates'),
    'agent-slow': flag(agents, 'slow'),
    'agent-buffer-full': flag(agents, 'bufferFull'),
    'stream-throttled': (on) => front.throttled(on),
    'stream-down': (on) => front.down(on),
    'consumer-stopped': flag(consumer, 'stopped'),
    'consumer-drops': flag(consumer, 'drops'),
    'index-down': (on) => index.down(on),
    'index-rejects': (on) => index.rejects(on),
    'index-read-only': (on) => index.readOnly(on),
    'index-disk-filling': (on) => index.diskFilling(on),
    'index-slow-refresh': (on) => index.slowRefresh(on),
    'index-partial-shards': (on) => index.partialShards(on),
    'archive-stopped': flag(archiver, 'stopped'),
    'alerter-stopped': flag(alerter, 'stopped'),
    'emitter-stopped': (on) => nodes.forEach((node) => void (on ? node.block() : node.unblock())),
    'node-leaves': (on) => leaves(leavingNode, on),
    'clock-stepped': demo && ((on) => demo.stepClock(on)),
    'forged-canaries': flag(forger, 'active'),
  };
}

/** The parts look at their flags at every round. */
function flag<Name extends string>(faults: Record<Name, boolean>, name: Name): FaultSwitch {
  return (on) => {
    faults[name] = on;
  };
}
