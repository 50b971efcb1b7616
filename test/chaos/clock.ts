/** The wall clock of `run` is set forward and back, while it runs and while it is down; the machine's own is never touched. */
import { type FalseClock, falseClock } from './faketime.ts';
import { type Lane, openLane } from './lane.ts';
import type { Bench, Finding, Ordeal } from './ordeal.ts';
import { until } from './patience.ts';
import { createWitness, type Witness } from './witness.ts';

const hourMs = 3_600_000;
/** A finding is there at the next judging; its end needs `resolve_after`, 5 s. */
const soonMs = 60_000;
const quietWithinMs = 120_000;
/** Steps below 2 s are not told. */
const smallMs = 1_800;

interface Step {
  readonly name: string;
  readonly ms: number;
  /** `run` ends before and starts again after it. */
  readonly down: boolean;
}

const steps: readonly Step[] = [
  { name: 'an hour forward', ms: hourMs, down: false },
  { name: 'an hour back', ms: -hourMs, down: false },
  { name: 'five seconds forward', ms: 5_000, down: false },
  { name: 'an hour back while it is down', ms: -hourMs, down: true },
  { name: 'a day back', ms: -24 * hourMs, down: false },
];

interface Scene {
  readonly bench: Bench;
  readonly lane: Lane;
  readonly clock: FalseClock;
  readonly witness: Witness;
}

export const clockSteps: Ordeal = {
  name: 'clock',
  does: 'the wall clock of `run` steps forward and back, wavers, and is wrong at a start',
  async run(bench) {
    const lane = await openLane(bench, 'clock');
    const clock = await falseClock(lane.dir, bench.say);
    const scene = { bench, lane, clock, witness: createWitness(bench, lane) };
    await start(scene);
    scene.witness.begin();
    await scene.witness.flowing();
    const wavered = await waver(scene);
    const untold: string[] = [];
    for (const step of drawn(bench))
      untold.push(...(await stepped(scene, step).catch((error: Error) => [error.message])));
    await lane.quiet(quietWithinMs);
    const ahead = await aheadAtStart(scene);
    return [
      { promise: 'a stepped clock is told while it is wrong, and resolved once it is right', against: untold },
      { promise: 'a clock that wavers by less than 2 s is told to nobody', against: wavered },
      ahead,
      // AWS refuses what is signed with a wrong time, until its SDK has adjusted: true, and told as our own fault
      ...(await scene.witness.findings(['clock', 'blind'])),
    ];
  },
};

async function start({ lane, clock }: Scene): Promise<void> {
  lane.spawn({ env: clock.env });
  await lane.serving();
}

/** All in drawn order; in the short form the one that is made while it is down, and one of the others. */
function drawn({ short, random }: Bench): Step[] {
  const order = steps
    .map((step) => ({ step, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ step }) => step);
  const down = order.filter((step) => step.down);
  const up = order.filter((step) => !step.down);
  return short ? [...down.slice(0, 1), ...up.slice(0, 1)] : order;
}

async function stepped(scene: Scene, { name, ms, down }: Step): Promise<string[]> {
  const { bench, lane } = scene;
  bench.say(`the clock is set ${name}`);
  const before = (await told(lane)).length;
  try {
    await setClock(scene, ms, down);
    await until(bench, `told: the clock was set ${name}`, soonMs, async () => (await told(lane)).length > before);
    await bench.clock.sleep(bench.random() * (bench.short ? 3_000 : 30_000), bench.signal);
  } finally {
    // started with a clock that is slow, ledger time does not know how long nobody ran; the next start does
    await setClock(scene, 0, down);
  }
  await until(bench, `resolved: the clock was set ${name}`, soonMs, async () =>
    (await told(lane)).every(({ state }) => state === 'resolved'),
  );
  const times = (await told(lane)).length - before;
  return times === 1 ? [] : [`told ${times} times: the clock was set ${name}`];
}

async function setClock(scene: Scene, ms: number, down: boolean): Promise<void> {
  if (down) await endOrKill(scene);
  await scene.clock.set(ms);
  if (down) await start(scene);
}

async function endOrKill({ bench, lane }: Scene): Promise<void> {
  await (bench.random() < 0.5 ? lane.run.end() : lane.run.kill());
}

async function told(lane: Lane) {
  return (await lane.incidents()).filter(({ kind }) => kind === 'clock');
}

async function waver({ bench, lane, clock }: Scene): Promise<string[]> {
  bench.say('the clock wavers');
  for (let count = 0; count < 6; count += 1) {
    await clock.set(Math.round((2 * bench.random() - 1) * smallMs));
    await bench.clock.sleep(500 + bench.random() * 1_000, bench.signal);
  }
  await clock.set(0);
  return (await told(lane)).map(({ id }) => `${id} was told`);
}

/**
 * Worse than any step: it starts with a clock that is fast, as a machine does before its time is synchronised. Ledger time
 * stays ahead of everybody else's from then on, so that this comes last, and the finding stays.
 */
async function aheadAtStart(scene: Scene): Promise<Finding> {
  const { bench, lane, clock, witness } = scene;
  bench.say('it starts with a clock that is an hour fast');
  await endOrKill(scene);
  await clock.set(hourMs);
  await start(scene);
  await witness.flowing();
  bench.say('the clock is set right');
  await clock.set(0);
  const open = async () => (await told(lane)).some(({ state }) => state === 'open');
  await until(bench, 'told: ledger time is ahead of the clock', soonMs, open);
  await witness.flowing();
  await bench.clock.sleep(bench.short ? 0 : 60_000, bench.signal);
  await witness.flowing();
  return {
    promise:
      'started with a clock an hour fast, it finds all canaries; it says that its time is ahead for as long as it is',
    against: (await open()) ? [] : ['resolved while ledger time is still ahead'],
  };
}
