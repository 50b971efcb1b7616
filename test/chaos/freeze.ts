/** `run`, or the pipeline that it watches, is frozen (SIGSTOP) for a while and goes on as if nothing had been. */
import process from 'node:process';
import { messageOf } from '../../src/lib/errors.ts';
import { type ListedIncident, misaccounted, type Series, scrape } from '../e2e/watching.ts';
import { type Inspector, openInspector } from './inspector.ts';
import { type Lane, openLane } from './lane.ts';
import type { Bench, Ordeal } from './ordeal.ts';
import { storyFaults, toldBy } from './page-story.ts';
import { until } from './patience.ts';
import { createVerdictSheet, type VerdictSheet } from './verdict-sheet.ts';

const usualRounds = 10;
const shortRounds = 2;
const longestMs = 40_000;
const shortLongestMs = 8_000;
/** Below every `within` of the sandbox with the time a line takes anyway: nobody may notice. */
const unnoticedMs = 2_000;
/** Two looks of 10 s have failed by then, and been told. */
const certainMs = 32_000;
/** Long enough for whatever is wrongly concluded from the pause to be told: `within` 20 s and some looks. */
const aftermathMs = 30_000;
const shortAftermathMs = 12_000;
const quietMs = 180_000;

/** Agents that got no answer in time send again, as real ones do: those duplicates are true, whoever was slow. */
const sentAgain = 'duplicated';
/** What a pipeline that stood still for a while may be called. */
const trueOfStandstill = ['unreadable', 'isolated', 'stopped', 'slow', 'blind', sentAgain];

const promises = {
  identity: 'the accounting identity holds at every moment, and in the ledger at the end',
  kept: 'nothing that the ledger said is taken back; what went out and what the ledger says agree',
  own: 'after a pause of its own the watchdog accuses nobody: no incident, nothing overdue, lost or called late',
  standstill:
    'a pipeline that stands still is told as unreadable, isolated, stopped or slow, and nothing is called lost',
  truth: 'what is called delivered, delayed or lost agrees with what the archive and the index truly hold',
  quiet: 'everything is resolved afterwards',
  story: 'each incident is told in order, and everything that was told is in the ledger',
} as const;
type Against = VerdictSheet<keyof typeof promises>;

interface Frozen {
  readonly bench: Bench;
  readonly lane: Lane;
  readonly inspector: Inspector;
  readonly against: Against;
}

export const freeze: Ordeal = {
  name: 'freeze',
  does: 'stops `run`, or the pipeline, for up to 40 s, and lets it go on',
  async run(bench) {
    const against: Against = createVerdictSheet(promises);
    const trouble = await freezeInTurns(bench, against).then(
      () => undefined,
      (error: unknown) => error,
    );
    return against.findings(trouble);
  },
};

async function freezeInTurns(bench: Bench, against: Against): Promise<void> {
  const lane = await openLane(bench, 'frozen');
  const inspector = await openInspector(bench, lane);
  const frozen = { bench, lane, inspector, against };
  // a stopped process hears no polite signal; and whoever looks at it should find it going
  bench.defer(() => wake(lane));
  lane.spawn();
  await flowing(frozen);
  const rounds = bench.short ? shortRounds : usualRounds;
  for (let round = 0; round < rounds; round += 1) {
    const ms = Math.round(1_000 + bench.random() * ((bench.short ? shortLongestMs : longestMs) - 1_000));
    if (round % 2 === 0) await freezeRun(frozen, ms, round % 6 === 4);
    else await freezePipeline(frozen, ms);
    await becomeQuiet(frozen);
  }
  await finish(frozen);
}

function wake(lane: Lane): void {
  for (const { pid } of [lane.run, lane.sandbox])
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // it has ended
    }
}

/** Canaries are delivered at every hop, and nothing is wrong. */
async function flowing({ bench, lane }: Frozen): Promise<void> {
  await lane.serving();
  await until(bench, 'canaries are delivered everywhere', quietMs, async () => {
    const delivered = (await scrape(lane.origin)).filter(({ name }) => name === 'logcanary_canaries_delivered_total');
    return delivered.length > 0 && delivered.every(({ value }) => value > 10);
  });
  await lane.quiet(quietMs);
}

/** @param killed while it is frozen: then a new one goes on */
async function freezeRun({ bench, lane, inspector, against }: Frozen, ms: number, killed: boolean): Promise<void> {
  const what = `run frozen for ${ms} ms${killed ? ' and killed' : ''}`;
  const before = await pictureOf(lane);
  process.kill(lane.run.pid, 'SIGSTOP');
  await bench.clock.sleep(ms, bench.signal);
  if (killed) {
    await lane.run.kill();
    await inspect({ inspector, against }, what);
    lane.spawn();
    await lane.serving();
  } else process.kill(lane.run.pid, 'SIGCONT');
  const after = await watchAftermath({ bench, lane, against }, what);
  if (after.total('lost') > before.total('lost')) against.add('own', `${what}: called lost`);
  if (after.now('overdue') > 0) against.add('own', `${what}: ${after.now('overdue')} overdue`);
  const accused = since(before, after).filter((incident) => !incident.startsWith(sentAgain));
  for (const incident of accused) against.add('own', `${what}: ${incident}`);
  bench.say(`${what}: ${changes(before, after)}`);
}

async function freezePipeline({ bench, lane, against }: Frozen, ms: number): Promise<void> {
  const what = `pipeline frozen for ${ms} ms`;
  const before = await pictureOf(lane);
  process.kill(lane.sandbox.pid, 'SIGSTOP');
  await auditFor({ bench, lane, against }, ms, what);
  process.kill(lane.sandbox.pid, 'SIGCONT');
  const after = await watchAftermath({ bench, lane, against }, what);
  const incidents = since(before, after);
  const wrong = incidents.filter((each) => !trueOfStandstill.includes(each.split('@')[0] ?? ''));
  if (after.total('lost') > before.total('lost')) against.add('standstill', `${what}: called lost`);
  for (const each of wrong) against.add('standstill', `${what}: ${each}`);
  if (ms <= unnoticedMs && incidents.length > 0) against.add('standstill', `${what}: ${incidents.join(', ')}`);
  if (ms >= certainMs && incidents.length === 0) against.add('standstill', `${what}: nobody noticed`);
  bench.say(`${what}: ${changes(before, after)}`);
}

interface Picture {
  readonly incidents: readonly ListedIncident[];
  /** Over all hops: `canaries_<name>_total`. */
  total(name: string): number;
  /** Over all hops: canaries with that verdict now. */
  now(verdict: string): number;
}

async function pictureOf({ origin, incidents }: Lane): Promise<Picture> {
  const series = await scrape(origin);
  const sum = (which: (each: Series) => boolean) => series.filter(which).reduce((total, { value }) => total + value, 0);
  return {
    incidents: await incidents(),
    total: (name) => sum((each) => each.name === `logcanary_canaries_${name}_total`),
    now: (verdict) => sum((each) => each.name === 'logcanary_canaries' && each.labels.verdict === verdict),
  };
}

function since(before: Picture, after: Picture): string[] {
  const known = new Set(before.incidents.map(({ id }) => id));
  return after.incidents.filter(({ id }) => !known.has(id)).map(({ kind, hop }) => `${kind}@${hop}`);
}

/** What became of the canaries meanwhile, and what was said. */
function changes(before: Picture, after: Picture): string {
  const names = ['delivered', 'delayed', 'unverifiable', 'withheld', 'lost', 'recovered'];
  const counts = names.map((name) => `${name} ${after.total(name) - before.total(name)}`);
  return `${counts.join(', ')}; incidents: ${since(before, after).join(', ') || 'none'}`;
}

async function watchAftermath(frozen: Omit<Frozen, 'inspector'>, what: string): Promise<Picture> {
  await auditFor(frozen, frozen.bench.short ? shortAftermathMs : aftermathMs, what);
  return await pictureOf(frozen.lane);
}

/** Looks at the accounts once a second for so long. */
async function auditFor({ bench, lane, against }: Omit<Frozen, 'inspector'>, ms: number, what: string): Promise<void> {
  const { clock, signal } = bench;
  for (const end = clock.monotonicMs() + ms; clock.monotonicMs() < end; ) {
    for (const fault of misaccounted(await scrape(lane.origin))) against.add('identity', `${what}: ${fault}`);
    await clock.sleep(Math.max(0, Math.min(1_000, end - clock.monotonicMs())), signal);
  }
}

async function becomeQuiet({ bench, lane, against }: Frozen): Promise<void> {
  await lane.quiet(quietMs).catch((error: unknown) => {
    bench.signal.throwIfAborted();
    against.add('quiet', messageOf(error));
  });
}

async function inspect({ inspector, against }: Pick<Frozen, 'inspector' | 'against'>, when: string): Promise<void> {
  const { identity, kept, emission, told } = await inspector.inspect();
  for (const fault of identity) against.add('identity', `${when}: ${fault}`);
  for (const fault of [...kept, ...emission]) against.add('kept', `${when}: ${fault}`);
  for (const fault of told) against.add('story', `${when}: ${fault}`);
}

async function finish(frozen: Frozen): Promise<void> {
  const { bench, lane, inspector, against } = frozen;
  const end = await lane.run.end();
  if (end.code !== 0) against.add('quiet', `run ended with ${JSON.stringify(end)}: ${lane.run.stderr()}`);
  await inspect(frozen, 'at the end');
  await inspector.readArrivals();
  for (const fault of inspector.truthFaults()) against.add('truth', fault);
  for (const fault of inspector.alertFaults()) against.add('own', fault);
  for (const fault of storyFaults(toldBy(lane.pager.events))) against.add('story', fault);
  bench.say(`at the end ${inspector.summary()}`);
}
