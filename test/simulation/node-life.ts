/** When which node is there: each is a life of its own, and the next machine in its place is another node. */
import { about, Dice } from './dice.ts';
import type { Episode, Plan } from './plan.ts';
import { minute } from './setting.ts';

const never = Number.POSITIVE_INFINITY;

/** Times in ms since the beginning of the world. */
export interface NodeLife {
  readonly key: string;
  readonly name: string;
  readonly index: number;
  readonly from: number;
  /** The sign that it goes; infinity where there is none. */
  readonly leavingAt: number;
  /** From then on nothing runs there. */
  readonly deadAt: number;
  /** From then on it is not listed. */
  readonly goneAt: number;
}

/** What `probes/kubernetes` calls the streams of a cluster's nodes. */
export const route = { namespace: 'logcanary', selector: 'app=logcanary-emitter' } as const;

export function livesOf(plan: Plan): readonly NodeLife[] {
  return plan.cluster ? clusterLives(plan) : plainLives(plan);
}

function plainLives(plan: Plan): NodeLife[] {
  const lives: NodeLife[] = [];
  for (let index = 0; index < plan.streams; index++) {
    const leaves = plan.episodes.filter((each) => each.kind === 'node-leaves' && each.node === index);
    let from = 0;
    for (let life = 0; life <= leaves.length; life++) {
      const leave = leaves[life];
      const leavingAt = leave?.at ?? never;
      const goneAt = leave ? leave.at + leave.forMs : never;
      const key = `uid-${index}-${life}`;
      lives.push({ key, name: `node-${index}`, index, from, leavingAt, deadAt: goneAt, goneAt });
      from = goneAt;
    }
  }
  return lives;
}

interface End {
  readonly leavingAt: number;
  readonly deadAt: number;
  readonly goneAt: number;
  /** Until the next machine is there. */
  readonly pauseMs: number;
}

function clusterLives(plan: Plan): NodeLife[] {
  const dice = new Dice(plan.seed);
  const lives: NodeLife[] = [];
  for (let index = 0; index < plan.streams; index++) {
    let from = 0;
    for (const end of plan.episodes.flatMap((each, n) => endOf(plan, dice, each, n, index))) {
      // Who is about to go, or has only just come, is not hit again.
      if (Math.min(end.leavingAt, end.deadAt) < from + 3 * minute) continue;
      lives.push({ ...nameOf(index, lives.length), from, ...end });
      from = end.goneAt + end.pauseMs;
    }
    lives.push({ ...nameOf(index, lives.length), from, leavingAt: never, deadAt: never, goneAt: never });
  }
  for (const { kind, at, forMs } of plan.episodes) {
    if (kind !== 'node-joins') continue;
    const index = plan.streams + lives.length;
    const goneAt = at + forMs;
    lives.push({ ...nameOf(index, lives.length), from: at, leavingAt: goneAt - 2 * minute, deadAt: goneAt, goneAt });
  }
  return lives;
}

function nameOf(index: number, life: number): Pick<NodeLife, 'key' | 'name' | 'index'> {
  return { key: `uid-${life}/${route.namespace}/${route.selector}`, name: `node-${index}`, index };
}

function endOf(plan: Plan, dice: Dice, { kind, at, forMs, node = 0 }: Episode, n: number, index: number): End[] {
  const pauseMs = dice.between(0, 3 * minute, about.node, n, index);
  const goneAt = at + forMs;
  const withSign = { leavingAt: at, deadAt: goneAt, goneAt, pauseMs };
  const without = { leavingAt: never, deadAt: at, goneAt, pauseMs };
  if (kind === 'spot-wave') {
    const hit = (index - node + plan.streams) % plan.streams < waveOf(plan);
    return hit ? [dice.chance(0.3, about.node, at) ? without : withSign] : [];
  }
  if (node !== index) return [];
  if (kind === 'node-leaves') return [withSign];
  return kind === 'node-vanishes' ? [without] : [];
}

/** Nodes that go in a wave: less than half. */
function waveOf({ streams }: Plan): number {
  return Math.ceil(streams / 2) - 1;
}
