/** What a silence is about, and what it never hides. */
import { expect, test } from 'vitest';
import { covers } from '../../src/core/maintenance.ts';
import { matches, type Silence, type Silenceable, silences, subjectOf } from '../../src/core/silence.ts';
import { placeFaults, placesOf } from '../../src/core/window.ts';
import { configOf, diskCheck, sandboxPipeline } from '../engine/sandbox-config.ts';

const incident: Silenceable = { id: 'inc-1', pipeline: 'prod', hop: 'index', kind: 'slow' };
const silence = (about: Partial<Silence>): Silence => ({
  id: 'sil-1',
  from: 0,
  until: 10,
  reason: 'x',
  by: 'y',
  ...about,
});

test.each<[Partial<Silence>, Partial<Silenceable>, boolean]>([
  [{ pipeline: 'prod' }, {}, true],
  [{ pipeline: 'staging' }, {}, false],
  [{ hop: 'index' }, { pipeline: 'staging' }, true],
  [{ hop: 'stream' }, {}, false],
  [{ kind: 'slow' }, {}, true],
  [{ pipeline: 'prod', hop: 'index', kind: 'lossy' }, {}, false],
  // one incident: not the next at the same place, though it has its place and kind
  [{ ...incident, id: 'sil-1', incident: 'inc-1' }, {}, true],
  [{ ...incident, id: 'sil-1', incident: 'inc-1' }, { id: 'inc-2' }, false],
  // what concerns us all has to be named
  [{ pipeline: 'prod' }, { hop: 'logcanary', kind: 'isolated' }, false],
  [{ pipeline: 'prod' }, { hop: 'alertmanager', kind: 'silent' }, false],
  [{ hop: 'alertmanager' }, { hop: 'alertmanager', kind: 'silent' }, true],
  [{ kind: 'clock' }, { hop: 'logcanary', kind: 'clock' }, true],
  // a storm stands for troubles anywhere
  [{ hop: 'logcanary' }, { hop: 'logcanary', kind: 'storm' }, false],
  [{ kind: 'storm' }, { hop: 'logcanary', kind: 'storm' }, true],
  [{ incident: 'inc-1' }, { hop: 'logcanary', kind: 'storm' }, true],
  // without a ledger nobody watches
  [{ pipeline: 'prod' }, { hop: 'logcanary', kind: 'ledger' }, false],
  [{ kind: 'ledger' }, { hop: 'logcanary', kind: 'ledger' }, false],
])('given a silence of %j, when it meets an incident with %j, then it matches: %s', (about, changed, yes) => {
  expect(matches(silence(about), { ...incident, ...changed })).toBe(yes);
});

test('given its times, then it holds from its beginning until just before its end', () => {
  expect([-1, 0, 9, 10].map((now) => silences(silence({ hop: 'index' }), incident, now))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('given maintenance, when there is a storm, then only maintenance of everything covers that', () => {
  const storm = { pipeline: 'prod', hop: 'logcanary', kind: 'storm' } as const;
  expect([{ pipeline: 'prod' }, {}].map((about) => covers(silence(about), storm, 5))).toEqual([false, true]);
});

test.each<[Partial<Silence>, string]>([
  [{ kind: 'slow', pipeline: 'prod', hop: 'index' }, 'slow at prod/index'],
  [{ pipeline: 'prod' }, 'everything in prod'],
  [{ hop: 'index' }, 'everything at any pipeline/index'],
  [{ kind: 'lossy' }, 'lossy everywhere'],
  [{ incident: 'inc-12', pipeline: 'prod', hop: 'index', kind: 'slow' }, 'inc-12 (slow at prod/index)'],
])('given %j, when said, then it is "%s"', (about, said) => {
  expect(subjectOf(silence(about))).toBe(said);
});

test('given a configuration, then every place of incidents can be named, and others are refused with what there is', () => {
  const pings = [{ name: 'alertmanager', everyMs: 1, graceMs: 1 }];
  const places = placesOf(configOf({ pipelines: [sandboxPipeline({ checks: [diskCheck] })], expectedPings: pings }));
  for (const hop of ['stream', 'disk', 'emitter', 'logcanary', 'alertmanager']) {
    expect(placeFaults({ hop }, places)).toEqual([]);
    expect(placeFaults({ pipeline: 'sandbox', hop }, places)).toEqual([]);
  }
  expect(placeFaults({ pipeline: 'prod', hop: 'x' }, places)).toEqual([
    'There is no such pipeline "prod". There are: sandbox.',
  ]);
  const [fault = ''] = placeFaults({ pipeline: 'sandbox', hop: 'indx' }, places);
  expect(fault).toMatch(/^There is no such hop or check "indx" of sandbox\. There are: stream, index, /);
});
