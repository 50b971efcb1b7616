/** What concerns the whole deployment and no pipeline alone; told with the first pipeline. */
import { evidenceOf } from '../core/evidence.ts';
import { looksFor, ownAdvice } from '../core/first-look.ts';
import type { IncidentFacts } from '../core/incident.ts';
import { ownAddress } from '../core/own-address.ts';
import type { ExpectedPingSpec } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';
import { undeliveredFinding } from './drill-finding.ts';
import type { Finding } from './finding.ts';
import { peerFindings } from './peer-finding.ts';
import type { EngineState } from './state.ts';
import { stormFinding } from './storm.ts';

/** Wall clock and ledger time may part by this much before it is a finding, ms. */
const clockTolerance = 2_000;
/** A clock that stands still against ours for so long is taken as it is: the step is over and told, and slow drift is none, ms. */
const steadyMs = 3_600_000;

/** Whoever must ping us may be set up a little after we are, ms. */
const setUpMs = 15 * 60_000;

/** With each tick: `wall` − T, which is constant while nobody sets the clock. */
export function noteWall(state: EngineState, offset: number): void {
  state.wallOffset = offset;
  if (Math.abs(offset - state.wallSteady) > clockTolerance) {
    state.wallSteady = offset;
    state.wallSteadySince = state.now;
  }
  if (state.now - state.wallSteadySince < steadyMs) return;
  state.wallReference = offset;
  state.wallSteady = offset;
  state.wallSteadySince = state.now;
}

/** Told with the first pipeline, and says nothing of its flow. */
export function isOfDeployment({ config, peers }: EngineState, { kind, hop }: IncidentFacts): boolean {
  return (
    kind === 'clock' ||
    kind === 'undelivered' ||
    kind === 'storm' ||
    config.expectedPings.some(({ name }) => name === hop) ||
    peers.some(({ spec }) => spec.name === hop)
  );
}

export function deploymentFindings(state: EngineState): Finding[] {
  return [
    ...clockFinding(state),
    ...state.config.expectedPings.flatMap((ping) => pingFinding(state, ping)),
    ...undeliveredFinding(state),
    ...peerFindings(state),
    ...stormFinding(state),
  ];
}

const base = { streams: [], totalStreams: 0, severity: 'warning' as const };

function clockFinding(state: EngineState): Finding[] {
  const apart = state.wallOffset - state.wallReference;
  if (Math.abs(apart) <= clockTolerance) return [];
  return [
    {
      ...base,
      kind: 'clock',
      hop: 'logcanary',
      since: state.now,
      detail: [evidenceOf(apart > 0 ? 'clock-ahead' : 'clock-behind', { by: Math.abs(apart) })],
      firstLook: looksFor(ownAdvice.clock),
    },
  ];
}

/** One that came before and does not come any more is silent; one that never came is more likely set up wrongly than dead. */
function pingFinding(state: EngineState, ping: ExpectedPingSpec): Finding[] {
  const { name, everyMs } = ping;
  const at = state.pings.get(name);
  if (at === undefined ? !isOverdueFirst(state, ping) : !isLatePing(state, ping, at)) return [];
  const since = at ?? state.startedAt;
  const key = at === undefined ? 'ping-never' : 'ping-late';
  const detail = [evidenceOf(key, { name, for: state.now - since, every: everyMs })];
  const firstLook = looksFor(ownAdvice[key], {
    name,
    url: `${ownAddress(state.config)}/hooks/ping/${encodeURIComponent(name)}`,
  });
  return [{ ...base, kind: at === undefined ? 'unproven' : 'silent', hop: name, since, detail, firstLook }];
}

function isOverdueFirst({ now, startedAt }: EngineState, { everyMs, graceMs }: ExpectedPingSpec): boolean {
  return now - startedAt > everyMs + graceMs + setUpMs;
}

/** It last came at `at`. What came while we were away could not be heard, so the wait begins anew with us. */
export function isLatePing(state: EngineState, { everyMs, graceMs }: ExpectedPingSpec, at: EpochMs): boolean {
  return state.now - Math.max(at, state.startedAt, state.watchingSince) > everyMs + graceMs;
}
