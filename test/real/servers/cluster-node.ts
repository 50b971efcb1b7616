/**
 * A node of a cluster that is none, behind the API double: a real emitter, its stdout kept as containerd keeps it, and a small agent
 * that tails those files into Kinesis, as Fluent Bit does with `multiline.parser cri`.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { createClock } from '../../../src/lib/clock.ts';
import { silentLog } from '../../../src/lib/log.ts';
import { encodeRecord } from '../../../src/sandbox/agent-record.ts';
import { type TailPosition, tailFile } from '../../../src/sandbox/file-tail.ts';
import { type Loop, startLoop } from '../../../src/sandbox/loop.ts';
import { createRecordSender } from '../../../src/sandbox/record-sender.ts';
import { utcStamp } from '../../../src/sandbox/utc.ts';
import { emulatorClient } from '../../fakes/kinesis-stream.ts';
import type { KubernetesApi } from '../../fakes/kubernetes/kubernetes-api.ts';
import { nodeManifest, podManifest } from '../../fakes/kubernetes/manifests.ts';
import { type Emitter, startEmitter } from './emitter.ts';

export interface NodeOptions {
  readonly name: string;
  /** For its pods' folders and logs. */
  readonly dir: string;
  readonly server: KubernetesApi;
  /** Of the Kinesis emulator. */
  readonly endpoint: string;
  readonly stream: string;
}

export interface ClusterNode {
  readonly name: string;
  /** Lines since the container that runs was started. */
  printed(): number;
  /** The container dies, and the kubelet starts another in the same pod. */
  restartEmitter(): Promise<void>;
  /** A pod with another name and UID takes its place; what the old one remembered is gone. */
  replacePod(): Promise<void>;
  killAgent(): Promise<void>;
  /** Goes on where it was. */
  startAgent(): void;
  /** `kubectl cordon`. */
  cordon(): void;
  /** The machine is gone, and its objects are. */
  leave(): Promise<void>;
  /** The test is over. */
  stop(): Promise<void>;
}

const clock = createClock();

export async function startNode({ name, dir, server, endpoint, stream }: NodeOptions): Promise<ClusterNode> {
  let pods = 0;
  let restarts = 0;
  let log: ContainerLog;
  let emitter: Emitter;
  let agent: Agent;
  const podName = () => `emitter-${name}-${pods}`;

  async function run(): Promise<void> {
    log = openContainerLog(path.join(dir, `${podName()}-${restarts}.log`));
    emitter = await startEmitter({ dir: path.join(dir, podName()), onLog: (chunk) => log.write(chunk) });
    server.proxy.serve(podName(), `http://127.0.0.1:${emitter.port}`);
    server.objects.apply('pods', podManifest(podName(), { node: name, restarts }));
    agent = startAgent({ name, endpoint, stream, file: log.file });
  }
  async function endContainer(): Promise<void> {
    await emitter.kill();
    await agent.drain();
    await agent.stop();
    log.close();
  }

  server.objects.apply('nodes', nodeManifest(name));
  await run();
  return {
    name,
    printed: () => emitter.lines().length,
    async restartEmitter() {
      await endContainer();
      restarts += 1;
      await run();
    },
    async replacePod() {
      await endContainer();
      server.objects.remove('pods', podName());
      pods += 1;
      restarts = 0;
      await run();
    },
    killAgent: () => agent.stop(),
    startAgent: () => agent.start(),
    cordon: () => server.objects.apply('nodes', nodeManifest(name, { unschedulable: true })),
    async leave() {
      await emitter.kill();
      await agent.stop();
      server.objects.remove('nodes', name);
      server.objects.remove('pods', podName());
    },
    async stop() {
      await emitter.kill();
      await agent.stop();
      log.close();
    },
  };
}

// ------------------------------------------------------------------------------------------------ the container's log

interface ContainerLog {
  readonly file: string;
  write(chunk: Buffer): void;
  close(): void;
}

/** containerd's `max_container_log_line_size`. https://github.com/containerd/containerd/blob/main/docs/cri/config.md */
const lineBytes = 16_384;
const lineFeed = 0x0a;

function openContainerLog(file: string): ContainerLog {
  rmSync(file, { force: true });
  const handle = openSync(file, 'a');
  let rest = Buffer.alloc(0);

  /** What can be written of `rest`: a whole line, or as much of it as a line may have. */
  function next(): { text: Buffer; tag: 'F' | 'P' } | undefined {
    const end = rest.indexOf(lineFeed);
    const isWhole = end >= 0 && end <= lineBytes;
    if (!isWhole && rest.length < lineBytes) return undefined;
    const text = rest.subarray(0, isWhole ? end : lineBytes);
    rest = rest.subarray(isWhole ? end + 1 : lineBytes);
    return { text, tag: isWhole ? 'F' : 'P' };
  }

  return {
    file,
    write(chunk) {
      rest = Buffer.concat([rest, chunk]);
      for (let line = next(); line !== undefined; line = next()) {
        const head = `${utcStamp(clock.now()).replace('Z', '123456Z')} stdout ${line.tag} `;
        writeSync(handle, Buffer.concat([Buffer.from(head), line.text, Buffer.of(lineFeed)]));
      }
    },
    close: () => closeSync(handle),
  };
}

// ------------------------------------------------------------------------------------------------ the agent

interface Agent {
  start(): void;
  /** At once; what it has not sent it will send when it is started again. */
  stop(): Promise<void>;
  /** Until all that stands in the file has been sent; at once when it is stopped. */
  drain(): Promise<void>;
}

const agentEveryMs = 200;

function startAgent(options: { name: string; endpoint: string; stream: string; file: string }): Agent {
  const { name, endpoint, stream, file } = options;
  let loop: Loop | undefined;
  let close = async () => {};
  let registry: TailPosition | undefined;
  let rounds = 0;

  function start(): void {
    const client = emulatorClient(endpoint);
    const tail = tailFile(file, registry ?? 'start');
    const sender = createRecordSender({ client, stream, clock });
    let parts = '';
    const step = async (signal: AbortSignal) => {
      for (const line of await tail.read()) {
        const [, tag, text = ''] = /^\S+ \S+ ([FP]) (.*)$/s.exec(line) ?? [];
        parts += text;
        if (tag === 'P') continue;
        sender.add(encodeRecord({ text: parts, node: name, file, at: clock.now() }));
        parts = '';
      }
      await sender.flush(signal);
      if (sender.size > 0 || parts !== '') return;
      registry = tail.position();
      rounds += 1;
    };
    close = async () => {
      client.destroy();
      await tail.close();
    };
    loop = startLoop({ name: `agent ${name}`, clock, log: silentLog, everyMs: agentEveryMs, step });
  }

  start();
  return {
    start,
    async stop() {
      if (loop === undefined) return;
      await loop.stop();
      loop = undefined;
      await close();
    },
    async drain() {
      // the round under way may have read before the last line was written
      const enough = rounds + 2;
      while (loop !== undefined && rounds < enough) await clock.sleep(agentEveryMs / 4);
    },
  };
}
