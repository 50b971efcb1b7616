/** When to kill: at random, and right where it hurts. */
import { readFileSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import type { Random } from '../../src/sandbox/seeded-random.ts';
import type { Lane } from './lane.ts';
import type { Bench } from './ordeal.ts';

/** A start takes about so long, ms. */
const startMs = 1_500;
/** After so long without the event it waits for, it is killed all the same, ms. */
const patienceMs = 4_000;
/** The first milliseconds after a write: between the frames of one commit, before its answer, before what it permits. */
const closeMs = 8;

const moments = {
  'during start-up': 4,
  'at the first commit': 1,
  'some time after': 4,
  'at a commit': 4,
  'at a canary': 3,
  'at a page': 2,
} as const;
export type Moment = keyof typeof moments;
export const momentNames = Object.keys(moments) as Moment[];

/** Each once at first, from anywhere in the list on; then as often as its weight says. */
export function drawMoment(random: Random, count: number, from: number): Moment {
  const often = momentNames.flatMap((name) => Array<Moment>(moments[name]).fill(name));
  const list = count < momentNames.length ? momentNames : often;
  const at = list === momentNames ? count + from : Math.floor(random() * often.length);
  return list[at % list.length] ?? 'some time after';
}

/** Waits from the start of `run` until it is time. @param page resolves at the next page, before that is answered */
export async function reach(
  moment: Moment,
  lane: Lane,
  { clock, signal, random }: Bench,
  page: Promise<unknown>,
): Promise<void> {
  const [first, second] = [random(), random()];
  if (moment === 'during start-up') return await clock.sleep(first * startMs, signal);
  const limit = clock.deadline(patienceMs + startMs, signal);
  try {
    const wal = `${path.basename(lane.ledger)}-wal`;
    if (moment === 'at the first commit') return await written(path.dirname(lane.ledger), wal, limit.signal);
    await lane.serving();
    await clock.sleep(first * 2_500, signal);
    if (moment === 'at a commit') await written(path.dirname(lane.ledger), wal, limit.signal);
    if (moment === 'at a canary') await canaryWritten(path.join(lane.dir, 'node-b'), limit.signal);
    if (moment === 'at a page') await Promise.race([page, aborted(limit.signal)]);
    // every other time at once: what is permitted too early is only there for a moment
    if (moment !== 'some time after' && second >= 0.5) await clock.sleep((2 * second - 1) * closeMs, signal);
  } finally {
    limit.clear();
  }
}

/** Resolves at the next canary in the node's log: others write to it too. */
function canaryWritten(folder: string, signal: AbortSignal): Promise<void> {
  const file = path.join(folder, 'app.log');
  const begun = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return written(folder, 'app.log', signal, () => {
    try {
      return readFileSync(file).subarray(begun).includes('logcanary lcn1');
    } catch {
      return false; // `emitter-stopped` has put a folder in its place
    }
  });
}

/** Resolves when somebody writes to the file and it is what is waited for, or the signal aborts. */
function written(folder: string, name: string, signal: AbortSignal, isIt: () => boolean = () => true): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, (_, changed) => {
      if (changed === name && isIt()) done();
    });
    const done = () => {
      watcher.close();
      resolve();
    };
    watcher.on('error', done);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
