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

  test('when it begins anew where one never saw the end, then who goes first still has its time to tell', async () => {
    const duo = await Duo.open();
    duo.stop('archive');
    duo.run(3 * minute);
    duo.blind.b.add('archive');
    duo.run(minute);
    duo.stop('archive', false);
    duo.run(4 * minute);
    duo.stop('archive');
    duo.run(20_000);
    duo.blind.b.clear();
    duo.run(3 * minute);
    expect(duo.story('chat').filter((each) => each.includes('stopped'))).toEqual([
      'a trigger stopped@archive',
      'a resolve stopped@archive',
      'a trigger stopped@archive',
    ]);
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

describe('given the one that tells dies', () => {
  test('when it had not told yet, then the other one does within little more than a minute', async () => {
    const duo = await Duo.open();
    duo.kill('a');
    duo.stop('index');
    expect(duo.runUntil(2 * minute, () => duo.open('b').length > 0)).toBe(true);
    duo.run(70_000);
    expect(duo.story('pager')).toEqual(['b trigger stopped@index']);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index']);
    await duo.revive('a');
    duo.run(3 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index']);
    duo.stop('index', false);
    duo.run(5 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index', 'b resolve stopped@index']);
  });

  test('when it had told, then the other one tells no more than the end, as a continuation, once it is given up', async () => {
    const duo = await Duo.open();
    duo.stop('index');
    duo.run(4 * minute);
    duo.kill('a');
    duo.stop('index', false);
    duo.run(13 * minute);
    expect(duo.story('chat')).toEqual(['a trigger stopped@index']);
    duo.run(5 * minute);
    const ofIndex = () => duo.said('chat').filter(({ row }) => row.facts.hop === 'index');
    expect(ofIndex().map(({ by, row }) => `${by} ${row.action}`)).toEqual(['a trigger', 'b resolve']);
    expect(ofIndex()[1]?.receipt).toBe(`chat-${ofIndex()[0]?.row.id}`);
    await duo.revive('a');
    duo.run(10 * minute);
    expect([duo.open('a'), duo.open('b')]).toEqual([[], []]);
    expect(ofIndex()).toHaveLength(2);
  });

  test('when it comes back while the trouble lasts, then it goes on without telling anybody again', async () => {
    const duo = await Duo.open();
    duo.stop('index');
    duo.run(4 * minute);
    duo.kill('a');
    duo.run(5 * minute);
    await duo.revive('a');
    duo.run(5 * minute);
    duo.stop('index', false);
    duo.run(5 * minute);
    expect(duo.story('chat').map((each) => each.slice(2))).toEqual(['trigger stopped@index', 'resolve stopped@index']);
  });

  test('when its telling was on its way, then at its return it hears first what the other one did meanwhile', async () => {
    const duo = await Duo.open();
    const { a } = duo.benches;
    a.onCommit = (bench) => {
      if (bench.state.outbox.size > 0) bench.deaf = true;
    };
    duo.stop('index');
    expect(duo.runUntil(3 * minute, () => a.deaf)).toBe(true);
    a.onCommit = () => {};
    duo.kill('a');
    duo.run(3 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index']);
    await duo.revive('a');
    duo.run(3 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index']);
    duo.stop('index', false);
    duo.run(5 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index', 'b resolve stopped@index']);
  });

  test('when it alone had seen something, then the other one ends that after a quarter of an hour', async () => {
    const duo = await Duo.open();
    duo.blind.a.add('archive');
    duo.run(2 * minute);
    expect(duo.story('chat')).toEqual(['a trigger blind@archive']);
    duo.kill('a');
    duo.run(14 * minute);
    expect(duo.story('chat')).toHaveLength(1);
    duo.run(3 * minute);
    expect(duo.story('chat').slice(1)).toContain('b resolve blind@archive');
    // it is still blind when it comes back: people believe that it is over, so they are told anew
    await duo.revive('a');
    duo.run(3 * minute);
    expect(duo.story('chat').filter((each) => each.includes('blind'))).toEqual([
      'a trigger blind@archive',
      'b resolve blind@archive',
      'a trigger blind@archive',
    ]);
    // the next start of it knows no more of that, and nobody is told again
    duo.kill('a');
    duo.run(20_000);
    await duo.revive('a');
    duo.run(4 * minute);
    expect(duo.story('chat').filter((each) => each.includes('blind'))).toHaveLength(3);
  });

  test('when it is over and begins anew while it is away, then that is told anew', async () => {
    const duo = await Duo.open();
    duo.blind.a.add('index');
    duo.run(2 * minute);
    duo.blind.b.add('index');
    duo.run(2 * minute);
    duo.blind.a.clear();
    duo.run(2 * minute);
    duo.kill('a');
    duo.run(2 * minute);
    duo.blind.b.clear();
    duo.run(2 * minute);
    expect(duo.story('chat')).toEqual(['a trigger blind@index', 'b resolve blind@index']);
    duo.blind.b.add('index');
    duo.run(2 * minute);
    expect(duo.story('chat').slice(2)).toEqual(['b trigger blind@index']);
  });

  test('when it stays away while something is wrong, then the other one tells nobody that it is over', async () => {
    const duo = await Duo.open();
    duo.stop('index');
    duo.run(3 * minute);
    duo.kill('a');
    duo.run(40 * minute);
    expect(duo.open('b')).toContain('stopped@index');
    expect(duo.said().filter(({ row }) => row.action === 'resolve')).toEqual([]);
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

  test('when one was given up and ended what the other one still sees, then the pager is told anew', async () => {
    const duo = await Duo.open();
    duo.blind.a.add('index');
    duo.blind.b.add('index');
    duo.run(2 * minute);
    duo.deaf.add('a').add('b');
    duo.blind.b.clear();
    duo.run(20 * minute);
    expect(duo.open('b')).not.toContain('blind@index');
    expect(
      duo
        .story('chat')
        .filter((each) => each.includes('blind'))
        .at(-1),
    ).toBe('b resolve blind@index');
    duo.deaf.clear();
    duo.run(3 * minute);
    expect(
      duo
        .story('chat')
        .filter((each) => each.includes('blind'))
        .at(-1),
    ).toBe('a trigger blind@index');
  });
});
