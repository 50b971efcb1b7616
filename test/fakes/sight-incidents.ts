/** Of lines that are odd, and of what cannot be seen. */
import { evidenceOf } from '../../src/core/evidence.ts';
import { looksFor, ownAdvice } from '../../src/core/first-look.ts';
import {
  all,
  answer401,
  answer503,
  book,
  type Change,
  hour,
  intoStream,
  none,
  quiet,
  seen,
  some,
  third,
  unseen,
  warning,
} from './known-names.ts';

export const sightIncidents = {
  duplicated: [
    {
      ...intoStream,
      ...seen,
      ...warning,
      streams: none,
      counts: {},
      evidence: [evidenceOf('duplicated', { count: 61, arrived: 840, hop: 'stream' })],
      advice: looksFor(ownAdvice.duplicated, { hop: 'stream' }),
    },
  ],
  corrupted: [
    {
      ...intoStream,
      ...seen,
      ...warning,
      streams: none,
      counts: {},
      evidence: [evidenceOf('corrupted', { count: 44, arrived: 840, hop: 'stream' })],
      advice: looksFor(ownAdvice.corrupted, { hop: 'stream' }),
    },
  ],
  vanished: [
    {
      hop: 'index',
      ...seen,
      ...warning,
      streams: some,
      counts: {},
      evidence: [evidenceOf('vanished', { missing: 88, asked: 200, hop: 'index', age: hour })],
      advice: book('elasticsearch', 'vanished'),
    },
  ],
  inconsistent: [
    {
      hop: 'index',
      ...seen,
      ...warning,
      streams: some,
      counts: {},
      evidence: [
        evidenceOf('not-shown', { missing: 12, here: 700, hop: 'index', below: { shown: ['alert'], more: 0 } }),
      ],
      advice: book('elasticsearch', 'inconsistent'),
    },
  ],
  misrouted: [
    {
      hop: 'index',
      ...seen,
      ...warning,
      streams: { affected: 2, total: 42, names: third.slice(0, 2), nodes: true },
      counts: {},
      evidence: [
        evidenceOf('misrouted', { count: 7, from: { shown: ['tenant-b'], more: 0 }, hop: 'index', pipeline: 'prod' }),
      ],
      advice: book('elasticsearch', 'misrouted'),
    },
  ],
  unreadable: [
    {
      hop: 'index',
      ...unseen,
      streams: all,
      behind: ['alert'],
      evidence: [
        evidenceOf('not-readable', { answer: answer503 }),
        evidenceOf('still-behind', { hops: { shown: ['alert'], more: 0 } }),
      ],
      advice: book('elasticsearch', 'unreadable'),
    },
  ],
  blind: [
    {
      hop: 'index',
      ...unseen,
      ...warning,
      streams: all,
      behind: [],
      evidence: [evidenceOf('not-readable', { answer: answer401 })],
      advice: book('elasticsearch', 'blind'),
    },
    {
      hop: 'emitter',
      ...quiet,
      ...warning,
      streams: all,
      evidence: [
        evidenceOf('not-readable', { answer: 'Cannot list the nodes: no answer within 10 s from 10.0.0.1:6443.' }),
        evidenceOf('goes-on', { left: 1_500_000 }),
      ],
      advice: book('kubernetes', 'blind'),
    },
  ],
  isolated: [
    {
      hop: 'logcanary',
      ...quiet,
      streams: all,
      evidence: [
        evidenceOf('isolated', {
          targets: 3,
          hops: { shown: ['stream', 'index', 'archive'], more: 0 },
          answer: 'Cannot search "filebeat-*": no answer within 10 s from https://es.prod.example:9200.',
        }),
      ],
      advice: looksFor(ownAdvice.isolated, { target: 'es.prod.example:9200' }),
    },
  ],
} satisfies Readonly<Record<string, readonly Change[]>>;
