/** One of two logcanaries dies, and comes back: who tells what, and the end of it. */
import { describe, expect, test } from 'vitest';
import { Duo, minute } from './duo.ts';
import { refusal } from './scene.ts';

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

  test('when its channel had not taken it yet, then the other one tells it', async () => {
    const duo = await Duo.open();
    duo.scene.channels.set('chat', refusal(true));
    duo.stop('index');
    expect(duo.runUntil(3 * minute, () => duo.open('a').length > 0)).toBe(true);
    duo.run(30_000);
    duo.kill('a');
    duo.scene.channels.delete('chat');
    duo.run(2 * minute);
    expect(duo.story('chat')).toEqual(['b trigger stopped@index']);
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

  test('when it is not dead but was suspended, then on its waking it hears first who told what', async () => {
    const duo = await Duo.open();
    duo.kill('a');
    duo.stop('index');
    duo.run(20 * minute);
    const before = duo.story('chat').length;
    // it wakes with all that it knew, and with its peer's report of 20 minutes ago
    const { a } = duo.benches;
    const from = a.now;
    a.now = duo.now;
    duo.dead.delete('a');
    a.dispatch({ type: 'unwatched', from });
    duo.run(5 * minute);
    expect(duo.open('a')).toContain('stopped@index');
    expect(duo.story('chat').filter((each) => each.includes('index'))).toEqual(['b trigger stopped@index']);
    expect(duo.story('chat').length - before).toBeLessThanOrEqual(1);
  });
});
