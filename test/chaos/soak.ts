/** A day on virtual time: the memory, the ledger and the handles of a watchdog that has incidents all the time stay as they are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import type { Bench, Finding, Ordeal } from './ordeal.ts';
import { storyFaults, toldBy } from './page-story.ts';

/** What the soaking process says of itself at the end of each stretch, after a full collection. Sizes in bytes. */
export interface Sample {
  readonly hours: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  readonly ledger: number;
  /** In the ledger: attempts to look, which are kept 48 h, and all others. */
  readonly looks: number;
  readonly rows: number;
  /** SQLite's write-ahead log. */
  readonly log: number;
  readonly descriptors: number;
  readonly resources: number;
  readonly canaries: number;
  readonly incidents: number;
  readonly open: number;
  /** Where the accounts do not add up. */
  readonly faults: readonly string[];
}

const day = { hours: 24, samples: 24, warmUp: 4 };
/** Not a day, but the same in small: what leaks with each incident or request leaks here too. */
const short = { hours: 1, samples: 6, warmUp: 2 };
/**
 * The most that memory may grow after the warm-up, bytes an hour: under 5 MiB a day. True losses are looked for during
 * 72 h more, so a few hundred bytes an incident are right.
 */
const heapSlope = 200 * 1024;
/** In the short form collections and caches weigh more than anything that grows. */
const shortHeapSlope = 2 * 1024 * 1024;
/**
 * Rows an hour, apart from looks: canaries are kept 2 h and sums 4 h, so that all that remains is a new schedule for each
 * stream when a stop begins and ends, and blocks with true losses.
 */
const rowSlope = 40;
/** A day is too short for looks (48 h) to be thrown away: 7,200 an hour here, of some 50 bytes. Bytes an hour. */
const ledgerSlope = 512 * 1024;
/** A request may be under way, and the pool keeps a few connections. */
const handlesSpread = 6;
const mib = 1024 * 1024;

export const soak: Ordeal = {
  name: 'soak',
  does: 'lets the real engine, ledger, HTTP and notifier live a day of incidents on virtual time',
  async run(bench) {
    const form = bench.short ? short : day;
    const pager = await startPagerdutyServer();
    bench.defer(() => pager.close());
    const samples = await samplesOf(bench, form, pager.url);
    bench.say(`${form.hours} simulated hours, ${form.samples} incidents and more`);
    for (const line of tableOf(samples)) bench.say(line);
    const late = samples.slice(form.warmUp);
    const pages = toldBy(pager.events);
    const unresolved = [...pager.open].map((key) => pages.findLast((each) => each.key === key)?.what ?? key);
    return [
      complete(samples, form.samples),
      flat('heap after a full collection', late, (of) => of.heapUsed, bench.short ? shortHeapSlope : heapSlope),
      flat('memory beside the heap', late, (of) => of.external, bench.short ? shortHeapSlope : heapSlope),
      flat('ledger file', late, (of) => of.ledger, ledgerSlope),
      // in the short form nothing is old enough to be thrown away
      ...(bench.short ? [] : [few('rows beside looks', late, (of) => of.rows, rowSlope)]),
      steady('file descriptors', late, (of) => of.descriptors),
      steady('open handles', late, (of) => of.resources),
      { promise: 'the accounts add up at each sample', against: samples.flatMap(({ faults }) => faults) },
      incidentsComeAndGo(samples),
      { promise: 'each incident is told in order, and resolved', against: [...storyFaults(pages), ...unresolved] },
    ];
  },
};

/** A process of its own: nothing else is in its memory. The ledger is on a disk in memory, if there is one: it makes 400,000 commits. */
async function samplesOf(bench: Bench, { hours, samples }: typeof day, pager: string): Promise<Sample[]> {
  const folder = existsSync('/dev/shm') ? await mkdtemp('/dev/shm/logcanary-soak-') : bench.dir;
  if (folder !== bench.dir) bench.defer(() => rm(folder, { recursive: true, force: true }));
  const soaking = path.join(import.meta.dirname, 'soaking.ts');
  const args = ['--hours', String(hours), '--samples', String(samples), '--pager', pager];
  const ledger = path.join(folder, 'logcanary.db');
  const child = spawn(process.execPath, ['--expose-gc', soaking, ...args, '--ledger', ledger], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: bench.signal,
    killSignal: 'SIGKILL',
  });
  child.on('error', () => child.kill('SIGKILL'));
  bench.defer(() => child.kill('SIGKILL'));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const found: Sample[] = [];
  const ended = once(child, 'close');
  for await (const line of createInterface(child.stdout)) {
    found.push(JSON.parse(line) as Sample);
    bench.say(tableOf(found).at(-1) ?? '');
  }
  await ended;
  bench.signal.throwIfAborted();
  if (child.exitCode !== 0) throw new Error(`the soaking process ended with ${child.exitCode}: ${complaint}`);
  return found;
}

function complete(samples: readonly Sample[], expected: number): Finding {
  return {
    promise: 'it goes on to the end',
    against: samples.length === expected ? [] : [`${samples.length} samples`],
  };
}

/** Least squares, bytes an hour. */
function slopeOf(samples: readonly Sample[], value: (of: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [middle, level] = [mean(({ hours }) => hours), mean(value)];
  const rise = mean((each) => (each.hours - middle) * (value(each) - level));
  return rise / mean(({ hours }) => (hours - middle) ** 2);
}

function flat(what: string, samples: readonly Sample[], value: (of: Sample) => number, most: number): Finding {
  const slope = slopeOf(samples, value);
  const said = `grows by ${kib(slope)} KiB an hour`;
  return {
    promise: `the ${what} ${said}, at most ${kib(most)} KiB`,
    against: slope <= most ? [] : [`the ${what} ${said}`],
  };
}

function few(what: string, samples: readonly Sample[], value: (of: Sample) => number, most: number): Finding {
  const slope = slopeOf(samples, value);
  const said = `become ${slope.toFixed(1)} more an hour`;
  return { promise: `the ${what} ${said}, at most ${most}`, against: slope <= most ? [] : [`the ${what} ${said}`] };
}

function steady(what: string, samples: readonly Sample[], value: (of: Sample) => number): Finding {
  const all = samples.map(value);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const against = most - least > handlesSpread ? [`from ${least} to ${most}`] : [];
  return { promise: `the ${what} stay as many: ${least} to ${most}`, against };
}

/** One fault a stretch, each told as something and over at its end. */
function incidentsComeAndGo(samples: readonly Sample[]): Finding {
  const against = samples.flatMap(({ hours, incidents, open }, at) => {
    const before = samples[at - 1]?.incidents ?? 0;
    const when = `until hour ${hours.toFixed(1)}`;
    return [
      ...(incidents > before ? [] : [`${when}: nothing was told`]),
      ...(open === 0 ? [] : [`${when}: ${open} open`]),
    ];
  });
  return { promise: 'an incident opens and is resolved in each stretch', against };
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

function tableOf(samples: readonly Sample[]): string[] {
  const head =
    'hour   heap MiB  beside  RSS MiB  ledger MiB  log MiB  rows  looks  descriptors  handles  canaries  incidents';
  const rows = samples.map((each) =>
    [
      each.hours.toFixed(1).padStart(4),
      (each.heapUsed / mib).toFixed(2).padStart(10),
      (each.external / mib).toFixed(2).padStart(7),
      (each.rss / mib).toFixed(0).padStart(8),
      (each.ledger / mib).toFixed(2).padStart(11),
      (each.log / mib).toFixed(2).padStart(8),
      String(each.rows).padStart(5),
      String(each.looks).padStart(6),
      String(each.descriptors).padStart(12),
      String(each.resources).padStart(8),
      String(each.canaries).padStart(9),
      String(each.incidents).padStart(10),
    ].join(' '),
  );
  return [head, ...rows];
}
