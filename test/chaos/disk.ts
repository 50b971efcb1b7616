/** The disk that holds the ledger fills up, stays full, is read-only: at any moment, several times, also while `run` is dead. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { End, Program } from '../e2e/program.ts';
import { fileLimit } from './file-limit.ts';
import { type HeartbeatReceiver, startHeartbeatReceiver } from './heartbeat-receiver.ts';
import { type Lane, openLane } from './lane.ts';
import type { Bench, Ordeal } from './ordeal.ts';
import { toldBy } from './page-story.ts';
import { until } from './patience.ts';
import { type SmallDisk, smallDisk } from './small-disk.ts';
import { createWitness, type Witness } from './witness.ts';

/** The write-ahead log alone may take 16 MiB before it is moved into the file. */
const diskMib = 24;
/** At most so much is left beside the ballast, bytes: so that it is not always the same write that fails. */
const mostLeft = 100_000;
/** A start is 1 s, a failed commit is tried again after 5 s, its page goes out at once. */
const soonMs = 60_000;
const quietWithinMs = 120_000;
const rounds = {
  'fills up, is freed': fillsUp,
  'fills up, run dies and starts on the full disk': diesMeanwhile,
  'is full before the start': (scene: Scene) =>
    wrongAtStart(scene, (on) => (on ? scene.disk.fill(0) : scene.disk.free())),
  'is read-only before the start': (scene: Scene) => wrongAtStart(scene, (on) => scene.disk.readOnly(on)),
} as const;
type Round = keyof typeof rounds;
/** What a limit can imitate: it holds for one process. */
const withoutStart: Round = 'fills up, is freed';

interface Scene {
  readonly bench: Bench;
  readonly lane: Lane;
  readonly disk: SmallDisk;
  readonly heartbeats: HeartbeatReceiver;
}

export const fullDisk: Ordeal = {
  name: 'full-disk',
  does: 'the disk that holds the ledger fills up, stays full and is freed, or is mounted read-only',
  async run(bench) {
    const { scene, witness } = await openScene(bench);
    await start(scene);
    witness.begin();
    const against: string[] = [];
    for (const round of plan(bench, scene.disk)) {
      bench.say(`the disk ${round}`);
      const faults = await rounds[round](scene).catch((error: Error) => [error.message]);
      against.push(...faults.map((fault) => `the disk ${round}: ${fault}`));
      if (faults.length > 0) break;
    }
    if (against.length > 0) return [{ promise, against }];
    await scene.lane.quiet(quietWithinMs);
    await witness.flowing();
    return [{ promise, against }, ...(await witness.findings([]))];
  },
};
const promise =
  'one emergency page for each failure and one end of it; health says it; no heartbeat, no canary meanwhile';

async function openScene(bench: Bench): Promise<{ scene: Scene; witness: Witness }> {
  const lane = await openLane(bench, 'full-disk');
  const folder = path.join(lane.dir, 'small');
  await mkdir(folder);
  const ledger = path.join(folder, 'logcanary.db');
  const disk = await smallDisk(folder, diskMib).catch((error: Error) => {
    bench.say(`NO SMALL DISK, ONLY A LIMIT ON THE SIZE OF FILES, and most rounds are left out. ${error.message}`);
    return fileLimit(lane, ledger);
  });
  bench.defer(() => disk.close());
  const heartbeats = await startHeartbeatReceiver();
  bench.defer(() => heartbeats.close());
  const document = parse(await readFile(lane.config, 'utf8'));
  document.ledger = ledger;
  document.heartbeats = [{ url: heartbeats.url, every: '1s' }];
  await writeFile(lane.config, stringify(document), { mode: 0o600 });
  return { scene: { bench, lane, disk, heartbeats }, witness: createWitness(bench, lane, disk.seen(ledger)) };
}

/** Every kind of round once, or three times, in drawn order. */
function plan({ short, random }: Bench, { mounted }: SmallDisk): Round[] {
  const kinds = mounted ? (Object.keys(rounds) as Round[]) : [withoutStart];
  const all = short ? kinds : [...kinds, ...kinds, ...kinds];
  return all
    .map((round) => ({ round, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ round }) => round);
}

async function start({ lane, disk }: Scene): Promise<void> {
  lane.spawn({ inside: disk.inside });
  await lane.serving();
}

async function fillsUp(scene: Scene): Promise<string[]> {
  const { bench, disk } = scene;
  const before = emergencies(scene).length;
  await fillNow(scene);
  const faults = await standstill(scene);
  await disk.free();
  await until(bench, 'the end of the emergency page', soonMs, () => !isPaged(scene));
  await healthy(scene);
  return [...faults, ...toldFaults(scene, before, ['trigger', 'resolve'])];
}

async function diesMeanwhile(scene: Scene): Promise<string[]> {
  const { bench, lane, disk, heartbeats } = scene;
  const before = emergencies(scene).length;
  await fillNow(scene);
  await bench.clock.sleep(bench.random() * 3_000, bench.signal);
  await lane.run.kill();
  const beats = heartbeats.beats;
  const next = lane.spawn({ inside: disk.inside });
  // what was in the write-ahead log may be in the file by then, and its room free for more: then it ends the page
  await until(bench, 'it pages again, or ends the page', soonMs, () => emergencies(scene).length > before + 1).catch(
    (error: Error) => {
      throw new Error(`${error.message}; it said: ${next.stderr()}`);
    },
  );
  const stillPaged = isPaged(scene);
  const faults = stillPaged && heartbeats.beats > beats ? ['a heartbeat was sent while it could not write'] : [];
  await disk.free();
  await goesOn(scene, next);
  await until(bench, 'the end of the emergency page', soonMs, () => !isPaged(scene));
  await healthy(scene);
  return [...faults, ...toldFaults(scene, before, ['trigger', 'resolve'])];
}

/** It may start and say so, or end at once; the page and its end are the same. */
async function wrongAtStart(scene: Scene, spoil: (on: boolean) => Promise<void>): Promise<string[]> {
  const { bench, lane, disk, heartbeats } = scene;
  const before = emergencies(scene).length;
  const { code } = await lane.run.end();
  const faults = code === 0 ? [] : [`it ended with ${code} when it was told to`];
  await spoil(true);
  const beats = heartbeats.beats;
  const next = lane.spawn({ inside: disk.inside });
  await until(bench, 'an emergency page', soonMs, () => isPaged(scene));
  await bench.clock.sleep(1_000 + bench.random() * 2_000, bench.signal);
  if (heartbeats.beats > beats) faults.push('a heartbeat was sent');
  await spoil(false);
  const ended = await goesOn(scene, next);
  const last = next.stderr().trim().split('\n').at(-1);
  bench.say(ended ? `ended with ${ended.code}: ${last}` : 'it goes on by itself');
  if (ended !== undefined && ended.code !== 1) faults.push(`it ended with ${ended.code ?? ended.signal}`);
  await until(bench, 'the end of the emergency page', soonMs, () => !isPaged(scene));
  await healthy(scene);
  return [...faults, ...toldFaults(scene, before, ['trigger', 'resolve'])];
}

/** One that could not even open its ledger has ended, and is started anew: that is what a supervisor is for. */
async function goesOn(scene: Scene, run: Program): Promise<End | undefined> {
  const serving = scene.lane.serving().then(
    () => undefined,
    () => run.ended,
  );
  const ended = await Promise.race([run.ended, serving]);
  if (ended !== undefined) await start(scene);
  return ended;
}

async function fillNow(scene: Scene): Promise<void> {
  const { bench, disk } = scene;
  await healthy(scene);
  await bench.clock.sleep(bench.random() * 4_000, bench.signal);
  await disk.fill(bench.random() * mostLeft);
  await until(bench, 'an emergency page', soonMs, () => isPaged(scene));
}

/** While the disk is full: health says so, and nothing goes out. */
async function standstill({ bench, lane, heartbeats }: Scene): Promise<string[]> {
  const { clock, random, signal } = bench;
  // what was decided before may still be under way
  await clock.sleep(1_000, signal);
  const [beats, canaries] = [heartbeats.beats, await canariesIn(lane)];
  await clock.sleep(2_000 + random() * (bench.short ? 2_000 : 20_000), signal);
  const health = await fetch(`${lane.origin}/healthz`);
  const said = await health.text();
  return [
    ...(health.status === 503 && said.includes('ledger') ? [] : [`/healthz answers ${health.status}: ${said}`]),
    ...(heartbeats.beats > beats ? [`${heartbeats.beats - beats} heartbeats were sent`] : []),
    ...((await canariesIn(lane)) > canaries ? ['canaries went out'] : []),
  ];
}

async function canariesIn({ dir }: Lane): Promise<number> {
  const logs = ['node-a', 'node-b', 'node-c'].map((node) => readFile(path.join(dir, node, 'app.log'), 'utf8'));
  return (await Promise.all(logs)).reduce((sum, text) => sum + text.split('logcanary lcn1').length - 1, 0);
}

async function healthy({ bench, lane, heartbeats }: Scene): Promise<void> {
  const beats = heartbeats.beats;
  await until(bench, 'health and a heartbeat', soonMs, async () => {
    const { status } = await fetch(`${lane.origin}/healthz`);
    return status === 200 && heartbeats.beats > beats;
  });
}

/** What the pager was told that went past the ledger. */
const emergencies = ({ lane }: Scene) => toldBy(lane.pager.events).filter(({ incident }) => incident === 'inc-ledger');
const isPaged = (scene: Scene) => emergencies(scene).at(-1)?.action === 'trigger';

/** A second process repeats what the first one said: the same action under the same key. */
function toldFaults(scene: Scene, before: number, expected: readonly string[]): string[] {
  const all = emergencies(scene);
  const told = all.slice(before).map(({ action }) => action);
  const actions = told.filter((action, at) => action !== told[at - 1]);
  const keys = new Set(all.map(({ key }) => key)).size;
  return [
    ...(actions.join() === expected.join() ? [] : [`told: ${told.join(', ')}`]),
    ...(keys > 1 ? [`${keys} dedup keys for one thing`] : []),
  ];
}
