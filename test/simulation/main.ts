/** `npm run simulate`: the real engine against a simulated pipeline on virtual time. Ends with 1 when a promise was broken. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../../src/lib/duration.ts';
import { clock } from './clock.ts';
import { type FaultKind, faults } from './fault.ts';
import { type Plan, planOf } from './plan.ts';
import { paceOf, usualEveryMs } from './setting.ts';
import { shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';
import type { LedgerKind } from './storage.ts';

interface Options {
  readonly hours: number;
  readonly seed: number;
  readonly seeds: number;
  readonly streams: number;
  readonly every?: number;
  readonly cluster?: boolean;
  readonly sleeps?: true;
  readonly faults?: FaultKind[];
  readonly ledger: LedgerKind;
  readonly plan?: string;
  readonly shrink?: true;
  readonly json?: true;
}

/** Up to so many hours a canary goes out every 30 s; a longer life is lived at a slower pace, with as many canaries and faults as before in more hours. */
const denseHours = 240;

const program = new Command('simulate')
  .description('Simulates a pipeline with faults around the real engine, and checks every promise against the truth.')
  .option('--hours <n>', 'simulated hours', number, 24)
  .option('--seed <n>', 'everything follows from it', number, 1)
  .option('--seeds <n>', 'so many seeds, from --seed on', number, 1)
  .option('--streams <n>', 'nodes that canaries are written on', number, 1)
  .option(
    '--every <duration>',
    `from canary to canary; all else keeps pace with it (default: 30s, and 10m for more than ${denseHours} hours)`,
    every,
  )
  .option(
    '--cluster',
    'canaries are handed to emitters on the nodes of a cluster (default: by the seed, at the usual pace)',
  )
  .option('--no-cluster', 'canaries are written at once')
  .option('--sleeps', 'the cluster is switched off for four hours of twelve, and the pipeline has its hours')
  .option(
    '--faults <list>',
    `faults to draw from, by comma; "none" for calm weather: ${Object.keys(faults).join(', ')}`,
    kinds,
  )
  .option('--ledger <kind>', 'memory or sqlite', ledger, 'memory')
  .option('--plan <file>', 'a plan as printed by --shrink, instead of a seed')
  .option('--shrink', 'make a failing plan small, and print it')
  .option('--json', 'print everything as JSON')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run simulate -- --hours 20000 --seed 7\n  npm run simulate -- --hours 24 --seed 1 --seeds 50 --streams 3\n  npm run simulate -- --seed 7 --faults agent-drops,crash --streams 10 --shrink',
  );

const options = program.parse().opts<Options>();
let failed = 0;
for (let seed = options.seed; seed < options.seed + options.seeds; seed++)
  failed += (await runOne(planFor(seed))) ? 0 : 1;
process.exitCode = failed > 0 ? 1 : 0;

async function runOne(plan: Plan): Promise<boolean> {
  const before = process.cpuUsage();
  const outcome = await simulate(plan, options.ledger);
  const used = process.cpuUsage(before);
  say(outcome, (used.user + used.system) / 1e6);
  const [first] = outcome.violations;
  if (!first) return true;
  // With --json each line on stdout is one world.
  const notes = options.json ? process.stderr : process.stdout;
  if (options.plan === undefined) notes.write(`replay: ${replayOf(plan)}\n`);
  if (options.shrink) {
    const broken = async (smaller: Plan) =>
      (await simulate(smaller, options.ledger)).violations.some(({ rule }) => rule === first.rule);
    notes.write(`shrunk: ${JSON.stringify(await shrink(plan, broken))}\n`);
  }
  return false;
}

function planFor(seed: number): Plan {
  if (options.plan !== undefined) return JSON.parse(readFileSync(options.plan, 'utf8')) as Plan;
  const { hours, streams, cluster, sleeps, every: everyMs = hours > denseHours ? 600_000 : usualEveryMs } = options;
  const chosen = {
    ...(cluster === undefined ? {} : { cluster }),
    ...(sleeps === undefined ? {} : { sleeps }),
    ...(options.faults ? { kinds: options.faults } : {}),
  };
  return planOf({ seed, hours, streams, everyMs, ...chosen });
}

function say(outcome: Outcome, cpuSeconds: number): void {
  const { plan, violations, detections, latencies, losses, endedAt } = outcome;
  const hours = endedAt / 3_600_000;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ ...outcome, cpuSeconds })}\n`);
    return;
  }
  const share = latencies.measured === 0 ? 1 : 1 - latencies.wrong / latencies.measured;
  const ratio = medianOf(detections.map(({ tookMs, boundMs }) => tookMs / boundMs));
  const stops = detections.filter(({ leastMs }) => leastMs !== undefined);
  const soon = stops.filter(({ afterDueMs = 0 }) => afterDueMs <= 3 * paceOf(plan).pollMs).length;
  const words = [
    `seed ${plan.seed}: ${hours.toFixed(0)} h, ${plan.streams} ${plan.cluster ? 'nodes' : 'streams'}, ${plan.episodes.length} faults, ${outcome.restarts} restarts`,
    `${outcome.canaries} canaries, ${outcome.incidents.length} incidents, ${outcome.commits} commits`,
    `detected in ${Number.isNaN(ratio) ? 'no' : `${Math.round(ratio * 100)} % of the`} time allowed (median)`,
    ...(stops.length === 0
      ? []
      : [
          `${stops.length} total stops told after ${medianOf(stops.map(({ tookMs, leastMs = 1 }) => tookMs / leastMs)).toFixed(2)} times the least possible (median), ${soon} within deadline + 3 looks`,
        ]),
    `latency intervals right ${(share * 100).toFixed(2)} % of ${latencies.measured}`,
    `lost ${losses.lost}, truly lost ${losses.trulyLost}`,
    `${(hours / cpuSeconds).toFixed(0)} h per CPU-second`,
    violations.length === 0 ? 'no promise broken' : `${violations.length} PROMISES BROKEN`,
  ];
  process.stdout.write(`${words.join('; ')}\n`);
  for (const { rule, at, detail } of violations) process.stdout.write(`  ${clock(at)} ${rule}: ${detail}\n`);
}

function medianOf(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function replayOf({ seed, hours, streams, everyMs = usualEveryMs, cluster, sleeps }: Plan): string {
  const chosen = options.faults ? ` --faults ${options.faults.join(',') || 'none'}` : '';
  const kept = options.ledger === 'sqlite' ? ' --ledger sqlite' : '';
  return `npm run simulate -- --seed ${seed} --hours ${hours} --streams ${streams} --every ${formatDuration(everyMs)}${cluster ? ' --cluster' : ' --no-cluster'}${sleeps ? ' --sleeps' : ''}${chosen}${kept}`;
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Write a whole number.');
  return value;
}

function every(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.message);
  if (parsed.value < 10_000 || parsed.value > 3_600_000)
    throw new InvalidArgumentError('Write something from 10s to 1h.');
  return parsed.value;
}

function kinds(text: string): FaultKind[] {
  const names = text === 'none' || text === '' ? [] : text.split(',');
  const unknown = names.filter((name) => !Object.hasOwn(faults, name));
  if (unknown.length > 0) throw new InvalidArgumentError(`There is no fault ${unknown.join(', ')}.`);
  return names as FaultKind[];
}

function ledger(text: string): LedgerKind {
  if (text === 'memory' || text === 'sqlite') return text;
  throw new InvalidArgumentError('Write memory or sqlite.');
}
