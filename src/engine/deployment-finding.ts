/** What concerns the whole deployment and no pipeline alone; told with the first pipeline. */
import type { ExpectedPingSpec } from '../core/pipeline.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Finding } from './finding.ts';
import type { EngineState } from './state.ts';

/** Wall clock and ledger time may part by this much before it is a finding, ms. */
const clockTolerance = 2_000;
/** A clock that stands still against ours for so long is taken as it is: the step is over and told, and slow drift is none, ms. */
const steadyMs = 3_600_000;

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

export function deploymentFindings(state: EngineState): Finding[] {
  return [...clockFinding(state), ...silentFindings(state)];
}

const base = { streams: [], totalStreams: 0, severity: 'warning' as const };

function clockFinding(state: EngineState): Finding[] {
  const apart = state.wallOffset - state.wallReference;
  if (Math.abs(apart) <= clockTolerance) return [];
  const way = apart > 0 ? 'forward' : 'back';
  return [
    {
      ...base,
      kind: 'clock',
      hop: 'logcanary',
      since: state.now,
      detail: `This machine's clock was set ${way}: it shows about ${Math.round(Math.abs(apart) / 1000)} s ${apart > 0 ? 'more' : 'less'} than our own time, which goes on by the monotonic clock, so that no verdict is affected.`,
      firstLook: ['Check the time synchronisation (chronyc tracking, timedatectl).'],
    },
  ];
}

/** A ping that came before and does not come any more. One that never came is unproven: shown on the page, told to nobody. */
function silentFindings(state: EngineState): Finding[] {
  return state.config.expectedPings.flatMap((ping): Finding[] => {
    const at = state.pings.get(ping.name);
    if (at === undefined || !isLatePing(state, ping, at)) return [];
    const detail = `The expected ping "${ping.name}" did not come for ${Math.round((state.now - at) / 1000)} s; it should come every ${ping.everyMs / 1000} s.`;
    const firstLook = [`See whether ${ping.name} runs, and whether it reaches POST /hooks/ping/${ping.name}.`];
    return [{ ...base, kind: 'silent', hop: ping.name, since: at, detail, firstLook }];
  });
}

/** It last came at `at`. What came while we were away could not be heard, so the wait begins anew with us. */
export function isLatePing(state: EngineState, { everyMs, graceMs }: ExpectedPingSpec, at: EpochMs): boolean {
  return state.now - Math.max(at, state.startedAt, state.watchingSince) > everyMs + graceMs;
}
