/** Incidents as the ledger holds them, and what is still to be told of them. */
import type { LedgerContents } from '../core/ledger.ts';
import { restoreTellings, tellBeginnings } from './beginnings.ts';
import { flowKinds, keyOf } from './incident-place.ts';
import { tellNewcomers } from './outbox.ts';
import type { EngineState, IncidentState } from './state.ts';

export function restoreIncidents(state: EngineState, contents: LedgerContents): void {
  for (const row of contents.incident) {
    const incident: IncidentState = {
      number: row.id,
      facts: row.facts,
      notified: [...row.notified],
      receipts: row.receipts,
      countedAt: 0,
      lastBadAt: state.now,
      goodSince: undefined,
    };
    if (row.state === 'open') state.open.set(keyOf(row), incident);
    else state.resolved.push(incident);
  }
  state.resolved.sort((a, b) => (b.facts.resolvedAt ?? 0) - (a.facts.resolvedAt ?? 0) || b.number - a.number);
  for (const incident of state.resolved) absorb(state, incident);
  for (const row of contents.outbox) state.outbox.set(row.id, { row, inFlight: false, dirty: false });
  restoreTellings(state);
  tellNewcomers(state);
  tellBeginnings(state);
}

function absorb(state: EngineState, incident: IncidentState): void {
  const { facts } = incident;
  const pipeline = state.pipelines.find((each) => each.spec.name === facts.pipeline);
  const hop = pipeline?.hops.find((each) => each.spec.name === facts.hop);
  if (hop && flowKinds.has(facts.kind)) hop.absorbBefore = Math.max(hop.absorbBefore, facts.resolvedAt ?? 0);
}
