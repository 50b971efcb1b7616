/** `npm run chaos`: bad things done to real processes, one after the other. Ends with 1 when a promise did not hold. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { createClock } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { clockSteps } from './clock.ts';
import { connections } from './connections.ts';
import { fullDisk } from './disk.ts';
import { freeze } from './freeze.ts';
import { kill } from './kill.ts';
import { limits } from './limits.ts';
import type { Bench, Finding, Ordeal } from './ordeal.ts';
import { soak } from './soak.ts';

const ordeals: readonly Ordeal[] = [kill, freeze, soak, fullDisk, connections, clockSteps, limits];

interface Options {
  readonly only?: readonly Ordeal[];
  readonly seed: number;
  readonly kills?: number;
  readonly short?: true;
}

const clock = createClock();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort(new Error(`stopped by ${signal}`));
    // whoever asks a second time does not want to wait; the processes we started end with this one
    process.once(signal, () => process.exit(1));
  });

const options = new Command('chaos')
  .description(
    'Kills, freezes, starves and cuts off real processes of logcanary, and checks what it promises meanwhile.',
  )
  .option('--only <names>', `these, by comma: ${ordeals.map(({ name }) => name).join(', ')}`, chosen)
  .option('--seed <n>', 'what is drawn follows from it', wholeNumber, randomInt(1_000_000))
  .option('--kills <n>', 'so many kills in `kill`', wholeNumber)
  .option('--short', 'the short form of each, for CI')
  .addHelpText('after', `\n${ordeals.map(({ name, does }) => `${name.padEnd(12)} ${does}\n`).join('')}`)
  .parse()
  .opts<Options>();

let failed = 0;
const wanted = options.only ?? ordeals;
for (const ordeal of wanted) if (!stop.signal.aborted && !(await passes(ordeal))) failed += 1;
say(failed === 0 && !stop.signal.aborted ? 'PASS' : `FAIL: ${failed} of ${wanted.length} ordeals`);
process.exit(failed === 0 && !stop.signal.aborted ? 0 : 1);

async function passes(ordeal: Ordeal): Promise<boolean> {
  const began = clock.monotonicMs();
  const dir = await mkdtemp(path.join(tmpdir(), `logcanary-chaos-${ordeal.name}-`));
  say(`${ordeal.name}: ${ordeal.does} (seed ${options.seed})`);
  const findings = await findingsOf(ordeal, dir);
  for (const { promise, against } of findings) {
    say(`${ordeal.name}: ${against.length === 0 ? 'PASS' : 'FAIL'} ${promise}`);
    for (const each of against) say(`${ordeal.name}:      ${each}`);
  }
  const held = findings.every(({ against }) => against.length === 0);
  if (held) await rm(dir, { recursive: true, force: true });
  else say(`${ordeal.name}: what it left is in ${dir}`);
  const seconds = ((clock.monotonicMs() - began) / 1_000).toFixed(0);
  say(`${ordeal.name}: ${held ? 'PASS' : 'FAIL'} after ${seconds} s, seed ${options.seed}`);
  return held;
}

async function findingsOf(ordeal: Ordeal, dir: string): Promise<readonly Finding[]> {
  const undone = new AsyncDisposableStack();
  try {
    const findings = await ordeal.run(benchOf(ordeal, dir, undone));
    return findings.length > 0 ? findings : [{ promise: 'something is checked', against: ['no finding at all'] }];
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    return [{ promise: 'it can be carried out', against: [why] }];
  } finally {
    await undone.disposeAsync().catch((error) => say(`${ordeal.name}: cannot clean up: ${messageOf(error)}`));
  }
}

function benchOf(ordeal: Ordeal, dir: string, undone: AsyncDisposableStack): Bench {
  return {
    seed: options.seed,
    random: seededRandom(options.seed),
    short: options.short === true,
    kills: options.kills,
    clock,
    signal: stop.signal,
    dir,
    say: (text) => say(`${ordeal.name}: ${text}`),
    defer: (undo) =>
      undone.defer(async () => {
        await undo();
      }),
  };
}

function say(text: string): void {
  process.stdout.write(`${(clock.monotonicMs() / 1_000).toFixed(1).padStart(7)} ${text}\n`);
}

function chosen(text: string): readonly Ordeal[] {
  return text.split(',').map((name) => {
    const found = ordeals.find((each) => each.name === name);
    if (found === undefined) throw new InvalidArgumentError(`There is no ordeal ${name}.`);
    return found;
  });
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number.');
  return value;
}
