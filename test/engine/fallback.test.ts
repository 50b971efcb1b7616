/** Where a notification goes: filters, the channel that stands in for another, those that hear of what stays critical. */
import { describe, expect, test } from 'vitest';
import type { Config, NotifierSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { healthOf } from '../../src/engine/health.ts';
import { Bench } from './harness.ts';
import { chat, configOf, hopSpec, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;
const hour = 60 * minute;
const guarded: NotifierSpec = { ...pager, fallback: { to: 'mail', afterMs: 2 * minute } };
const mail: NotifierSpec = { ...chat, name: 'mail', standby: true };

/** Half a minute between canaries, so that hours pass quickly. */
function slowPipeline(changes: Partial<PipelineSpec> = {}): PipelineSpec {
  const hop = (name: string, after?: string) =>
    hopSpec({ name, ...(after === undefined ? {} : { after }), withinMs: 40_000, pollMs: 10_000 });
  return sandboxPipeline({
    inject: [injectSpec({ name: 'node-a', everyMs: 30_000 })],
    hops: [hop('stream'), hop('index', 'stream'), hop('archive', 'stream')],
    stoppedEveryMs: 30_000,
    lostAfterMs: 6 * hour,
    ...changes,
  });
}

async function begin(notify: readonly NotifierSpec[], changes: Partial<Config> = {}) {
  const scene = new Scene();
  const bench = await Bench.open(scene, configOf({ notify, pipelines: [slowPipeline()], ...changes }));
  bench.run(3 * minute);
  const break_ = (hop: string, ms: number) => {
    scene.stage(hop).stopped = true;
    bench.run(ms);
  };
  const mend = (hop: string, ms = 2 * minute) => {
    scene.stage(hop).stopped = false;
    bench.run(ms);
  };
  return { scene, bench, break_, mend };
}

describe('PagerDuty is down for 2 hours during an outage', () => {
  async function twoHours() {
    const made = await begin([guarded, chat, mail]);
    const { scene, break_, mend } = made;
    scene.channels.set('pager', refusal(true));
    for (let round = 0; round < 5; round++) {
      break_('archive', 10 * minute);
      mend('archive', 8 * minute);
    }
    break_('index', 30 * minute);
    return made;
  }
  const pair = (hop: string) => [`trigger stopped@${hop}`, `resolve stopped@${hop}`];

  test('when others stand in for it, then they hear of everything in order, and nobody counts it as untold', async () => {
    const { bench } = await twoHours();
    const all = [...Array.from({ length: 5 }, () => pair('archive')).flat(), 'trigger stopped@index'];
    expect(bench.told('mail')).toEqual(all);
    expect(bench.told('chat')).toEqual(all);
    expect(bench.told('pager')).toEqual([]);
    expect(healthOf(bench.state, undefined)).toEqual({ ok: true, problems: [] });
  });

  test('when it is back, then it hears of what is open, no beginning of what is over, and both hear of the end', async () => {
    const { scene, bench, mend } = await twoHours();
    scene.channels.delete('pager');
    bench.run(10 * minute);
    const told = bench.told('pager');
    expect(told.filter((each) => each.startsWith('trigger'))).toEqual(['trigger stopped@index']);
    // the first may have been taken without our hearing so; the others were never tried
    expect(told.filter((each) => each.startsWith('resolve'))).toEqual(['resolve stopped@archive']);
    mend('index', 5 * minute);
    expect(bench.told('pager').slice(-1)).toEqual(['resolve stopped@index']);
    expect(bench.told('mail').slice(-2)).toEqual(pair('index'));
    expect(bench.state.outbox.size).toBe(0);
  });

  test('when logcanary restarts in between, then it is the same, and nobody is told twice', async () => {
    const { scene, bench, mend } = await twoHours();
    const before = bench.told('mail').length;
    await bench.restart(minute);
    bench.run(10 * minute);
    scene.channels.delete('pager');
    bench.run(10 * minute);
    expect(bench.told('mail').length).toBe(before);
    expect(bench.told('pager').filter((each) => each.startsWith('trigger'))).toEqual(['trigger stopped@index']);
    mend('index', 10 * minute);
    expect(bench.told('mail').slice(-1)).toEqual(['resolve stopped@index']);
  });
});

test('given a channel that takes messages in time, when it has one to stand in for it, then that one hears nothing', async () => {
  const { scene, bench, break_, mend } = await begin([guarded, mail]);
  let failures = 3;
  scene.notify = ({ notifier }) => (notifier === 'pager' && failures-- > 0 ? refusal(true) : undefined);
  break_('archive', 30 * minute);
  expect(failures).toBeLessThan(0);
  mend('archive');
  expect(bench.told('mail')).toEqual([]);
  expect(bench.told('pager')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
});

test('given a channel that refuses for good, when something breaks, then the one that stands in hears of it at once', async () => {
  const { scene, bench, break_, mend } = await begin([guarded, mail]);
  scene.channels.set('pager', refusal(false));
  break_('archive', 3 * minute);
  expect(bench.told('mail')).toEqual(['trigger stopped@archive']);
  mend('archive');
  expect(bench.told('mail')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
});

test('given a trouble that is over before the other one is asked, when that is asked, then it hears of both', async () => {
  const { scene, bench, break_, mend } = await begin([guarded, mail]);
  scene.channels.set('pager', refusal(true));
  break_('archive', 3 * minute);
  mend('archive', 5 * minute);
  expect(bench.told('mail')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
});

test('given three in a row, when the first two are down, then the third hears of it, and all of it is told once they are back', async () => {
  const second = { ...mail, fallback: { to: 'last', afterMs: 3 * minute } };
  const { scene, bench, break_, mend } = await begin([guarded, second, { ...mail, name: 'last' }]);
  scene.channels.set('pager', refusal(true));
  scene.channels.set('mail', refusal(true));
  break_('archive', 4 * minute);
  expect(bench.told('last')).toEqual([]);
  bench.run(3 * minute);
  expect(bench.told('last')).toEqual(['trigger stopped@archive']);
  mend('archive');
  scene.channels.clear();
  bench.run(5 * minute);
  expect(bench.told('last')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
  for (const name of ['pager', 'mail']) expect(bench.told(name)).toEqual(['resolve stopped@archive']);
});

test('given two that stand in for each other, when both refuse for good, then it ends', async () => {
  const { scene, bench, break_ } = await begin([guarded, { ...mail, fallback: { to: 'pager', afterMs: minute } }]);
  for (const name of ['pager', 'mail']) scene.channels.set(name, refusal(false));
  break_('archive', 10 * minute);
  expect(bench.sent.length).toBeLessThan(10);
});

test('given a channel without one that stands in, when it is back after all is over, then it is told of it all', async () => {
  const { scene, bench, break_, mend } = await begin([pager, mail]);
  scene.channels.set('pager', refusal(true));
  break_('archive', 10 * minute);
  mend('archive', 5 * minute);
  scene.channels.delete('pager');
  bench.run(5 * minute);
  expect(bench.told('pager')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
  expect(bench.told('mail')).toEqual([]);
});

describe('escalation', () => {
  const boss: NotifierSpec = { ...pager, name: 'boss', escalateAfterMs: 30 * minute };
  const pipelines = [slowPipeline({ pageAfterMs: 20 * minute })];

  test('given a stop that stays critical, when its time has come, then it is told once, and of the end', async () => {
    const { bench, break_, mend } = await begin([pager, boss], { pipelines });
    break_('archive', 45 * minute);
    expect(bench.told('pager')).toEqual(['trigger stopped@archive']);
    expect(bench.told('boss')).toEqual([]);
    bench.run(10 * minute);
    expect(bench.told('boss')).toEqual(['trigger stopped@archive']);
    await bench.restart(minute);
    bench.run(hour);
    mend('archive');
    expect(bench.told('boss')).toEqual(['trigger stopped@archive', 'resolve stopped@archive']);
  });

  test('given one that ends before that, or that is a warning for long, when time passes, then it hears nothing', async () => {
    const { bench, break_, mend } = await begin([chat, boss], {
      pipelines: [slowPipeline({ pageAfterMs: 10 * hour })],
    });
    break_('archive', 2 * hour);
    mend('archive');
    expect(bench.told('boss')).toEqual([]);
    expect(bench.told('chat')).toHaveLength(2);
  });

  test('given a restart, when its time comes after that, then it counts from when it became critical', async () => {
    const { bench, break_ } = await begin([pager, boss], { pipelines });
    break_('archive', 40 * minute);
    await bench.restart(minute);
    bench.run(5 * minute);
    expect(bench.told('boss')).toEqual([]);
    bench.run(8 * minute);
    expect(bench.told('boss')).toEqual(['trigger stopped@archive']);
  });
});

describe('filters', () => {
  test('given channels for some pipelines and kinds only, when a stop comes and goes, then those that want it hear of both ends', async () => {
    const only = (name: string, filter: NotifierSpec['only'] = {}): NotifierSpec => ({ ...chat, name, only: filter });
    const { bench, break_, mend } = await begin([
      only('mine', { pipelines: ['sandbox'], kinds: ['stopped'] }),
      only('other', { pipelines: ['elsewhere'] }),
      only('readings', { kinds: ['reading'] }),
      only('all'),
    ]);
    break_('archive', 5 * minute);
    mend('archive');
    for (const name of ['mine', 'all']) expect(bench.told(name)).toHaveLength(2);
    for (const name of ['other', 'readings']) expect(bench.told(name)).toEqual([]);
  });
});
