import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { type Loop, startLoop } from './loop.ts';
import type { NodeFolder } from './node-folder.ts';
import type { Random } from './seeded-random.ts';
import { utcStamp } from './utc.ts';

export interface ChatterOptions {
  readonly nodes: readonly NodeFolder[];
  /** Nodes that say nothing at the moment. */
  readonly silent: ReadonlySet<string>;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 1_000;
/** Of each node in each round: an ordinary line about every six seconds. */
const share = 1 / 6;
const paths = ['/cart', '/login', '/search?q=lamp', '/health', '/orders/17'];

/** The ordinary life of the nodes: lines that are no canaries, in the same files. */
export function startChatter({ nodes, silent, random, clock, log }: ChatterOptions): Loop {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];
  const step = async () => {
    for (const node of nodes) {
      if (silent.has(node.name) || random() >= share) continue;
      const ms = Math.floor(random() * 90);
      await node.append(`${utcStamp(clock.now())} INFO shop-${node.name} GET ${pick(paths)} 200 ${ms}ms`);
    }
  };
  return startLoop({ name: 'chatter', clock, log, everyMs, step });
}
