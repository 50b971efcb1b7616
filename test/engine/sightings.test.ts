/** What a sighting is worth: latencies, receipts that come late or contradict, repetition, damage, and very late arrivals. */
import { describe, expect, test } from 'vitest';
import { emission } from '../../src/core/block.ts';
import { emissionAt } from '../../src/engine/track.ts';
import { viewOf } from '../../src/engine/view.ts';
import type { Emission, Find } from '../../src/probe.ts';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { failure, Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;
const withheld: Emission = { state: 'withheld', why: failure('disk_full') };
const unconfirmed: Emission = { state: 'unconfirmed', why: failure('timeout') };

/** One node, two hops; `receipt` is what the injector says of each line. */
async function opened(receipt?: (now: number) => Emission, every = 1_000, hops = defaultHops, lostAfterMs = minute) {
  const scene = new Scene();
  const inject = scene.inject.bind(scene);
  const said: { receipt: ((now: number) => Emission) | undefined } = { receipt };
  scene.inject = (injector, lines, now) => {
    const sent = inject(injector, lines, now);
    return said.receipt && Array.isArray(sent) ? sent.map(() => said.receipt?.(now) ?? withheld) : sent;
  };
  const spec = sandboxPipeline({ inject: [injectSpec({ name: 'node-a', everyMs: every })], hops, lostAfterMs });
  const bench = await Bench.open(scene, configOf({ pipelines: [spec] }));
  return { scene, bench, said };
}
const defaultHops = [hopSpec({ name: 'stream', withinMs: 8_000 }), hopSpec({ name: 'index', after: 'stream' })];

const hopOf = (bench: Bench, at = 0) => {
  const hop = viewOf(bench.state, { ok: true, problems: [] }).pipelines[0]?.hops[at];
  if (!hop) throw new Error('no such hop');
  return hop;
};
const streamOf = (bench: Bench) => {
  const stream = bench.state.streamsByNumber.get(1);
  if (!stream) throw new Error('no stream');
  return stream;
};
const measured = (bench: Bench, at = 0) => hopOf(bench, at).latency.counts.reduce((sum, count) => sum + count, 0);

describe('given lines whose time of going out is known within four seconds', () => {
  test('when they arrive nine after the earliest of it, then they are in time, not called overdue, and have a latency', async () => {
    const { scene, bench } = await opened((now) => ({ state: 'emitted', nb: now, na: now + 4_000 }));
    scene.stage('stream').delayMs = 9_300;
    bench.run(minute);
    const { entered, canaries, lastLatency } = hopOf(bench);
    expect(entered.delivered).toBeGreaterThan(40);
    expect([entered.delayed, canaries.overdue]).toEqual([0, 0]);
    expect(lastLatency?.hiMs).toBeGreaterThan(9_000);
    expect(lastLatency?.loMs).toBeLessThan(8_000);
  });

  test('when it is known within twenty only, then there is no latency: it would mean nothing', async () => {
    const { bench } = await opened((now) => ({ state: 'emitted', nb: now - 10_000, na: now + 10_000 }));
    bench.run(minute);
    expect(hopOf(bench).entered.delivered).toBeGreaterThan(40);
    expect(measured(bench)).toBe(0);
  });
});

test('given latencies, when they are summed up, then by their upper bound, which its own bucket holds, too', async () => {
  const { bench } = await opened();
  bench.run(minute);
  const { latency, entered } = hopOf(bench);
  expect(measured(bench)).toBe(entered.delivered);
  const his = bench.state.pipelines[0]?.hops[0]?.recentHi ?? [];
  expect(latency.sumMs).toBe(his.reduce((sum, hi) => sum + hi, 0));
  const at = latency.boundsMs.map(
    (bound, i) => his.filter((hi) => hi <= bound && hi > (latency.boundsMs[i - 1] ?? -1)).length,
  );
  expect(latency.counts.slice(0, -1)).toEqual(at);
});

test('given a latency of exactly a bucket’s bound, when it is counted, then in that bucket', async () => {
  const { scene, bench } = await opened((now) => ({ state: 'emitted', nb: now, na: now }), 20_000);
  const sentAt: number[] = [];
  const inject = scene.inject;
  scene.inject = (injector, lines, now) => {
    sentAt.push(now);
    return inject(injector, lines, now);
  };
  scene.look = () => ({ coverage: 'complete', finds: [] });
  bench.runUntil(minute, () => sentAt.length > 0);
  const { boundsMs } = hopOf(bench).latency;
  const bound = boundsMs.find((each) => each >= 2_000) ?? 0;
  bench.run((sentAt[0] ?? 0) + bound - bench.now);
  const token = [...scene.place('stream').tokens][0] ?? '';
  const [hop] = bench.state.pipelines[0]?.hops ?? [];
  if (!hop) throw new Error('no hop');
  const look = { coverage: 'complete' as const, finds: [{ token, kind: 'line' as const }] };
  bench.dispatch({ type: 'looked', hop, asOf: bench.now, asked: [], askedCount: 0, tookMs: 1, look });
  expect(hopOf(bench).lastLatency?.hiMs).toBe(bound);
  expect(hopOf(bench).latency.counts[boundsMs.indexOf(bound)]).toBe(1);
});

test('given a line whose emission was never proven, when it is seen, then it is delivered and proven, without a latency', async () => {
  const { bench } = await opened(() => unconfirmed, 1_000, defaultHops.slice(0, 1));
  bench.run(minute);
  expect(hopOf(bench).entered.delivered).toBeGreaterThan(40);
  expect(emissionAt(streamOf(bench), 3)?.state).toBe(emission.emitted);
  expect(measured(bench)).toBe(0);
  expectIdentity(bench.state);
});

test('given a hop that is only known from further down, when canaries pass, then they are delivered there without a latency', async () => {
  const { scene, bench } = await opened();
  const look = scene.look.bind(scene);
  scene.look = (hop, question, now) =>
    hop.spec.name === 'stream' ? { coverage: 'partial', finds: [], why: failure('partial') } : look(hop, question, now);
  bench.run(minute);
  expect(hopOf(bench).entered.delivered).toBeGreaterThan(40);
  expect([measured(bench, 0), measured(bench, 1) > 40]).toEqual([0, true]);
});

describe('given receipts that contradict each other', () => {
  async function answered(first: Emission, second: Emission) {
    const { bench } = await opened(() => first);
    bench.run(1_500);
    const stream = streamOf(bench);
    const refs = [{ stream, seq: 0 }];
    bench.dispatch({ type: 'injected', injector: stream.injector, refs, emissions: [second] });
    expectIdentity(bench.state);
    await bench.restart();
    expectIdentity(bench.state);
    return emissionAt(streamOf(bench), 0)?.state;
  }

  test('when a line is first proven to be out and then said not to be, then the proof stands', async () => {
    expect(await answered({ state: 'emitted', nb: 0, na: 1 }, withheld)).toBe(emission.emitted);
  });

  test('when a line is first said not to be out and then proven to be, then it is expected', async () => {
    const { bench, said } = await opened(() => withheld);
    bench.run(1_500);
    const stream = streamOf(bench);
    expect(hopOf(bench).canaries.withheld).toBeGreaterThan(0);
    said.receipt = undefined;
    for (let seq = 0; seq < stream.nextSeq; seq++) {
      const emissions: Emission[] = [{ state: 'emitted', nb: bench.now, na: bench.now }];
      bench.dispatch({ type: 'injected', injector: stream.injector, refs: [{ stream, seq }], emissions });
    }
    expect(hopOf(bench).canaries.withheld).toBe(0);
    expectIdentity(bench.state);
  });
});

test('given lines handed over together, when only some went out, then each has its own answer, and what is unknown stays unknown', async () => {
  const scene = new Scene();
  const inject = [injectSpec({ name: 'node-a', everyMs: 10_000, shapes: ['burst'] })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject, hops: defaultHops })] }));
  const receipts = ['emitted', 'withheld', 'unconfirmed'] as const;
  scene.inject = (_, lines, now) =>
    lines.map(({ seq }): Emission => {
      const state = receipts[seq % 3];
      return state === 'emitted' ? { state, nb: now, na: now } : { ...(state === 'withheld' ? withheld : unconfirmed) };
    });
  bench.run(20_000);
  const codes = [0, 1, 2, 3, 4, 5].map((seq) => emissionAt(streamOf(bench), seq)?.state);
  const once = [emission.emitted, emission.withheld, emission.unconfirmed];
  expect(codes).toEqual([...once, ...once]);
  expectIdentity(bench.state);
});

describe('given a canary that was called lost', () => {
  test('when it arrives after seventy hours, then it is delayed, and counted as recovered', async () => {
    const slow = { withinMs: 30 * minute, pollMs: 10 * minute };
    const hops = [hopSpec({ name: 'stream', ...slow }), hopSpec({ name: 'index', after: 'stream', ...slow })];
    const { scene, bench } = await opened(undefined, 10 * minute, hops, hour);
    bench.run(2 * hour);
    scene.stage('index').stopped = true;
    bench.run(2 * hour);
    scene.gone.add('node-a');
    bench.run(2 * hour);
    await bench.restart(67 * hour);
    const lost = hopOf(bench, 1).canaries.lost;
    expect(lost).toBeGreaterThan(5);
    scene.stage('index').stopped = false;
    bench.run(2 * hour);
    expect(hopOf(bench, 1)).toMatchObject({ canaries: { lost: 0 }, entered: { recovered: lost, delayed: lost } });
    expectIdentity(bench.state);
  });
});

test('given a canary of a block that is folded away, when it is read again where nothing is read twice, then it is a duplicate', async () => {
  const { scene, bench } = await opened();
  bench.run(6 * minute);
  expect([...streamOf(bench).tracks.map(({ blocks }) => blocks.has(0))]).toEqual([false, false]);
  const first = scene.place('stream').lines[3]?.token ?? '';
  const find: Find = { token: first, kind: 'line' };
  scene.strange.set('stream', [find, find]);
  bench.run(5_000);
  expect(hopOf(bench).entered.duplicated).toBe(2);
  scene.strange.set('index', [find]);
  bench.run(5_000);
  expect(hopOf(bench, 1).entered.duplicated).toBe(0);
});

test.each([
  [4, 'corrupted'],
  [5, 'forged'],
] as const)(
  'given one of our tokens of which %i characters changed, when it is seen, then it is %s',
  async (changes, kind) => {
    const { scene, bench } = await opened();
    bench.run(minute);
    const token = scene.place('stream').lines[3]?.token ?? '';
    const other = (at: number) => (token[at] === 'a' ? 'b' : 'a');
    const chars = [...token].map((char, at) => (at >= 34 && at < 34 + changes ? other(at) : char));
    scene.strange.set('stream', [{ token: chars.join(''), kind: 'line' }]);
    bench.run(5_000);
    const { corrupted, forged, foreign } = hopOf(bench).entered;
    expect({ corrupted, forged, foreign }).toEqual({ corrupted: 0, forged: 0, foreign: 0, [kind]: 1 });
  },
);

test('given only the beginning of one of our tokens, when it is seen behind our opening, then a canary was cut here', async () => {
  const { scene, bench } = await opened();
  bench.run(minute);
  const token = scene.place('stream').lines[3]?.token ?? '';
  const cuts = [token.slice(0, 40), `${token.slice(0, 30)}zzzzzzzz`, `${token.slice(0, 11)}${'a'.repeat(20)}`];
  scene.strange.set(
    'stream',
    cuts.map((cut) => ({ token: cut, kind: 'suspect' as const })),
  );
  bench.run(5_000);
  expect(hopOf(bench).entered.corrupted).toBe(2);
});
