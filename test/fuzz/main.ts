/** `npm run fuzz -- --minutes N --seed S [--target TEXT] [--path P]`: ends with 1 when something was found, and says how to see it again. */
import { randomInt } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createClock } from '../../src/lib/clock.ts';
import { messageOf } from '../../src/lib/errors.ts';
import type { Draw, Finding } from './target.ts';
import { targets } from './targets.ts';

/** One round of one target; many times what the slowest takes. What is not done by then hangs. */
const roundLimitMs = 120_000;
/** JavaScript heap of one round, MB: ten times what any takes. */
const heapMb = 768;
const clock = createClock();

interface Round extends Draw {
  readonly target: string;
}
type Outcome = { readonly held: true } | { readonly held: false; readonly finding: Finding };

/** In a thread of its own, so that a loop without end can be stopped and memory has a limit. */
async function runRound(port: NonNullable<typeof parentPort>, { target: name, ...draw }: Round): Promise<void> {
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`there is no target "${name}"`);
  const opened = await target.open();
  const finding = await opened.check(draw).finally(() => opened.close());
  // last: whoever gets it ends this thread
  port.postMessage((finding === undefined ? { held: true } : { held: false, finding }) satisfies Outcome);
}

async function outcomeOf(round: Round): Promise<string | undefined> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: round,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  const deadline = clock.deadline(roundLimitMs);
  try {
    return await new Promise((resolve) => {
      worker.once('message', (outcome: Outcome) => resolve(outcome.held ? undefined : wordsOf(outcome.finding)));
      worker.once('error', (error) =>
        resolve(`its thread died: ${error instanceof Error ? error.message : String(error)}`),
      );
      worker.once('exit', () => resolve('its thread ended without a word'));
      deadline.signal.addEventListener('abort', () => resolve(`no end after ${roundLimitMs / 1_000} s: it hangs`));
    });
  } finally {
    deadline.clear();
    await worker.terminate();
  }
}

function wordsOf({ path: at, report }: Finding): string {
  return `path ${at}\n${report}`;
}

/** Undefined for anything that is no command line of ours. */
function optionsOf(args: string[]) {
  const values = valuesOf(args);
  if (values === undefined) return undefined;
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const minutes = Number(values.minutes);
  const chosen = targets.filter(({ name }) => name.includes(values.target));
  if (!Number.isInteger(seed) || !(minutes > 0) || chosen.length === 0) return undefined;
  return { seed, minutes, chosen, ...(values.path === undefined ? {} : { path: values.path }) };
}

function valuesOf(args: string[]) {
  const options = {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    target: { type: 'string', default: '' },
    path: { type: 'string' },
  } as const;
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return undefined;
  }
}

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (options === undefined) {
    process.stderr.write(
      `Usage: npm run fuzz -- --minutes N --seed S [--target TEXT] [--path P]\nTargets:\n${targets.map(({ name }) => `  ${name}\n`).join('')}`,
    );
    return 2;
  }
  const { chosen, minutes, path: at } = options;
  let found = 0;
  let rounds = 0;
  // every target at least once, however short the time
  for (let round = 0; round === 0 || (at === undefined && clock.monotonicMs() < minutes * 60_000); round += 1) {
    const seed = (options.seed + round) | 0;
    for (const { name, runs } of chosen) {
      const words = await outcomeOf({ target: name, seed, numRuns: runs, ...(at === undefined ? {} : { path: at }) });
      rounds += 1;
      if (words === undefined) continue;
      found += 1;
      process.stdout.write(`FOUND in "${name}": npm run fuzz -- --seed ${seed} --target '${name}'\n${words}\n\n`);
    }
  }
  const where = path.basename(import.meta.dirname);
  process.stdout.write(`${where}: ${rounds} rounds from seed ${options.seed} on, ${found} findings\n`);
  return found === 0 ? 0 : 1;
}

if (isMainThread || parentPort === null) process.exitCode = await main();
else await runRound(parentPort, workerData as Round);
