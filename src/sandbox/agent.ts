import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { encodeRecord } from './agent-record.ts';
import { holdsCanary } from './canary-text.ts';
import { type FileTail, type TailPosition, tailFile } from './file-tail.ts';
import { type Loop, startLoop } from './loop.ts';
import { createNarrowBuffer } from './narrow-buffer.ts';
import { createRecordSender, type RecordSender } from './record-sender.ts';
import type { Random } from './seeded-random.ts';

/** What is wrong with all agents at the moment; they look at it at every round. */
export interface AgentFaults {
  stopped: boolean;
  drops: boolean;
  duplicates: boolean;
  truncates: boolean;
  slow: boolean;
  bufferFull: boolean;
}

export interface AgentOptions {
  /** The node's name. */
  readonly node: string;
  /** The log it follows. */
  readonly file: string;
  /** Where it remembers how far it got. */
  readonly registry: string;
  readonly client: KinesisClient;
  readonly stream: string;
  readonly faults: Readonly<AgentFaults>;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  /** How long `slow` holds each line, ms. */
  readonly slowMs: number;
}

const pollMs = 180;
const dropShare = 0.3;
const duplicateShare = 0.5;
/** Characters of a line that are left by `truncates`: the token survives, the filler does not. */
const truncatedLength = 100;
/** One line in this time gets out while the buffer is full, ms: two thirds of a canary a second and some chatter. */
const narrowDrainMs = 1_250;
/** Lines held back by `slow`, at most; beyond, the agent stops reading its file. */
const mostHeld = 10_000;

interface HeldLine {
  readonly text: string;
  readonly readMs: number;
}

/** Follows one node's log and puts each line into the stream, as a DaemonSet's log agent does. `from: 'end'`: what is there now is not sent. */
export async function startAgent(options: AgentOptions, from?: 'end'): Promise<Loop> {
  await mkdir(path.dirname(options.registry), { recursive: true });
  const tail = tailFile(options.file, from ?? (await remembered(options.registry)));
  if (from === 'end') await tail.read();
  const sender = createRecordSender(options);
  const step = createStep(options, tail, sender);
  const { node, clock, log } = options;
  const loop = startLoop({ name: `agent ${node}`, clock, log, everyMs: pollMs, step });
  return {
    async stop() {
      await loop.stop();
      await tail.close();
    },
  };
}

function createStep(options: AgentOptions, tail: FileTail, sender: RecordSender) {
  const { faults, clock } = options;
  const held: HeldLine[] = [];
  const narrow = createNarrowBuffer<string>(narrowDrainMs);
  const remember = createRegistry(options.registry);

  const read = async () => {
    if (sender.full || held.length >= mostHeld) return;
    const readMs = clock.monotonicMs();
    for (const text of await tail.read()) {
      if (faults.drops && holdsCanary(text) && options.random() < dropShare) continue;
      held.push({ text: faults.truncates ? text.slice(0, truncatedLength) : text, readMs });
    }
  };
  const pass = () => {
    const holdMs = faults.slow ? options.slowMs : 0;
    const due = held.findIndex(({ readMs }) => clock.monotonicMs() - readMs < holdMs);
    for (const { text } of held.splice(0, due < 0 ? held.length : due)) {
      if (faults.bufferFull) narrow.offer(text);
      else send(text);
    }
    narrow.take(clock.monotonicMs(), !faults.bufferFull).forEach(send);
  };
  const send = (text: string) => {
    const record = encodeRecord({ text, node: options.node, file: options.file, at: clock.now() });
    sender.add(record);
    if (faults.duplicates && options.random() < duplicateShare) sender.add(record);
  };
  return async (signal: AbortSignal) => {
    if (faults.stopped) return;
    await read();
    pass();
    await sender.flush(signal);
    if (sender.size === 0 && held.length === 0) await remember(tail.position());
  };
}

/** The whole log for an agent that was never here. */
async function remembered(registry: string): Promise<TailPosition | 'start'> {
  const text = await readFile(registry, 'utf8').catch(() => '{}');
  const position: Partial<TailPosition> = JSON.parse(text);
  const { inode, offset } = position;
  return inode === undefined || offset === undefined ? 'start' : { inode, offset };
}

/** Writes a position when it changed; whole or not at all, so that a kill leaves the earlier one. */
function createRegistry(registry: string) {
  let written: TailPosition | undefined;
  return async (position: TailPosition | undefined) => {
    if (position === undefined || (written?.inode === position.inode && written.offset === position.offset)) return;
    await writeFile(`${registry}.new`, JSON.stringify(position));
    await rename(`${registry}.new`, registry);
    written = position;
  };
}
