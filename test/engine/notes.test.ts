/** Notes of people: kept with an incident, over restarts, and shown where that wakes nobody. */
import { expect, test } from 'vitest';
import { notesKept } from '../../src/core/note.ts';
import type { NotifierSpec } from '../../src/core/pipeline.ts';
import { healthOf } from '../../src/engine/health.ts';
import { viewOf } from '../../src/engine/view.ts';
import { Bench } from './harness.ts';
import { chat, configOf, injectSpec, pager, sandboxPipeline } from './sandbox-config.ts';
import { refusal, Scene } from './scene.ts';

const minute = 60_000;
const thread: NotifierSpec = { ...chat, name: 'thread', takesNotes: true };

async function opened(notify: readonly NotifierSpec[] = [pager, chat, thread]) {
  const scene = new Scene();
  const bench = await Bench.open(
    scene,
    configOf({ notify, pipelines: [sandboxPipeline({ inject: [injectSpec({ name: 'node-a', everyMs: 2_000 })] })] }),
  );
  bench.run(minute);
  scene.stage('index').stopped = true;
  bench.run(minute);
  const note = (said: { cause?: string; ticket?: string }, incident = 'inc-1') => {
    let at: number | undefined;
    bench.dispatch({ type: 'noted', incident, note: { by: 'aki', ...said }, told: (made) => (at = made?.at) });
    return at;
  };
  const mend = () => {
    scene.stage('index').stopped = false;
    bench.run(2 * minute);
  };
  const shown = () => viewOf(bench.state, { ok: true, problems: [] }).incidents.find(({ id }) => id === 'inc-1')?.notes;
  return { scene, bench, note, mend, shown };
}

test('given an open incident, when noted, then it keeps that while it goes on, is over, and over restarts', async () => {
  const { bench, note, mend, shown } = await opened();
  const at = note({ cause: 'a full disk' });
  bench.run(minute);
  const kept = [{ at, by: 'aki', cause: 'a full disk' }];
  expect(shown()).toEqual(kept);
  await bench.restart(1_000);
  bench.run(minute);
  expect(shown()).toEqual(kept);
  mend();
  expect(bench.open()).toEqual([]);
  expect(shown()).toEqual(kept);
  await bench.restart(1_000);
  expect(shown()).toEqual(kept);
});

test('given one that is over, when noted, then it is kept, too, and nothing begins anew', async () => {
  const { bench, note, mend, shown } = await opened();
  mend();
  expect(note({ ticket: 'OPS-12' })).toBe(bench.now);
  bench.run(minute);
  expect(shown()).toMatchObject([{ ticket: 'OPS-12' }]);
  expect(bench.told('thread')).toEqual(['trigger stopped@index', 'resolve stopped@index', 'note stopped@index']);
  expect(bench.told('pager')).toEqual(['trigger stopped@index', 'resolve stopped@index']);
});

test('given none of that name, when noted, then nothing is kept or told', async () => {
  const { bench, note } = await opened();
  expect(note({ cause: 'x' }, 'inc-2')).toBeUndefined();
  bench.run(minute);
  expect(bench.told('thread')).toEqual(['trigger stopped@index']);
});

test('given channels, when noted, then only one that can show it without waking anybody is told', async () => {
  const { bench, note } = await opened();
  note({ cause: 'a full disk' });
  bench.run(minute);
  expect([bench.told('pager'), bench.told('chat')]).toEqual([['trigger stopped@index'], ['trigger stopped@index']]);
  expect(bench.told('thread')).toEqual(['trigger stopped@index', 'note stopped@index']);
  expect(bench.sent.at(-1)?.row.facts.notes).toMatchObject([{ cause: 'a full disk' }]);
});

test('given a channel that was not told of the incident, when noted, then it is not told of the note', async () => {
  const { bench, note } = await opened([{ ...thread, only: { kinds: ['slow'] } }]);
  note({ cause: 'x' });
  bench.run(minute);
  expect(bench.told('thread')).toEqual([]);
});

test('given many notes, when one more is written, then the newest are kept', async () => {
  const { note, shown } = await opened();
  for (let at = 0; at <= notesKept; at++) note({ cause: `cause ${at}` });
  const causes = shown()?.map(({ cause }) => cause) ?? [];
  expect([causes.length, causes[0], causes.at(-1)]).toEqual([notesKept, 'cause 1', `cause ${notesKept}`]);
});

test('given a channel that is down after it was told, when a note waits for it, then no page counts as untold', async () => {
  const { scene, bench, note } = await opened([thread]);
  scene.channels.set('thread', refusal(true));
  note({ cause: 'x' });
  bench.run(10 * minute);
  expect(healthOf(bench.state, undefined)).toEqual({ ok: true, problems: [] });
});
