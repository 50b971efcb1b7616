import { expect, test } from 'vitest';
import { isMissing } from '../../src/core/block.ts';
import { unitHash } from '../../src/core/schedule.ts';
import { Spans } from '../../src/core/spans.ts';
import { Bench, restored } from './harness.ts';
import { configOf, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const drop = Spans.prototype.dropBelow;
async function life(seed: number, keep: boolean) {
  let n = 0;
  const rnd = () => unitHash(seed, n++);
  Spans.prototype.dropBelow = keep ? function () {} : drop;
  const modes = [{ alert: 'push' }, { stream: 'on-demand', alert: 'push' }, { alert: 'poll', archive: 'on-demand' }][seed % 3] as never;
  const scene = new Scene(modes);
  const inject = ['node-a', 'node-b', 'node-c'].map((name) => injectSpec({ name, everyMs: 500 + 500 * (seed % 3), shapes: seed % 2 ? ['plain', 'burst'] : ['plain'] }));
  const hops = [hopSpec({ name: 'stream', withinMs: 8_000 }), hopSpec({ name: 'index', after: 'stream', withinMs: 10_000 }), hopSpec({ name: 'archive', after: 'stream', sample: { take: 1, of: 3 } }), hopSpec({ name: 'alert', after: 'index' })];
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject, hops })] }));
  const bad: string[] = [];
  bench.onCommit = () => {
    for (const s of bench.state.streamsByNumber.values()) for (const t of s.tracks) for (const b of t.blocks.values())
      for (let i = 0; i < b.openFrom; i++) if (isMissing(b.codes[i] as number)) bad.push(`${s.number} ${t.hop.spec.name} ${b.index} ${i}`);
  };
  const names = ['stream', 'index', 'archive', 'alert'];
  for (let round = 0; round < 40; round++) {
    const name = names[Math.floor(rnd() * 4)] as string;
    const what = rnd();
    const stage = scene.stage(name);
    if (what < 0.15) stage.stopped = !stage.stopped;
    else if (what < 0.25) stage.dropEvery = stage.dropEvery ? 0 : 5;
    else if (what < 0.4) stage.delayMs = [300, 3_000, 12_000, 30_000][Math.floor(rnd() * 4)] as number;
    else if (what < 0.55) scene.place(name).unreadable = scene.place(name).unreadable ? undefined : 'timeout';
    else if (what < 0.65) scene.place(name).partial = !scene.place(name).partial;
    else if (what < 0.72) scene.injection = (['works', 'withheld', 'unconfirmed', 'throws'] as const)[Math.floor(rnd() * 4)] as never;
    else if (what < 0.8) { if (scene.leaving.has('node-a')) scene.leaving.delete('node-a'); else scene.leaving.set('node-a', bench.now); }
    else if (what < 0.86) { const from = bench.now; bench.now += 4_000 + Math.floor(rnd() * 20_000); bench.dispatch({ type: 'unwatched', from }); }
    else if (what < 0.93 ) { for (const s of scene.stages) { s.stopped = false; s.dropEvery = 0; s.delayMs = 500; } for (const p of scene.places.values()) { p.unreadable = undefined; p.partial = false; } scene.injection = 'works'; }
    else await bench.restart(Math.floor(rnd() * 20_000));
    bench.run(5_000 + Math.floor(rnd() * 40_000));
  }
  for (const s of scene.stages) { s.stopped = false; s.dropEvery = 0; s.delayMs = 500; } for (const p of scene.places.values()) { p.unreadable = undefined; p.partial = false; } scene.injection = 'works'; scene.leaving.clear();
  bench.run(120_000);
  // what the ledger holds is what we know
  bench.dispatch({ type: 'pinged', name: 'x' });
  const again = await restored(scene, bench.config, bench.ledger, 99, bench.now);
  const codes = (st: typeof bench.state) => [...st.streamsByNumber.values()].map((s) => s.tracks.map((t) => [...t.blocks.values()].map((b) => `${b.index}:${b.codes.join('')}`).join() + t.folded.join()));
  const equalCodes = JSON.stringify(codes(again)) === JSON.stringify(codes(bench.state));
  const inc = (st: typeof bench.state) => [...st.open.values(), ...st.resolved].map((i) => `${i.number} ${i.facts.state} ${i.facts.severity} ${i.facts.kind} ${i.notified}`).sort();
  const nx = ({ look: _l, outbox: _o, ...rest }: Record<string, number>) => JSON.stringify(rest);
  return {
    bad: bad.slice(0, 3), equalCodes, inc: JSON.stringify(inc(again)) === JSON.stringify(inc(bench.state)), next: nx(again.next) === nx(bench.state.next) ? '' : nx(again.next) + nx(bench.state.next),
    sent: JSON.stringify([...again.sent]) === JSON.stringify([...bench.state.sent]),
    entered: bench.state.pipelines[0]?.hops.map((h) => ({ ...h.counters.entered, lat: h.counters.latency.counts.reduce((a, b) => a + b, 0), sum: h.counters.latency.sumMs })),
    history: bench.history(),
    hops: bench.state.pipelines[0]?.hops.map((h) => Object.fromEntries(Object.entries(h.counters.entered))),
  };
}
test('fuzz', async () => {
  const from = Number(process.env.FROM ?? 0);
  for (let seed = from; seed < from + Number(process.env.N ?? 9); seed++) {
    const one = await life(seed, false);
    const two = await life(seed, true);
    console.log('seed', seed, one.bad, one.equalCodes, one.inc, one.next, one.sent, one.history.length, JSON.stringify(one.hops?.[0]));
    if (JSON.stringify(one.entered) !== JSON.stringify(two.entered)) console.log('DIFF', JSON.stringify(one.entered), '\n    ', JSON.stringify(two.entered));
  }
  expect(1).toBe(1);
}, 200_000);
