/** Whatever is silenced: what is measured and recorded is as without silences; only who is told, and when, differs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silences as holds, type Silence } from '../../src/core/silence.ts';
import { accounted } from '../../src/core/verdict-name.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench, type Sent, startOfTime } from '../engine/harness.ts';
import { expectIdentity } from '../engine/identity.ts';
import { chat, configOf, hopSpec, injectSpec, pager, sandboxPipeline } from '../engine/sandbox-config.ts';
import { Scene } from '../engine/scene.ts';

const minute = 60_000;
const lengthMinutes = 60;
/** Without silences fewer ticks come between: what is judged at a tick is judged so much apart at most, ms. */
const tickMs = 1_000;

const hops = ['stream', 'index', 'archive'] as const;
const faults = ['stopped', 'unreadable', 'dropping'] as const;

interface Deed {
  readonly at: number;
  readonly minutes: number;
}
interface Fault extends Deed {
  readonly hop: (typeof hops)[number];
  readonly fault: (typeof faults)[number];
}
interface Hush extends Deed {
  readonly about: Partial<Silence> | 'newest';
}

const deed = { at: fc.nat({ max: lengthMinutes - 10 }), minutes: fc.integer({ min: 1, max: 25 }) };
const anyFault: fc.Arbitrary<Fault> = fc.record({
  ...deed,
  hop: fc.constantFrom(...hops),
  fault: fc.constantFrom(...faults),
});
const anyHush: fc.Arbitrary<Hush> = fc.record({
  ...deed,
  about: fc.oneof(
    fc.constant('newest' as const),
    fc.record({ hop: fc.constantFrom(...hops) }),
    fc.record({ pipeline: fc.constant('sandbox'), kind: fc.constantFrom('stopped', 'slow', 'unreadable', 'lossy') }),
  ) as fc.Arbitrary<Hush['about']>,
});

function slowConfig() {
  const hop = (name: string, after?: string) =>
    hopSpec({ name, ...(after === undefined ? {} : { after }), withinMs: 40_000, pollMs: 10_000 });
  const inject = ['node-a', 'node-b'].map((name) => injectSpec({ name, everyMs: 20_000 }));
  const spec = {
    inject,
    hops: [hop('stream'), hop('index', 'stream'), hop('archive', 'stream')],
    ...{ stoppedEveryMs: 20_000, lostAfterMs: 10 * minute, pageAfterMs: 8 * minute },
  };
  return configOf({ notify: [pager, chat], pipelines: [sandboxPipeline(spec)] });
}

function switched(scene: Scene, { hop, fault }: Fault, on: boolean): void {
  if (fault === 'unreadable') scene.place(hop).unreadable = on ? 'server_error' : undefined;
  else if (fault === 'stopped') scene.stage(hop).stopped = on;
  else scene.stage(hop).dropEvery = on ? 4 : 0;
}

/** A day of an hour, and time for all to be settled. */
async function live(plan: readonly Fault[], hushes: readonly Hush[]) {
  const scene = new Scene();
  const bench = await Bench.open(scene, slowConfig());
  for (let at = 0; at < lengthMinutes; at++) {
    for (const fault of plan) if (fault.at === at) switched(scene, fault, true);
    for (const fault of plan) if (fault.at + fault.minutes === at) switched(scene, fault, false);
    for (const hush of hushes) if (hush.at === at) silence(bench, hush);
    bench.run(minute);
  }
  for (const fault of plan) switched(scene, fault, false);
  bench.run(40 * minute);
  return bench;
}

function silence(bench: Bench, { about, minutes }: Hush): void {
  const newest = bench.open().at(-1);
  const what = about === 'newest' ? { incident: newest?.id ?? 'inc-0' } : about;
  const times = { from: bench.now, until: bench.now + minutes * minute };
  bench.dispatch({ type: 'silence', wanted: { ...what, ...times, reason: 'known', by: 'aki' }, told: () => undefined });
}

function record(bench: Bench) {
  const view = viewOf(bench.state, { ok: true, problems: [] });
  const incidents = view.incidents.map(({ kind, hop, severity, state, openedAt, resolvedAt = 0 }) => ({
    what: [kind, hop, severity, state],
    times: [openedAt, resolvedAt],
  }));
  const counts = view.pipelines.flatMap((pipeline) =>
    pipeline.hops.map((hop) => [hop.name, hop.expected, ...accounted.map((verdict) => hop.canaries[verdict])]),
  );
  return { incidents, counts };
}

/** `chat 3`: what a channel accepted of an incident. */
function tellings(bench: Bench): Map<string, Sent[]> {
  return Map.groupBy(bench.sent, ({ row }) => `${row.notifier} ${row.incident}`);
}

function expectInOrder(bench: Bench): void {
  for (const [who, sent] of tellings(bench)) {
    const actions = sent.map(({ row }) => row.action).join(' ');
    expect(`${who}: ${actions}`).toMatch(/: trigger( update)?( resolve)?$/);
  }
  for (const { at, row } of bench.sent)
    if (row.action !== 'resolve')
      for (const each of bench.state.silences) expect(holds(each, row.facts, at) && { each, row }).toBe(false);
}

/** Everybody is told of the end of what they were told of, and of what is open and silenced by nobody. */
function expectComplete(bench: Bench): void {
  const told = tellings(bench);
  for (const { number, notified, facts } of bench.state.resolved)
    for (const name of notified)
      expect([facts.id, told.get(`${name} ${number}`)?.at(-1)?.row.action]).toEqual([facts.id, 'resolve']);
  for (const { facts, notified } of bench.state.open.values())
    if (!bench.state.silences.some((each) => holds(each, facts, bench.now))) expect(notified).toContain('chat');
}

/** Told as a warning, then silenced, and critical meanwhile. */
const worsening: [Fault[], Hush[]] = [
  [{ at: 1, minutes: 40, hop: 'index', fault: 'stopped' }],
  [{ at: 6, minutes: 25, about: 'newest' }],
];

test('given any faults, when anything is silenced at any time, then only what is told differs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFault, { maxLength: 3 }),
      fc.array(anyHush, { minLength: 1, maxLength: 4 }),
      async (plan, hushes) => {
        const [loud, quiet] = [record(await live(plan, [])), await live(plan, hushes)];
        const { incidents, counts } = record(quiet);
        expect(counts).toEqual(loud.counts);
        expect(incidents.map(({ what }) => what)).toEqual(loud.incidents.map(({ what }) => what));
        incidents.forEach(({ times }, at) => {
          for (const [index, time] of times.entries())
            expect(Math.abs(time - (loud.incidents[at]?.times[index] ?? 0))).toBeLessThan(tickMs);
        });
        expectIdentity(quiet.state);
        expectInOrder(quiet);
        expectComplete(quiet);
        expect(quiet.now - startOfTime).toBe((lengthMinutes + 40) * minute);
      },
    ),
    { numRuns: 10, seed: 20261120, endOnFailure: true, examples: [worsening] },
  );
}, 120_000);
