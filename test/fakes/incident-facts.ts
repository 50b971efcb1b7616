import type { IncidentFacts } from '../../src/core/incident.ts';

/** 2026-11-19T18:02:00Z, 03:02 in Tokyo. */
export const sampleSince = 1_795_111_320_000;

/** A stopped pipeline at 3 a.m., changed as a test needs. */
export function sampleFacts(changes: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    id: 'inc-7',
    deployment: 'tokyo',
    pipeline: 'prod',
    hop: 'index',
    kind: 'stopped',
    severity: 'critical',
    state: 'open',
    dedupKey: '0123456789abcdef0123456789abcdef01234567',
    openedAt: sampleSince + 300_000,
    since: sampleSince,
    between: { from: 'stream', to: 'index' },
    unreadable: [],
    streams: { affected: 3, total: 3, names: ['node-a', 'node-b', 'node-c'], nodes: true },
    counts: { overdue: 420, delivered: 0, lost: 0 },
    lossDecidedAt: sampleSince + 6 * 3_600_000,
    looks: { complete: 8, asked: 8 },
    behind: ['alert'],
    detail: 'All canaries of the last 5 minutes are overdue.',
    firstLook: ['kubectl -n logging logs deploy/consumer --since=15m: refused writes?', 'iterator age of stream logs'],
    advice: [
      { run: 'kubectl -n logging logs deploy/consumer --since=15m', see: 'refused writes?' },
      { see: 'iterator age of stream {stream}', values: { stream: 'logs' } },
    ],
    ...changes,
  };
}

/** The same incident, over after 24 minutes. */
export function resolvedFacts(changes: Partial<IncidentFacts> = {}): IncidentFacts {
  const over = { state: 'resolved', resolvedAt: sampleSince + 24 * 60_000, counts: { delayed: 2016 } } as const;
  return sampleFacts({ ...over, ...changes });
}
