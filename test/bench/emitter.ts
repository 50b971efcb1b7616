/** The emitter of deploy/kubernetes under real busybox: what it holds of a node's memory, and how long a call takes. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Emitter, emitterSecret as secret, startEmitter } from '../real/servers/emitter.ts';
import { bodyOf, canary } from '../real/servers/emitter-call.ts';

const calls = 300;

export async function benchEmitter(): Promise<Record<string, number>> {
  // in memory, as the folder of the state is in a pod
  const dir = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'logcanary-bench-emitter-'));
  const emitter = await startEmitter({ dir: path.join(dir, 'pod') });
  try {
    const lines = (count: number, delay: number, length?: number) =>
      Array.from({ length: count }, () => ({ delay, text: length === undefined ? canary() : canary('long', length) }));
    const resting = memoryOf(emitter.pid);
    const questionMs = await medianOf(emitter, () => bodyOf({ secret, instance: 'question', batch: 0 }));
    const refillMs = await medianOf(emitter, (turn) =>
      bodyOf({ secret, instance: 'refill', batch: turn, done: turn - 1, lines: lines(10, 0) }),
    );
    const scheduleMs = await medianOf(emitter, (turn) =>
      bodyOf({ secret, instance: 'schedule', batch: turn, done: turn - 1, lines: lines(60, 0) }),
    );
    const longMs = await medianOf(emitter, (turn) =>
      bodyOf({ secret, instance: 'long', batch: turn, done: turn - 1, lines: lines(1, 0, 27) }),
    );
    await emitter.call(bodyOf({ secret, instance: 'waiting', batch: 1, lines: lines(60, 1_800_000) }));
    await untilMerged(emitter);
    const loaded = memoryOf(emitter.pid);
    return { ...loaded, restingRssMb: resting.rssMb, questionMs, refillMs, scheduleMs, longMs };
  } finally {
    await emitter.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Of one call after the other, each on a connection of its own, ms. What is sent is made before the time counts. */
async function medianOf(emitter: Emitter, make: (turn: number) => string): Promise<number> {
  const taken: number[] = [];
  for (let turn = 1; turn <= calls; turn += 1) {
    const body = make(turn);
    const began = performance.now();
    const { word } = await emitter.call(body);
    taken.push(performance.now() - began);
    if (word !== 'ok') throw new Error(`The emitter said ${word} where it should say ok.`);
    await untilPrinted(emitter);
  }
  return taken.toSorted((a, b) => a - b)[calls / 2] ?? Number.NaN;
}

async function untilPrinted(emitter: Emitter): Promise<void> {
  while ((await emitter.call(bodyOf({ secret, instance: 'question', batch: 0 }))).lines > 0);
}

/** So that what is measured holds the lines. */
async function untilMerged(emitter: Emitter): Promise<void> {
  while (readdirSync(path.join(emitter.state, 'w')).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Of a process and all below it, MB: the sum of what each has resident, and of each one's share of it (a page that three processes
 * have is counted to each with a third). The second is what the node loses.
 * https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories (smaps_rollup)
 */
function memoryOf(pid: number): { rssMb: number; pssMb: number; privateMb: number; processes: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) / 1_024;
  const sum = {
    rssMb: mb('Rss'),
    pssMb: mb('Pss'),
    privateMb: mb('Private_Dirty') + mb('Private_Clean'),
    processes: 1,
  };
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children === '' ? [] : children.split(' ')) {
    const below = memoryOf(Number(child));
    sum.rssMb += below.rssMb;
    sum.pssMb += below.pssMb;
    sum.privateMb += below.privateMb;
    sum.processes += below.processes;
  }
  return sum;
}
