/** Which incident is meant, and what follows from its kind. */
import type { IncidentKind } from '../core/incident.ts';
import type { IncidentRow } from '../core/ledger.ts';

/** Incidents after which a backlog arrives: what was emitted in their time is theirs. */
export const flowKinds: ReadonlySet<IncidentKind> = new Set(['stopped', 'slow', 'lossy', 'unreadable']);

/** One incident may be open per pipeline, hop and kind. */
export function keyOf(row: Pick<IncidentRow, 'pipeline' | 'hop' | 'kind'>): string {
  return JSON.stringify([row.pipeline, row.hop, row.kind]);
}
