/** Of lines that do not come as they should. */
import { evidenceOf } from '../../src/core/evidence.ts';
import { firstLooks } from '../../src/core/first-look.ts';
import { all, book, type Change, changed, intoIndex, intoStream, runway, seen, some, warning } from './known-names.ts';

export const flowIncidents = {
  stopped: [
    {
      ...intoStream,
      ...seen,
      streams: some,
      runway,
      changed,
      counts: { overdue: 420 },
      evidence: [evidenceOf('stopped', { hop: 'stream' })],
      advice: firstLooks(
        book('fluent-bit-buffer', 'into-first-hop').slice(0, 1),
        book('kinesis', 'stopped').slice(0, 1),
        book('fluent-bit-buffer', 'into-first-hop'),
      ),
    },
    {
      ...intoIndex,
      ...seen,
      streams: all,
      counts: { overdue: 84, lost: 1_260 },
      evidence: [evidenceOf('stopped', { hop: 'index' })],
      advice: firstLooks(
        book('elasticsearch', 'stopped').slice(0, 1),
        book('kinesis-iterator-age', 'out-of-first-hop'),
        book('elasticsearch', 'stopped'),
      ),
    },
    {
      hop: 'index',
      between: { from: 'the emitters', to: 'index' },
      unreadable: ['stream'],
      behind: ['alert'],
      ...seen,
      streams: all,
      counts: { overdue: 84 },
      evidence: [evidenceOf('stopped', { hop: 'index' })],
      advice: firstLooks(
        book('fluent-bit-buffer', 'into-first-hop').slice(0, 1),
        book('kinesis', 'unreadable').slice(0, 1),
        book('elasticsearch', 'stopped'),
      ),
    },
  ],
  slow: [
    {
      ...intoIndex,
      ...seen,
      ...warning,
      streams: all,
      counts: { delayed: 512, delivered: 12, overdue: 3 },
      evidence: [evidenceOf('slow', { hop: 'index', within: 180_000 })],
      advice: book('elasticsearch', 'slow'),
    },
  ],
  lossy: [
    {
      ...intoIndex,
      ...seen,
      ...warning,
      streams: some,
      counts: { delivered: 830, overdue: 9, lost: 4 },
      evidence: [evidenceOf('lossy', { losses: 13, trials: 840, hop: 'index', least: 0.009, budget: 0.001 })],
      advice: book('elasticsearch', 'lossy'),
    },
  ],
} satisfies Readonly<Record<string, readonly Change[]>>;
