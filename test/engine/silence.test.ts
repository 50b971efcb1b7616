/** Trouble that people know of: measured and shown as ever; beginnings and changes wait until the silence is over. */
import { describe, expect, test } from 'vitest';
import type { Config, NotifierSpec } from '../../src/core/pipeline.ts';
import type { Silence } from '../../src/core/silence.ts';
import { healthOf } from '../../src/engine/health.ts';
import type { NoSilence } from '../../src/engine/silencing.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { chat, configOf, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;
const inject = [injectSpec({ name: 'node-a', everyMs: 2_000 })];

async function opened(changes: Partial<Config> = {}) {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ pipelines: [sandboxPipeline({ inject })], ...changes }));
  bench.run(minute);
  const ask = (ms: number, about: Partial<Silence>) => {
    let made: Silence | NoSilence = 'too-many';
    const wanted = { from: bench.now, until: bench.now + ms, reason: 'known', by: 'aki', ...about };
    bench.dispatch({ type: 'silence', wanted, told: (silence) => (made = silence) });
    return made as Silence | NoSilence;
  };
  const silence = (ms: number, about: Partial<Silence>) => {
    const made = ask(ms, about);
    if (typeof made === 'string') throw new Error(made);
    return made;
  };
  const end = (id: string) => {
    let ended = false;
    bench.dispatch({ type: 'silence-ended', id, told: (each) => (ended = each) });
    return ended;
  };
  const stop = (hop: string, ms: number) => {
    scene.stage(hop).stopped = true;
    bench.run(ms);
  };
  const mend = (hop: string, ms = 2 * minute) => {
    scene.stage(hop).stopped = false;
    bench.run(ms);
  };
  return { scene, bench, ask, silence, end, stop, mend };
}

/** A stop is a warning at first: chat hears of it, and the pager once it is critical. */
const warned = { pipelines: [sandboxPipeline({ inject, pageAfterMs: 3 * minute })] };
const stopAt = (hop: string) => ({ pipeline: 'sandbox', hop, kind: 'stopped' }) as const;
const pair = (hop: string) => [`trigger stopped@${hop}`, `resolve stopped@${hop}`];

describe('given a silence of a kind at a hop', () => {
  test('when that begins and ends within it, then it is recorded and nobody is told', async () => {
    const { bench, silence, stop, mend } = await opened();
    silence(20 * minute, stopAt('index'));
    stop('index', 2 * minute);
    expect(bench.open('stopped')).toHaveLength(1);
    mend('index', 6 * minute);
    expect(bench.open()).toEqual([]);
    bench.run(15 * minute);
    expect([bench.told('pager'), bench.told('chat')]).toEqual([[], []]);
    expect(bench.history()).toEqual(['stopped@index']);
  });

  test('when it outlives the silence, then it is told once, and its end', async () => {
    const { bench, silence, stop, mend } = await opened();
    silence(3 * minute, stopAt('index'));
    stop('index', 2 * minute);
    expect(bench.told('pager')).toEqual([]);
    bench.run(2 * minute);
    mend('index', 5 * minute);
    for (const name of ['pager', 'chat']) expect(bench.told(name)).toEqual(pair('index'));
  });

  test('when something else goes wrong, then that is told as ever', async () => {
    const { scene, bench, silence, stop } = await opened();
    silence(60 * minute, stopAt('index'));
    stop('index', 2 * minute);
    stop('archive', 2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@archive']);
    scene.place('index').unreadable = 'server_error';
    bench.run(2 * minute);
    expect(bench.told('chat')).toEqual(['trigger stopped@archive', 'trigger unreadable@index']);
  });

  test('when it is ended early, then what is wrong is told then', async () => {
    const { bench, silence, end, stop } = await opened();
    const { id } = silence(60 * minute, { hop: 'index' });
    stop('index', 2 * minute);
    expect([end(id), end(id), end('sil-9')]).toEqual([true, false, false]);
    bench.run(10_000);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });
});

describe('given a silence of one incident', () => {
  test('when it is over, then so is the silence, and the next of its kind is told', async () => {
    const { bench, silence, stop, mend } = await opened(warned);
    stop('index', minute);
    const [first] = bench.open('stopped');
    const made = silence(60 * minute, { incident: first?.id ?? '' });
    expect(made).toMatchObject({ id: 'sil-1', incident: 'inc-1', pipeline: 'sandbox', hop: 'index', kind: 'stopped' });
    bench.run(4 * minute);
    expect(bench.open('stopped')).toMatchObject([{ severity: 'critical' }]);
    mend('index');
    expect(bench.state.silences[0]?.until).toBeLessThan(bench.now);
    expect(bench.told('pager')).toEqual([]);
    stop('index', 5 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });

  test('when no such incident is open, then it is refused', async () => {
    const { ask, bench } = await opened();
    expect(ask(minute, { incident: 'inc-1' })).toBe('no-incident');
    expect(bench.state.silences).toEqual([]);
  });
});

describe('given a channel that was told before the silence', () => {
  test('when it is over within it, then the channel is told so', async () => {
    const { bench, silence, stop, mend } = await opened();
    stop('index', 2 * minute);
    silence(60 * minute, { hop: 'index' });
    mend('index');
    expect(bench.told('pager')).toEqual(pair('index'));
  });

  test('when it becomes critical within it, then nobody is told, and all are once it is over', async () => {
    const { bench, silence, stop, mend } = await opened(warned);
    stop('index', minute);
    silence(10 * minute, { hop: 'index' });
    bench.run(5 * minute);
    expect(bench.open('stopped')).toMatchObject([{ severity: 'critical' }]);
    expect([bench.told('chat'), bench.told('pager')]).toEqual([['trigger stopped@index'], []]);
    bench.run(6 * minute);
    expect(bench.told('chat')).toEqual(['trigger stopped@index', 'update stopped@index']);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    mend('index');
    expect(bench.told('chat').slice(-1)).toEqual(['resolve stopped@index']);
  });

  test('when logcanary restarts meanwhile, then it is the same', async () => {
    const { bench, silence, stop } = await opened(warned);
    stop('index', minute);
    expect(silence(10 * minute, { hop: 'index' }).id).toBe('sil-1');
    bench.run(5 * minute);
    await bench.restart(5_000);
    bench.run(2 * minute);
    expect([bench.told('chat'), bench.told('pager')]).toEqual([['trigger stopped@index'], []]);
    expect(silence(minute, { hop: 'archive' }).id).toBe('sil-2');
    bench.run(4 * minute);
    expect(bench.told('chat')).toEqual(['trigger stopped@index', 'update stopped@index']);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
    await bench.restart(5_000);
    bench.run(2 * minute);
    expect(bench.told('chat')).toHaveLength(2);
  });

  test('when it forgets and is told again, then it is told what it knows, and ended as that', async () => {
    const forgetful: NotifierSpec = { ...chat, name: 'forgetful', renewEveryMs: minute };
    const { bench, silence, stop, mend } = await opened({ ...warned, notify: [forgetful] });
    stop('index', minute);
    silence(60 * minute, { hop: 'index' });
    bench.run(6 * minute);
    mend('index');
    const said = bench.sent.map(({ row }) => [row.action, row.facts.severity, row.facts.criticalAt]);
    expect(said.length).toBeGreaterThan(6);
    expect(new Set(said.map(([, severity]) => severity))).toEqual(new Set(['warning']));
    expect(said.find(([action]) => action === 'resolve')).toEqual(['resolve', 'warning', undefined]);
  });
});

describe('given messages that wait for a channel that is down', () => {
  const down = async () => {
    const made = await opened({ notify: [pager] });
    made.scene.channels.set('pager', refusal(true));
    made.stop('index', minute);
    return made;
  };

  test('when a silence begins, then none of them goes out, and what outlives it is told', async () => {
    const { scene, bench, silence } = await down();
    silence(10 * minute, { hop: 'index' });
    scene.channels.delete('pager');
    bench.run(9 * minute);
    expect(bench.told('pager')).toEqual([]);
    expect(healthOf(bench.state, undefined)).toMatchObject({ ok: true });
    bench.run(2 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@index']);
  });

  test('when it is over within the silence, then the channel, which may have taken it, is told that it is over', async () => {
    const { scene, bench, silence, mend } = await down();
    silence(60 * minute, { hop: 'index' });
    scene.channels.delete('pager');
    mend('index');
    expect(bench.told('pager')).toEqual(['resolve stopped@index']);
  });

  test('when it was asked of an earlier one only, then it hears of the end of that one only', async () => {
    const { scene, bench, silence, stop, mend } = await down();
    mend('index');
    stop('index', minute);
    const waiting = [...bench.state.outbox.values()].map(({ row }) => [row.incident, row.action, row.attempts > 0]);
    expect(waiting).toEqual([
      [1, 'trigger', true],
      [1, 'resolve', false],
      [2, 'trigger', false],
    ]);
    silence(60 * minute, { hop: 'index' });
    scene.channels.delete('pager');
    mend('index', 5 * minute);
    expect(bench.sent.filter(({ accepted }) => accepted).map(({ row }) => [row.incident, row.action])).toEqual([
      [1, 'resolve'],
    ]);
    expect(bench.history()).toEqual(['stopped@index', 'stopped@index']);
  });

  test('when another one would stand in for it, then that one is not told either', async () => {
    const guarded: NotifierSpec = { ...pager, fallback: { to: 'mail', afterMs: 2 * minute } };
    const { scene, bench, silence, stop } = await opened({
      notify: [guarded, { ...chat, name: 'mail', standby: true }],
    });
    scene.channels.set('pager', refusal(true));
    stop('index', minute);
    silence(10 * minute, { hop: 'index' });
    bench.run(9 * minute);
    expect(bench.told('mail')).toEqual([]);
    bench.run(4 * minute);
    expect(bench.told('mail')).toEqual(['trigger stopped@index']);
  });
});

describe('what is shown', () => {
  test('given a silence, when looked at, then it is there with what it kept from being told', async () => {
    const { bench, silence, stop, mend } = await opened(warned);
    stop('index', minute);
    silence(5 * minute, { hop: 'index' });
    bench.run(4 * minute);
    const view = () => viewOf(bench.state, { ok: true, problems: [] });
    expect(view().silences).toMatchObject([{ id: 'sil-1', reason: 'known', by: 'aki' }]);
    const told = [{ notifier: 'chat', state: 'told' }];
    expect(view().tellings).toMatchObject({ 'inc-1': { told, silences: [{ id: 'sil-1' }] } });
    mend('index', 5 * minute);
    expect(view().silences).toEqual([]);
    expect(view().tellings?.['inc-1']?.silences).toMatchObject([{ id: 'sil-1' }]);
    stop('index', minute);
    expect(view().tellings?.['inc-2']?.silences).toEqual([]);
  });

  test('given two hundred that hold, when one more is asked for, then it is refused, and none is forgotten', async () => {
    const { bench, ask } = await opened();
    for (let at = 0; at < 200; at++) ask(minute, { hop: 'index' });
    expect(ask(minute, { hop: 'index' })).toBe('too-many');
    bench.run(2 * minute);
    expect(ask(minute, { hop: 'index' })).toMatchObject({ id: 'sil-201' });
    expect(bench.state.silences).toHaveLength(200);
  });
});
