/** Two logcanaries when very much happens at once, and three of them. */
import { describe, expect, test } from 'vitest';
import { Duo, minute } from './duo.ts';
import { hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';

describe('given very many incidents at once', () => {
  const tenants = Array.from({ length: 12 }, (_, at) =>
    sandboxPipeline({
      ...{ name: `tenant-${at + 1}`, inject: [injectSpec({ name: `node-${at + 1}`, everyMs: 20_000 })] },
      ...{ hops: [hopSpec({ name: 'stream', withinMs: 20_000, pollMs: 10_000 })], stoppedEveryMs: 20_000 },
    }),
  );
  const chatOnly = (duo: Duo) => duo.story('chat').filter((each) => !each.includes('silent'));

  test('when they are told as a storm, then the other one tells none of them, and their end once', async () => {
    const duo = await Duo.open({ pipelines: tenants });
    duo.stop('stream');
    duo.run(4 * minute);
    expect(chatOnly(duo).toSorted()).toEqual([
      ...new Array(10).fill('a trigger stopped@stream'),
      'a trigger storm@logcanary',
    ]);
    duo.stop('stream', false);
    duo.run(4 * minute);
    expect(chatOnly(duo).slice(11).toSorted()).toEqual([
      ...new Array(10).fill('a resolve stopped@stream'),
      'a resolve storm@logcanary',
    ]);
  });

  test('when who told the storm dies, then the other one tells nobody again, and the end of all', async () => {
    const duo = await Duo.open({ pipelines: tenants });
    duo.stop('stream');
    duo.run(4 * minute);
    duo.kill('a');
    duo.run(3 * minute);
    expect(chatOnly(duo)).toHaveLength(11);
    duo.stop('stream', false);
    duo.run(15 * minute);
    expect(chatOnly(duo).slice(11).toSorted()).toEqual([
      ...new Array(10).fill('b resolve stopped@stream'),
      'b resolve storm@logcanary',
    ]);
  });
});

describe('given three of them', () => {
  const chatOf = (duo: Duo, hop: string) =>
    duo.said('chat').flatMap(({ by, row }) => (row.facts.hop === hop ? [`${by} ${row.action}`] : []));

  test('when the one that told dies, then one of the others goes on with it, and tells the end once', async () => {
    const duo = await Duo.open({ members: ['a', 'b', 'c'] });
    duo.stop('index');
    duo.run(4 * minute);
    expect(chatOf(duo, 'index')).toEqual(['a trigger']);
    duo.kill('a');
    duo.run(5 * minute);
    duo.stop('index', false);
    duo.run(20 * minute);
    expect(chatOf(duo, 'index')).toEqual(['a trigger', 'b resolve']);
    expect([duo.open('b'), duo.open('c')]).toEqual([['silent@a'], ['silent@a']]);
  });

  test('when who goes on with it dies, too, then the third one does', async () => {
    const duo = await Duo.open({ members: ['a', 'b', 'c'] });
    duo.stop('index');
    duo.run(4 * minute);
    duo.kill('a');
    duo.run(3 * minute);
    duo.kill('b');
    duo.stop('archive');
    duo.run(5 * minute);
    expect([chatOf(duo, 'index'), chatOf(duo, 'archive')]).toEqual([['a trigger'], ['c trigger']]);
    duo.stop('index', false);
    duo.stop('archive', false);
    duo.run(20 * minute);
    expect([chatOf(duo, 'index'), chatOf(duo, 'archive')]).toEqual([
      ['a trigger', 'c resolve'],
      ['c trigger', 'c resolve'],
    ]);
  });

  test('when one alone saw something and dies, then one of the others ends it', async () => {
    const duo = await Duo.open({ members: ['a', 'b', 'c'] });
    duo.blind.a.add('archive');
    duo.run(2 * minute);
    duo.kill('a');
    duo.run(20 * minute);
    expect(chatOf(duo, 'archive')).toEqual(['a trigger', 'b resolve']);
  });
});
