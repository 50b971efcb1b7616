/** Two logcanaries on one pipeline: one telling of each incident, an end that both agree on, and one that goes on alone. */
import { describe, expect, test } from 'vitest';
import type { NotifierSpec } from '../../src/core/pipeline.ts';
import { Duo, dedupPager, minute } from './duo.ts';
import { chat } from './sandbox-config.ts';
import { refusal } from './scene.ts';

describe('given two logcanaries that hear each other', () => {
  test('when something stops and goes on, then the pager hears both, the chat hears one, and the end once', async () => {
    const duo = await Duo.open();
    duo.stop('index');
    duo.run(4 * minute);
    expect([duo.open('a'), duo.open('b')]).toEqual([['stopped@index'], ['stopped@index']]);
    expect(duo.story('pager').toSorted()).toEqual(['a trigger stopped@index', 'b trigger stopped@index']);
    expect(duo.story('chat')).toEqual(['a trigger stopped@index']);
    duo.stop('index', false);
    duo.run(5 * minute);
    expect([duo.open('a'), duo.open('b')]).toEqual([[], []]);
    expect(duo.story('pager').slice(2).toSorted()).toEqual(['a resolve stopped@index', 'b resolve stopped@index']);
    expect(duo.story('chat')).toEqual(['a trigger stopped@index', 'a resolve stopped@index']);
  });

  test('when only the second one sees it, then it tells the chat itself, a little later, and the end', async () => {
    const duo = await Duo.open();
    duo.blind.a.add('archive');
    duo.run(minute);
    duo.stop('archive');
    expect(duo.runUntil(2 * minute, () => duo.open('b').includes('stopped@archive'))).toBe(true);
    const opened = duo.now;
    duo.run(3 * minute);
    const told = duo.said('chat').filter(({ row }) => row.facts.kind === 'stopped');
    expect(told.map(({ by }) => by)).toEqual(['b']);
    expect((told[0]?.at ?? 0) - opened).toBeGreaterThan(50_000);
    duo.stop('archive', false);
    duo.run(5 * minute);
    expect(duo.story('chat').filter((each) => each.includes('stopped'))).toEqual([
      'b trigger stopped@archive',
      'b resolve stopped@archive',
    ]);
  });

  test('when one cannot look any more, then the other one need not wait for it with the end', async () => {
    const duo = await Duo.open();
    duo.stop('archive');
    duo.run(3 * minute);
    duo.blind.b.add('archive');
    duo.run(minute);
    duo.stop('archive', false);
    duo.run(5 * minute);
    expect(duo.open('a')).toEqual([]);
    expect(duo.open('b')).toContain('stopped@archive');
    expect(duo.story('chat').filter((each) => each.includes('stopped'))).toEqual([
      'a trigger stopped@archive',
      'a resolve stopped@archive',
    ]);
    duo.blind.b.clear();
    duo.run(5 * minute);
    expect(duo.open('b')).toEqual([]);
    expect(duo.story('chat').filter((each) => each.includes('stopped'))).toHaveLength(2);
  });

  test('when it is bad again where one never saw the end, then who goes first has its time to tell, too', async () => {
    const duo = await Duo.open();
    duo.stop('archive');
    duo.run(3 * minute);
    duo.blind.b.add('archive');
    duo.run(minute);
    duo.stop('archive', false);
    duo.run(4 * minute);
    duo.blind.a.add('archive');
    duo.stop('archive');
    duo.run(20_000);
    duo.blind.b.clear();
    const told = () => duo.story('chat').filter((each) => each.includes('stopped'));
    const [incident] = [...duo.benches.b.state.open.values()].filter(({ facts }) => facts.kind === 'stopped');
    expect(incident?.closedAt).toBeDefined();
    expect(duo.runUntil(3 * minute, () => incident?.closedAt === undefined)).toBe(true);
    duo.run(30_000);
    expect(told()).toEqual(['a trigger stopped@archive', 'a resolve stopped@archive']);
    duo.run(minute);
    expect(told().slice(2)).toEqual(['b trigger stopped@archive']);
  });

  test('when it is over for one and not yet for the other, then nobody is told so before both agree', async () => {
    const duo = await Duo.open();
    duo.blind.b.add('index');
    duo.run(3 * minute);
    expect(duo.open('b')).toEqual(['blind@index']);
    duo.blind.a.add('index');
    duo.run(minute);
    expect(duo.open('a')).toEqual(['blind@index']);
    duo.blind.a.clear();
    duo.run(10 * minute);
    expect(duo.open('a')).toEqual(['blind@index']);
    expect([...duo.benches.a.state.open.values()][0]?.awaits).toEqual(['b']);
    expect(duo.said().filter(({ row }) => row.action === 'resolve')).toEqual([]);
    duo.blind.b.clear();
    duo.run(3 * minute);
    expect([duo.open('a'), duo.open('b')]).toEqual([[], []]);
    expect(duo.story('chat').map((each) => each.slice(2))).toEqual(['trigger blind@index', 'resolve blind@index']);
  });

  test('when people set a maintenance at one of them, then it holds at the other one, too', async () => {
    const duo = await Duo.open();
    const { a } = duo.benches;
    const wanted = { from: a.now, until: a.now + 10 * minute, reason: 'upgrade', by: 'ops' };
    a.dispatch({ type: 'maintain', wanted, told: () => {} });
    duo.run(20_000);
    duo.stop('index');
    duo.run(5 * minute);
    duo.stop('index', false);
    duo.run(10 * minute);
    expect(duo.said()).toEqual([]);
  });

  test('when people silence an incident at one of them, then the other one does not tell it either, and tells others', async () => {
    const duo = await Duo.open();
    const { a } = duo.benches;
    const wanted = { hop: 'index', from: a.now, until: a.now + 60 * minute, reason: 'known', by: 'ops' };
    a.dispatch({ type: 'silence', wanted, told: () => {} });
    duo.run(20_000);
    duo.stop('index');
    duo.stop('archive');
    duo.run(5 * minute);
    expect([duo.open('a'), duo.open('b')].map((each) => each.includes('stopped@index'))).toEqual([true, true]);
    expect(duo.story('chat')).toEqual(['a trigger stopped@archive']);
    expect(duo.story('pager').toSorted()).toEqual(['a trigger stopped@archive', 'b trigger stopped@archive']);
  });

  test('when the chat is down for both and comes back, then it is told once', async () => {
    const duo = await Duo.open();
    duo.scene.channels.set('chat', refusal(true));
    duo.stop('index');
    duo.run(8 * minute);
    expect(duo.story('chat')).toEqual([]);
    duo.scene.channels.delete('chat');
    duo.run(5 * minute);
    duo.stop('index', false);
    duo.run(5 * minute);
    expect(duo.story('chat').map((each) => each.slice(2))).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when the pager is down and the chat stands in for it, then the chat is told once', async () => {
    const notify: NotifierSpec[] = [
      { ...dedupPager, fallback: { to: 'chat', afterMs: minute } },
      { ...chat, standby: true },
    ];
    const duo = await Duo.open({ notify });
    duo.scene.channels.set('pager', refusal(true));
    duo.stop('index');
    duo.run(6 * minute);
    expect(duo.story('chat')).toEqual(['a trigger stopped@index']);
    duo.stop('index', false);
    duo.run(6 * minute);
    expect(duo.story('chat')).toEqual(['a trigger stopped@index', 'a resolve stopped@index']);
  });
});

describe('given they cannot hear each other', () => {
  test('when something stops, then both tell: twice is better than never', async () => {
    const duo = await Duo.open();
    duo.deaf.add('a').add('b');
    duo.run(2 * minute);
    duo.stop('index');
    duo.run(4 * minute);
    expect(duo.story('chat').toSorted()).toEqual(['a trigger stopped@index', 'b trigger stopped@index']);
  });

  test('when one was given up and ended what the other one still sees, then all are told anew', async () => {
    const duo = await Duo.open({ notify: [{ ...dedupPager, minSeverity: 'warning' }, chat] });
    const last = (channel: string) =>
      duo
        .story(channel)
        .filter((each) => each.includes('blind'))
        .at(-1);
    duo.blind.a.add('index');
    duo.blind.b.add('index');
    duo.run(2 * minute);
    duo.deaf.add('a').add('b');
    duo.blind.b.clear();
    duo.run(20 * minute);
    expect(duo.open('b')).not.toContain('blind@index');
    expect([last('pager'), last('chat')]).toEqual(['b resolve blind@index', 'b resolve blind@index']);
    duo.deaf.clear();
    duo.run(3 * minute);
    expect([last('pager'), last('chat')]).toEqual(['a trigger blind@index', 'a trigger blind@index']);
  });
});
