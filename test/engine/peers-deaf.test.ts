/** Two logcanaries of which one hears the other and not the other way round: what one goes on with, the other may take back. */
import { describe, expect, test } from 'vitest';
import { reportOf } from '../../src/engine/peering.ts';
import { Duo, minute, type Name } from './duo.ts';

const second = 1_000;

/** `first` told the chat, the other one went on with it, and `first` took it back, which the other one did not hear. */
async function takenBack(first: Name, other: Name) {
  const duo = await Duo.open();
  // b tells first only while a is away
  if (first === 'b') duo.kill('a');
  duo.run(minute);
  duo.stop('stream');
  duo.run(2 * minute);
  await duo.revive('a');
  duo.run(2 * minute);
  expect(notifiedBy(duo)).toEqual([first]);
  duo.deaf.add(other);
  duo.run(80 * second);
  expect(notifiedBy(duo)).toEqual([other]);
  duo.deaf.add(first);
  duo.run(61 * second);
  expect(notifiedBy(duo).toSorted()).toEqual(['a', 'b']);
  return duo;
}

/** Who answers for the end that the chat is to hear. */
function notifiedBy({ benches }: Duo): string[] {
  return (['a', 'b'] as const).filter((each) =>
    [...benches[each].state.open.values()].some(
      ({ facts, notified }) => facts.kind === 'stopped' && notified.includes('chat'),
    ),
  );
}

const chatOf = (duo: Duo) =>
  duo.said('chat').flatMap(({ by, row }) => (row.facts.kind === 'stopped' ? [`${by} ${row.action}`] : []));

describe.each([
  ['a', 'b'],
  ['b', 'a'],
] as const)('given %s told, %s went on with it, and then the first took it back, each deaf in turn', (first, other) => {
  test.each([[[]], [[first]], [[other]], [[first, other]]])(
    'when %s start anew and all is well again, then the chat hears its end once',
    async (dead: readonly Name[]) => {
      const duo = await takenBack(first, other);
      for (const each of dead) duo.kill(each);
      duo.stop('stream', false);
      duo.deaf.clear();
      for (const each of dead) await duo.revive(each);
      duo.run(25 * minute);
      expect([duo.open('a'), duo.open('b')]).toEqual([[], []]);
      expect(chatOf(duo)).toEqual([`${first} trigger`, expect.stringMatching(/resolve$/)]);
    },
  );

  test('when their answers cross on their way, then one of them keeps it, and the chat hears its end', async () => {
    const duo = await takenBack(first, other);
    const { a, b } = duo.benches;
    const [ofA, ofB] = [reportOf(a.state, true), reportOf(b.state, true)];
    a.dispatch({ type: 'peer-heard', name: 'b', report: ofB });
    b.dispatch({ type: 'peer-heard', name: 'a', report: ofA });
    expect(notifiedBy(duo)).toEqual(['a']);
    duo.deaf.clear();
    duo.stop('stream', false);
    duo.run(5 * minute);
    expect(chatOf(duo)).toEqual([`${first} trigger`, 'a resolve']);
  });

  test('when they hear each other while it lasts, then one answers for it, and nobody is told again', async () => {
    const duo = await takenBack(first, other);
    duo.kill(first);
    duo.deaf.clear();
    await duo.revive(first);
    duo.run(5 * minute);
    expect(notifiedBy(duo)).toHaveLength(1);
    expect(chatOf(duo)).toEqual([`${first} trigger`]);
  });
});

test('given a claim that was honoured and told anew since, when it is made again after a restart of ours, then we keep what we told', async () => {
  const duo = await Duo.open();
  duo.run(minute);
  duo.stop('stream');
  duo.run(2 * minute);
  const { a, b } = duo.benches;
  const [incident] = a.open('stopped');
  const claim = { instance: a.state.instance, id: incident?.id ?? '', notifier: 'chat' };
  const report = { ...reportOf(b.state, true), open: [], taken: [claim] };
  duo.kill('b');
  const hear = () => a.dispatch({ type: 'peer-heard', name: 'b', report });
  hear();
  expect(notifiedBy(duo)).not.toContain('a');
  duo.run(3 * minute);
  expect(notifiedBy(duo)).toEqual(['a']);
  duo.kill('a');
  await duo.revive('a');
  hear();
  expect(notifiedBy(duo)).toContain('a');
});
