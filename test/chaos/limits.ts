/** `run` has no file descriptors left, no connections left, no memory left: it says so or dies, and nothing is wrong afterwards. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import process from 'node:process';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { End } from '../e2e/program.ts';
import type { ListedIncident } from '../e2e/watching.ts';
import { type HeartbeatReceiver, startHeartbeatReceiver } from './heartbeat-receiver.ts';
import { type Lane, openLane } from './lane.ts';
import type { Bench, Ordeal } from './ordeal.ts';
import { until } from './patience.ts';
import { createWitness, type Witness } from './witness.ts';

const soonMs = 60_000;
const quietWithinMs = 120_000;
/** Fewer than it has open for good: about 33. */
const fewDescriptors = 16;
/** Several canaries of each stream and several looks at each hop, ms. */
const starvedMs = 8_000;
/** The server takes 256 at once, and gives one up that sends nothing for 10 s. */
const flood = 400;
const floodSettlesMs = 2_000;
/** MiB of heap: with the smallest it does not come up, with the largest it lives for some seconds. A sound one needs 40. */
const heapMib = { least: 18, most: 34 };
/** Later it has all that it needs: then it lives on, and is killed. */
const diesWithinMs = 15_000;
/** Measured: see docs/chaos.md. */
const mostMib = 500;

interface Scene {
  readonly bench: Bench;
  readonly lane: Lane;
  readonly witness: Witness;
  readonly heartbeats: HeartbeatReceiver;
}

/** What lacks on our own side; nothing else may be blamed for it. */
const ours = ['blind', 'isolated', 'injection'];

const parts = {
  'no file descriptors': noDescriptors,
  'a flood of connections': floodOfConnections,
  'no memory from the start': (scene: Scene) => outOfMemory(scene, 'from the start'),
  'no more memory than it has': (scene: Scene) => outOfMemory(scene, 'of a sudden'),
} as const;
type Part = keyof typeof parts;

export const limits: Ordeal = {
  name: 'limits',
  does: 'file descriptors, connections and memory run out',
  async run(bench) {
    const scene = await openScene(bench);
    const { lane, witness } = scene;
    await start(scene);
    witness.begin();
    await witness.flowing();
    const against: string[] = [];
    const once = Object.keys(parts) as Part[];
    for (const part of bench.short ? once : [...once, ...once, ...once]) {
      bench.say(part);
      const faults = await parts[part](scene).catch((error: Error) => [error.message]);
      against.push(...faults.map((fault) => `${part}: ${fault}`));
    }
    await lane.quiet(quietWithinMs);
    await witness.flowing();
    bench.say(`at most ${witness.peakMib} MiB resident`);
    return [
      {
        promise: 'it says what it lacks, or ends; no heartbeat when dead; it comes back by itself or at the next start',
        against,
      },
      {
        promise: `memory stays below ${mostMib} MiB`,
        against: witness.peakMib < mostMib ? [] : [`${witness.peakMib} MiB`],
      },
      ...(await witness.findings(ours)),
    ];
  },
};

async function openScene(bench: Bench): Promise<Scene> {
  const lane = await openLane(bench, 'limits');
  const heartbeats = await startHeartbeatReceiver();
  bench.defer(() => heartbeats.close());
  const document = parse(await readFile(lane.config, 'utf8'));
  document.heartbeats = [{ url: heartbeats.url, every: '1s' }];
  await writeFile(lane.config, stringify(document), { mode: 0o600 });
  return { bench, lane, heartbeats, witness: createWitness(bench, lane) };
}

async function start({ lane }: Scene): Promise<void> {
  lane.spawn();
  await lane.serving();
}

/** What is open stays open, also above the limit; nothing more can be opened. */
async function noDescriptors({ bench, lane }: Scene): Promise<string[]> {
  const before = (await ownTrouble(lane)).length;
  await prlimit(lane.run.pid, `--nofile=${fewDescriptors}:`);
  try {
    await bench.clock.sleep(starvedMs + bench.random() * (bench.short ? 2_000 : 15_000), bench.signal);
  } finally {
    await prlimit(lane.run.pid, '--nofile=10000:');
  }
  // asked only now: it may have had no descriptor for whoever asks
  const told = async () => (await ownTrouble(lane)).slice(before);
  await until(
    bench,
    'told that canaries cannot go out, or that it is blind',
    soonMs,
    async () => (await told()).length > 0,
  );
  bench.say(`told: ${(await told()).map(({ kind, hop }) => `${kind}@${hop}`).join(', ')}`);
  await until(bench, 'well again', soonMs, async () => (await told()).every(({ state }) => state === 'resolved'));
  return [];
}

/** Of all time, oldest first. */
async function ownTrouble(lane: Lane): Promise<readonly ListedIncident[]> {
  const number = ({ id }: ListedIncident) => Number(id.replace('inc-', ''));
  const own = (await lane.incidents()).filter(({ kind }) => ours.includes(kind));
  return own.toSorted((one, other) => number(one) - number(other));
}

/** Connections that say nothing; when it has given them up, everybody is served again. */
async function floodOfConnections({ bench, lane }: Scene): Promise<string[]> {
  const { port, hostname } = new URL(lane.origin);
  const sockets = Array.from({ length: flood }, () =>
    net
      .connect(Number(port), hostname)
      .on('error', () => undefined)
      .resume(),
  );
  try {
    const left = () => sockets.filter(({ closed }) => !closed).length;
    await bench.clock.sleep(floodSettlesMs, bench.signal);
    bench.say(`${left()} of ${flood} connections are open`);
    await until(bench, 'it gives up those that say nothing', soonMs, () => left() === 0);
    await until(bench, 'it answers again', soonMs, async () => (await fetch(`${lane.origin}/healthz`)).ok);
    return [];
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function outOfMemory(scene: Scene, when: 'from the start' | 'of a sudden'): Promise<string[]> {
  const { bench, lane, heartbeats } = scene;
  const end = when === 'from the start' ? await startWithLittle(scene) : await capNow(scene);
  bench.say(end === undefined ? 'it lives on' : `it ended with ${end.signal ?? end.code}`);
  if (end === undefined) await lane.run.kill();
  const beats = heartbeats.beats;
  await bench.clock.sleep(1_500, bench.signal);
  const faults = heartbeats.beats > beats ? ['a heartbeat came from the dead'] : [];
  await start(scene);
  await until(bench, 'a heartbeat after the start', soonMs, () => heartbeats.beats > beats);
  return faults;
}

async function startWithLittle({ bench, lane }: Scene): Promise<End | undefined> {
  const { least, most } = heapMib;
  const heap = Math.round(least + bench.random() * (most - least));
  await lane.run.end();
  bench.say(`a heap of ${heap} MiB`);
  lane.spawn({ env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heap}` } });
  return await ended(bench, lane);
}

/** What it can write to may not grow any more: the next page that it needs is refused. */
async function capNow({ bench, lane }: Scene): Promise<End | undefined> {
  await bench.clock.sleep(bench.random() * 3_000, bench.signal);
  const status = await readFile(`/proc/${lane.run.pid}/status`, 'utf8');
  const kib = Number(/VmData:\s+(\d+)/.exec(status)?.[1]);
  await prlimit(lane.run.pid, `--data=${kib * 1024}:`);
  return await ended(bench, lane);
}

async function ended({ clock, signal }: Bench, { run }: Lane): Promise<End | undefined> {
  const over = new AbortController();
  const late = clock.sleep(diesWithinMs, AbortSignal.any([over.signal, signal])).catch(() => undefined);
  return (await Promise.race([run.ended, late]).finally(() => over.abort())) ?? undefined;
}

/** https://man7.org/linux/man-pages/man1/prlimit.1.html */
async function prlimit(pid: number, limit: string): Promise<void> {
  await promisify(execFile)('prlimit', ['--pid', String(pid), limit]);
}
