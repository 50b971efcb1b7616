/** Is logcanary itself alive? Loops must complete cycles; a recorded failure is progress, a wedged loop is not. */
import type { StatusView } from '../core/status.ts';
import type { LedgerError } from '../lib/errors.ts';
import type { EngineState } from './state.ts';
import { judgeEveryMs } from './step.ts';
import { isUntold } from './untold.ts';

/** A loop that has not completed a cycle for this long plus three of its periods is wedged, ms. */
const wedgedAfterMs = 60_000;
/** A page that no channel took for this long is a failure of ours (design §6). */
const undeliveredAfterMs = 300_000;

export function healthOf(state: EngineState, ledgerError: LedgerError | undefined): StatusView['health'] {
  const problems: string[] = [];
  if (ledgerError) problems.push(`ledger: ${ledgerError.message}`);
  for (const [loop, periodMs] of Object.entries(periods(state))) {
    const last = state.loops[loop] ?? state.startedAt;
    const silent = state.now - last;
    if (silent > wedgedAfterMs + 3 * periodMs)
      problems.push(`loop ${loop}: no cycle for ${Math.round(silent / 1000)} s`);
  }
  for (const incident of state.open.values()) {
    const { id, openedAt } = incident.facts;
    if (state.now - openedAt <= undeliveredAfterMs || !isUntold(state, incident)) continue;
    const waiting = [...state.outbox.values()].find(({ row }) => row.incident === incident.number);
    const why = waiting?.row.lastError ?? 'refused, see the log';
    problems.push(`deliver: ${id} was not accepted by any channel for over 5 min: ${why}`);
  }
  return { ok: problems.length === 0, problems };
}

/** The slowest period of each loop that has work to do. */
function periods(state: EngineState): Record<string, number> {
  const found: Record<string, number> = { judge: judgeEveryMs(state) };
  const listed = [...state.streamsByNumber.values()].filter(
    (stream) => stream.listed && stream.leavingSince === undefined,
  );
  if (listed.length > 0) found.inject = Math.max(...listed.map((stream) => stream.runs.at(-1)?.everyMs ?? 0));
  const polled = state.pipelines.flatMap((pipeline) => pipeline.hops.filter((hop) => hop.mode !== 'on-demand'));
  if (polled.length > 0) found.observe = Math.max(...polled.map((hop) => hop.spec.pollMs + hop.spec.timeoutMs));
  const checks = state.pipelines.flatMap((pipeline) => pipeline.checks);
  if (checks.length > 0) found.check = Math.max(...checks.map((check) => check.spec.everyMs));
  return found;
}
