/** One incident of each kind as people would get it: for reading, and for tests of wording. */
import { evidenceText } from '../../src/core/evidence.ts';
import { lookText } from '../../src/core/first-look.ts';
import type { IncidentFacts, IncidentKind } from '../../src/core/incident.ts';
import { flowIncidents } from './flow-incidents.ts';
import { healthIncidents } from './health-incidents.ts';
import { sampleFacts } from './incident-facts.ts';
import type { Change } from './known-names.ts';
import { sightIncidents } from './sight-incidents.ts';

/** A kind that is missing here does not compile. */
const kinds: Readonly<Record<IncidentKind, readonly Change[]>> = {
  ...flowIncidents,
  ...sightIncidents,
  ...healthIncidents,
};

/** At least one of each kind, all open. */
export function everyIncident(): IncidentFacts[] {
  return Object.entries(kinds).flatMap(([kind, changes]) =>
    changes.map((change) => incident(kind as IncidentKind, change)),
  );
}

function incident(kind: IncidentKind, change: Change): IncidentFacts {
  const { between: _, lossDecidedAt, evidence: __, advice: ___, ...base } = sampleFacts();
  const decided = (change.counts?.overdue ?? 0) > 0 && lossDecidedAt !== undefined ? { lossDecidedAt } : {};
  const detail = change.evidence === undefined ? '' : evidenceText(change.evidence);
  const firstLook = (change.advice ?? []).map(lookText);
  return { ...base, kind, ...decided, unreadable: [], detail, firstLook, ...change };
}

/** The same, over after 24 minutes with nothing lost, but for gaps. */
export function over(facts: IncidentFacts): IncidentFacts {
  const { lossDecidedAt: _, ...rest } = facts;
  const counts =
    Object.keys(facts.counts).length === 0
      ? {}
      : { delayed: 2_016, delivered: 900, ...(facts.kind === 'lossy' && { lost: 13 }) };
  return { ...rest, state: 'resolved', resolvedAt: facts.since + 24 * 60_000, counts };
}
