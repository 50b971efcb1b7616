import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { encodeRecord } from './agent-record.ts';
import { holdsCanary, tokenPattern } from './canary-text.ts';
import { type Loop, startLoop } from './loop.ts';
import type { NodeFolder } from './node-folder.ts';
import { createRecordSender } from './record-sender.ts';
import type { Random } from './seeded-random.ts';

export interface ForgerOptions {
  readonly client: KinesisClient;
  readonly stream: string;
  readonly nodes: readonly NodeFolder[];
  readonly faults: { readonly active: boolean };
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

const everyMs = 1_000;
/** Of a log's end; holds hundreds of canaries. */
const searchedBytes = 64 * 1024;
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
/** The token's MAC (design §3). */
const macFrom = 34;
const macTo = 51;
/** More than the 4 within which a token counts as damaged, not forged. */
const changed = 7;

/** Puts a canary that logcanary never signed into the stream every second: a real one from a node's log with another MAC. */
export function startForger(options: ForgerOptions): Loop {
  const { nodes, faults, random, clock, log } = options;
  const sender = createRecordSender(options);
  const step = async (signal: AbortSignal) => {
    if (faults.active) {
      const node = nodes[Math.floor(random() * nodes.length)];
      const line = node && (await newestCanary(node));
      if (line !== undefined && !sender.full) {
        sender.add(
          encodeRecord({ text: forge(line, random), node: node?.name ?? '', file: node?.log ?? '', at: clock.now() }),
        );
      }
    }
    await sender.flush(signal);
  };
  return startLoop({ name: 'forger', clock, log, everyMs, step });
}

async function newestCanary(node: NodeFolder): Promise<string | undefined> {
  return (await node.newest(searchedBytes)).split('\n').slice(1, -1).findLast(holdsCanary);
}

function forge(line: string, random: Random): string {
  return line.replace(tokenPattern, (token) => {
    const letters = [...token];
    for (const at of places(random)) letters[at] = otherLetter(letters[at] ?? '', random);
    return letters.join('');
  });
}

function places(random: Random): Set<number> {
  const chosen = new Set<number>();
  while (chosen.size < changed) chosen.add(macFrom + Math.floor(random() * (macTo - macFrom)));
  return chosen;
}

function otherLetter(letter: string, random: Random): string {
  const others = alphabet.replace(letter, '');
  return others[Math.floor(random() * others.length)] ?? '';
}
