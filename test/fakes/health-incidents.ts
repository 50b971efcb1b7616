/** Of figures, of what writes and pings, and of ourselves. */
import { evidenceOf } from '../../src/core/evidence.ts';
import { looksFor, ownAdvice } from '../../src/core/first-look.ts';
import { all, book, type Change, disk, none, pinging, quiet, seen, some, third, url, warning } from './known-names.ts';

export const healthIncidents = {
  reading: [
    {
      hop: 'index',
      ...quiet,
      evidence: [evidenceOf('figure-soon', disk)],
      advice: book('elasticsearch-disk', 'reading'),
    },
    {
      hop: 'index',
      ...quiet,
      ...warning,
      evidence: [evidenceOf('problem', { problem: 'index logs-1 refuses writes (read_only_allow_delete)' })],
      advice: book('elasticsearch-disk', 'reading'),
    },
    {
      hop: 'fluent-bit-buffer',
      ...quiet,
      ...warning,
      evidence: [
        evidenceOf('dropped-by', {
          agent: 'fluent-bit',
          names: { shown: ['ip-10-0-3-17'], more: 0 },
          count: 1_039,
          what: 'records dropped',
          subject: 'es.0',
        }),
      ],
      advice: book('fluent-bit-buffer', 'reading'),
    },
    {
      hop: 'elasticsearch-disk',
      ...quiet,
      ...warning,
      kind: 'unreadable',
      evidence: [
        evidenceOf('figure-not-readable', {
          answer: 'Cannot read the disks: 403 from https://es.prod.example:9200. Grant the cluster privilege monitor.',
        }),
      ],
      advice: book('elasticsearch-disk', 'unreadable'),
    },
  ],
  injection: [
    {
      hop: 'emitter',
      ...quiet,
      ...warning,
      streams: some,
      evidence: [
        evidenceOf('not-written', { answer: 'Cannot hand lines to logcanary-emitter-x7k2p: 503 from 10.0.0.1:6443.' }),
      ],
      advice: book('kubernetes', 'injection'),
    },
  ],
  uncovered: [
    {
      hop: 'emitter',
      ...quiet,
      ...warning,
      streams: { affected: 2, total: 42, names: third.slice(0, 2), nodes: true },
      evidence: [
        evidenceOf('uncovered', {
          bare: 2,
          total: 42,
          places: { shown: ['ip-10-0-3-17: CrashLoopBackOff', 'ip-10-0-3-21: no emitter pod'], more: 0 },
        }),
      ],
      advice: book('kubernetes', 'uncovered'),
    },
  ],
  forged: [
    {
      hop: 'stream',
      ...seen,
      ...warning,
      streams: none,
      counts: {},
      behind: [],
      evidence: [evidenceOf('forged', { hop: 'stream' })],
      advice: looksFor(ownAdvice.forged, { hop: 'stream' }),
    },
  ],
  clock: [
    {
      hop: 'logcanary',
      ...quiet,
      ...warning,
      evidence: [evidenceOf('clock-ahead', { by: 75_000 })],
      advice: looksFor(ownAdvice.clock),
    },
  ],
  unproven: [
    {
      hop: 'index',
      ...seen,
      ...warning,
      streams: all,
      counts: { overdue: 84 },
      behind: [],
      evidence: [evidenceOf('unproven', { hop: 'index' })],
      advice: book('elasticsearch', 'unproven'),
    },
    {
      hop: pinging.name,
      ...quiet,
      ...warning,
      evidence: [evidenceOf('ping-never', pinging)],
      advice: looksFor(ownAdvice['ping-never'], { name: pinging.name, url }),
    },
  ],
  silent: [
    {
      hop: pinging.name,
      ...quiet,
      ...warning,
      evidence: [evidenceOf('ping-late', pinging)],
      advice: looksFor(ownAdvice['ping-late'], { name: pinging.name, url }),
    },
  ],
  undelivered: [
    {
      hop: 'logcanary',
      ...quiet,
      ...warning,
      evidence: [
        evidenceOf('undelivered', {
          channels: { shown: ['pagerduty'], more: 0 },
          drill: 'drill 12',
          answer: 'PagerDuty took it, and has no such incident after 60 s.',
        }),
      ],
      advice: looksFor(ownAdvice.undelivered, { file: 'logcanary.yaml' }),
    },
  ],
  storm: [
    {
      hop: 'logcanary',
      ...quiet,
      evidence: [
        evidenceOf('storm', {
          count: 17,
          places: { shown: ['stopped prod/index', 'stopped audit/index', 'unreadable dev/index'], more: 14 },
        }),
      ],
      advice: looksFor(ownAdvice.storm, { file: 'logcanary.yaml' }),
    },
  ],
  ledger: [
    {
      pipeline: '',
      hop: 'logcanary',
      ...quiet,
      detail: 'Cannot write the ledger /var/lib/logcanary/logcanary.db: the disk is full.',
      advice: looksFor(ownAdvice.ledger),
    },
  ],
} satisfies Readonly<Record<string, readonly Change[]>>;
