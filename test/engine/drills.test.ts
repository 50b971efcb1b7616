/** What became of drills is kept over a restart, and a channel that failed its last one is an incident, told on the others. */
import { describe, expect, test } from 'vitest';
import type { Drill, DrillChannel } from '../../src/core/drill.ts';
import { Bench } from './harness.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const minute = 60_000;
const good = { state: 'proven', end: 'told', acceptedMs: 10, provenMs: 900, why: 'seen' } as const;
const accepted = { ...good, state: 'accepted', why: 'cannot be asked' } as const;
const refused = { state: 'refused', end: 'needless', why: 'It answered 404. Check webhook_url.' } as const;
const missing = { ...good, state: 'missing', why: 'no incident of it' } as const;
const blind = { ...good, state: 'blind', why: 'no answer in time' } as const;
const unresolved = { ...good, end: 'refused', endWhy: 'It answered 500. Close it by hand.' } as const;
type Outcome = Pick<DrillChannel, 'state' | 'end'> & Partial<DrillChannel>;

async function opened() {
  const bench = await Bench.open(new Scene(), configOf());
  bench.run(minute);
  let held = 0;
  const drill = (outcomes: Readonly<Record<string, Outcome>>, ended = true): Drill => {
    const channels = Object.entries(outcomes).map(([notifier, outcome]) => ({ notifier, kind: 'fake', ...outcome }));
    const at = bench.now;
    const told: Drill = { id: `drill-${++held}`, at, by: 'aki', channels, ...(ended && { endedAt: at + 1_000 }) };
    bench.dispatch({ type: 'drilled', drill: told });
    bench.run(minute);
    return told;
  };
  return { bench, drill };
}

describe('given a drill', () => {
  test('when all channels passed it, then there is no incident', async () => {
    const { bench, drill } = await opened();
    drill({ pager: good, chat: accepted });
    expect(bench.history()).toEqual([]);
  });

  test('when one channel did not take it, then the other is told as a warning, until a good drill', async () => {
    const { bench, drill } = await opened();
    drill({ pager: refused, chat: good });
    expect(bench.open()).toMatchObject([
      {
        ...{ kind: 'undelivered', hop: 'logcanary', severity: 'warning', streams: { total: 0 } },
        detail: 'pager did not carry a test incident to its end (drill-1): It answered 404. Check webhook_url.',
      },
    ]);
    expect([bench.told('pager'), bench.told('chat')]).toEqual([[], ['trigger undelivered@logcanary']]);
    bench.run(3 * minute);
    expect(bench.open()).toHaveLength(1);
    drill({ pager: good, chat: good });
    bench.run(minute);
    expect(bench.open()).toEqual([]);
    expect(bench.told('chat')).toEqual(['trigger undelivered@logcanary', 'resolve undelivered@logcanary']);
  });

  test('when the only channel that hears warnings failed it, then it is told nobody, and still shown', async () => {
    const { bench, drill } = await opened();
    drill({ pager: good, chat: missing });
    expect(bench.open()).toHaveLength(1);
    expect([bench.told('pager'), bench.told('chat')]).toEqual([[], []]);
  });

  test('when all of them failed it, then each is tried all the same', async () => {
    const { bench, drill } = await opened();
    drill({ pager: refused, chat: unresolved });
    expect(bench.open()[0]?.detail).toContain('pager, chat did not carry');
    expect(bench.told('chat')).toEqual(['trigger undelivered@logcanary']);
  });

  test.each([
    ['could not be looked at', { pager: blind, chat: blind }, true],
    ['was of other channels only', { chat: good }, true],
    ['is under way', { pager: good }, false],
    ['was stopped', { pager: { state: 'stopped', end: 'told' } }, true],
  ] as const)('when the next one %s, then nothing is taken back', async (_, next, ended) => {
    const { bench, drill } = await opened();
    drill({ pager: refused, chat: good });
    drill(next, ended);
    bench.run(minute);
    expect(bench.open('undelivered')).toHaveLength(1);
  });

  test('when it is only being held, or could not be looked at, then that alone is no incident', async () => {
    const { bench, drill } = await opened();
    drill({ pager: { state: 'refused', end: 'open' } }, false);
    drill({ pager: blind });
    expect(bench.history()).toEqual([]);
  });

  test('when logcanary restarts, then drills, the incident and what was told are as before', async () => {
    const { bench, drill } = await opened();
    const told = drill({ pager: refused, chat: good });
    await bench.restart(5_000);
    expect(bench.state.drills).toEqual([told]);
    bench.run(minute);
    expect(bench.open('undelivered')).toHaveLength(1);
    expect(bench.told('chat')).toEqual(['trigger undelivered@logcanary']);
  });

  test('when a channel that failed is taken out of the configuration, then the incident ends', async () => {
    const { bench, drill } = await opened();
    drill({ pager: refused, chat: good });
    await bench.restart(5_000, { ...bench.config, notify: bench.config.notify.filter(({ name }) => name !== 'pager') });
    bench.run(minute);
    expect(bench.open('undelivered')).toEqual([]);
  });
});

test('given a drill that goes on, when its steps are told, then it is one; of many the newest fifty are kept', async () => {
  const { bench, drill } = await opened();
  const begun = drill({ pager: good }, false);
  bench.dispatch({ type: 'drilled', drill: { ...begun, endedAt: begun.at + 5 } });
  expect(bench.state.drills).toEqual([{ ...begun, endedAt: begun.at + 5 }]);
  for (let each = 0; each < 60; each++)
    bench.dispatch({ type: 'drilled', drill: { ...begun, id: `drill-${each + 2}` } });
  expect(bench.state.drills.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, at) => `drill-${at + 12}`));
});
