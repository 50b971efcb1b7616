/** `run` is killed at any moment, over and over, while faults come and go. */
import { messageOf } from '../../src/lib/errors.ts';
import { seededRandom } from '../../src/sandbox/seeded-random.ts';
import { type Inspector, openInspector } from './inspector.ts';
import { type Lane, openLane } from './lane.ts';
import { drawMoment, type Moment, momentNames, reach } from './moment.ts';
import type { Bench, Ordeal } from './ordeal.ts';
import { storyFaults, toldBy } from './page-story.ts';
import { until } from './patience.ts';
import { createVerdictSheet, type VerdictSheet } from './verdict-sheet.ts';

const usualKills = 25;
const shortKills = 6;
/** More side by side would fight for two cores, and start-ups would be all there is. */
const mostLanes = 4;
/** So many kills a lane at least: with few, one sandbox does. */
const killsPerLane = 20;
/** The longest a fault stays while nobody waits for it: not so long that its canaries could truly be lost. */
const longestFaultMs = 35_000;
/** `every + within + 3 polls` at most 27 s, and as much again for a machine with other things to do. */
const toldMs = 60_000;
const quietMs = 180_000;

/** What each fault must be told as, when it stays long enough. */
const faults = {
  'consumer-stopped': 'stopped@index',
  'index-down': 'unreadable@index',
  'index-rejects': 'stopped@index',
  'agent-stopped': 'stopped@stream',
  'archive-stopped': 'stopped@archive',
  'alerter-stopped': 'stopped@alert',
  'stream-down': 'unreadable@stream',
} as const;
type Fault = keyof typeof faults;
/** Statistical, or not of the pager's concern: they only trouble the accounts. */
const losing = ['agent-drops', 'consumer-drops', 'emitter-stopped'] as const;

const promises = {
  identity: 'the accounting identity holds for each stream at each hop after each kill',
  kept: 'nothing that the ledger said is taken back: verdicts, proofs, grants, counters, incidents',
  emission: 'nothing went out without a grant, twice, or against a proof; what is proven to have gone out did',
  told: 'what was told had been committed, and what is called sent was told',
  truth: 'the verdicts agree with what the archive and the index truly hold',
  story: 'each incident is told in order: trigger, then resolve, with repetitions of the same only',
  episodes: 'each fault that stayed was told, and everything is resolved at the end',
  starts: 'every start after a kill succeeds',
} as const;
type Against = VerdictSheet<keyof typeof promises>;

export const kill: Ordeal = {
  name: 'kill',
  does: 'kills `run` at any moment, over and over, while faults come and go',
  async run(bench) {
    const kills = bench.kills ?? (bench.short ? shortKills : usualKills);
    const lanes = Math.max(1, Math.min(mostLanes, Math.floor(kills / killsPerLane)));
    bench.say(`${kills} kills on ${lanes} sandboxes, each with a watchdog`);
    const against: Against = createVerdictSheet(promises);
    const began = bench.clock.monotonicMs();
    const shares = Array.from({ length: lanes }, (_, at) => Math.floor((kills + at) / lanes));
    const ends = await Promise.allSettled(shares.map((share, at) => killLane(bench, at, share, against)));
    const tallies = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    const total = new Map(
      momentNames.map((name) => [name, tallies.reduce((sum, each) => sum + (each.get(name) ?? 0), 0)]),
    );
    bench.say(`killed ${[...total].map(([name, count]) => `${count} ${name}`).join(', ')}`);
    bench.say(`${((bench.clock.monotonicMs() - began) / kills / 1_000).toFixed(2)} s a kill`);
    return against.findings(ends.find((end) => end.status === 'rejected')?.reason);
  },
};

/** One watchdog with its sandbox, and what is known of it. */
interface Watched {
  readonly bench: Bench;
  readonly lane: Lane;
  readonly inspector: Inspector;
  readonly against: Against;
  /** When the fault that is on was switched on. */
  faultSince: number;
  /** Told of the next page, before its answer. */
  onPage: () => void;
}

async function killLane(
  shared: Bench,
  at: number,
  kills: number,
  against: Against,
): Promise<ReadonlyMap<Moment, number>> {
  const bench = { ...shared, random: seededRandom(shared.seed + at) };
  const watched = await openWatched(bench, `lane-${at}`, against);
  const tally = new Map<Moment, number>();
  const watchEvery = kills < 100 ? 12 : 40;
  for (let count = 1; count <= kills; count += 1) {
    await toggle(watched);
    const moment = drawMoment(bench.random, count - 1, shared.seed);
    tally.set(moment, (tally.get(moment) ?? 0) + 1);
    await killAt(watched, moment, count);
    if (count % watchEvery === 0 || (count === kills && kills < watchEvery)) await watchOneFault(watched, count);
    if (count % 10 === 0 || count === kills) bench.say(await summaryOf(watched, count));
  }
  await settle(watched);
  return tally;
}

async function openWatched(bench: Bench, name: string, against: Against): Promise<Watched> {
  let watched: Watched | undefined;
  const lane = await openLane(bench, name, () => watched?.onPage());
  const inspector = await openInspector(bench, lane);
  watched = { bench, lane, inspector, against, faultSince: 0, onPage: () => {} };
  return watched;
}

/** Faults come and go at random, one at a time. */
async function toggle(watched: Watched): Promise<void> {
  const { bench, lane } = watched;
  const [chance, which] = [bench.random(), bench.random()];
  if (lane.active.size > 0) {
    if (chance < 0.2 || bench.clock.monotonicMs() - watched.faultSince > longestFaultMs) await lane.heal();
  } else if (chance < 0.3) {
    const names = [...Object.keys(faults), ...losing];
    watched.faultSince = bench.clock.monotonicMs();
    await lane.set(names[Math.floor(which * names.length)] ?? 'index-down', true);
  }
}

async function killAt(watched: Watched, moment: Moment, count: number): Promise<void> {
  const { bench, lane, against } = watched;
  const unanswered = bench.random() < 0.5;
  const page = new Promise<void>((resolve) => {
    watched.onPage = () => {
      if (moment === 'at a page' && unanswered) void lane.run.kill();
      resolve();
    };
  });
  const run = lane.spawn();
  let paged = false;
  void page.then(() => {
    paged = true;
  });
  await reach(moment, lane, bench, page).catch((error: unknown) => {
    bench.signal.throwIfAborted();
    // killed at a page that went out before it served
    if (paged && moment === 'at a page') return;
    against.add('starts', `${lane.name}, kill ${count}, ${moment}: ${messageOf(error)}`);
  });
  watched.onPage = () => {};
  await run.kill();
  if (run.stderr().includes('    at ')) against.add('starts', `${lane.name}, kill ${count}: ${run.stderr()}`);
  await inspect(watched, `${lane.name}, kill ${count}, ${moment}`);
}

/** Reads what the kill left, before anybody else can. */
async function inspect({ inspector, against }: Watched, when: string): Promise<void> {
  const { identity, kept, emission, told } = await inspector.inspect();
  for (const fault of identity) against.add('identity', `${when}: ${fault}`);
  for (const fault of kept) against.add('kept', `${when}: ${fault}`);
  for (const fault of emission) against.add('emission', `${when}: ${fault}`);
  for (const fault of told) against.add('told', `${when}: ${fault}`);
}

/** From a quiet start: one fault that stays until it is told. Then `run` dies, and the fault goes while it is away. */
async function watchOneFault(watched: Watched, count: number): Promise<void> {
  const { bench, lane, against } = watched;
  await becomeQuiet(watched);
  const names = Object.keys(faults) as Fault[];
  const fault = names[Math.floor(bench.random() * names.length)] ?? 'index-down';
  const before = lane.pager.events.length;
  const began = bench.clock.monotonicMs();
  await lane.set(fault, true);
  const told = () =>
    toldBy(lane.pager.events.slice(before)).some(({ action, what }) => action === 'trigger' && what === faults[fault]);
  await until(bench, `${fault} told as ${faults[fault]}`, toldMs, told).then(
    () => bench.say(`${lane.name}: ${fault} told after ${Math.round(bench.clock.monotonicMs() - began)} ms`),
    (error: unknown) => {
      bench.signal.throwIfAborted();
      const heard = toldBy(lane.pager.events.slice(before)).map(({ action, what }) => `${action} ${what}`);
      against.add(
        'episodes',
        `${lane.name}, after kill ${count}: ${messageOf(error)}; told: ${heard.join(', ') || 'nothing'}`,
      );
    },
  );
  await lane.run.kill();
  await inspect(watched, `${lane.name}, after ${fault}`);
  await lane.heal();
}

/** Heals everything and watches until nothing is open. */
async function becomeQuiet({ bench, lane, against }: Watched): Promise<void> {
  await lane.heal();
  lane.spawn();
  await lane.serving();
  await lane.quiet(quietMs).catch((error: unknown) => {
    bench.signal.throwIfAborted();
    against.add('episodes', messageOf(error));
  });
}

/** The last `run` ends in good order; then the whole story is looked at. */
async function settle(watched: Watched): Promise<void> {
  const { bench, lane, inspector, against } = watched;
  await becomeQuiet(watched);
  const end = await lane.run.end();
  if (end.code !== 0) against.add('starts', `the last run ended with ${JSON.stringify(end)}: ${lane.run.stderr()}`);
  await inspect(watched, `${lane.name}, at the end`);
  await until(bench, 'the index can be read', quietMs, () => inspector.readArrivals());
  for (const fault of inspector.truthFaults()) against.add('truth', `${lane.name}: ${fault}`);
  for (const fault of storyFaults(toldBy(lane.pager.events))) against.add('story', `${lane.name}: ${fault}`);
  bench.say(`${lane.name}: at the end ${inspector.summary()}`);
}

async function summaryOf({ bench, lane, inspector }: Watched, count: number): Promise<string> {
  await inspector.readArrivals();
  const seconds = Math.round(bench.clock.monotonicMs() / 1_000);
  return `${lane.name}: ${count} kills after ${seconds} s; ${inspector.summary()}`;
}
