/** The pipeline that is simulated: emitters > stream > index > alert, stream > archive. */
import type { LedgerContents } from '../../src/core/ledger.ts';
import type { Config, HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { restore } from '../../src/engine/restore.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { cheapSigner, signingKey } from './cheap-signer.ts';
import { about, type Dice } from './dice.ts';
import type { Plan } from './plan.ts';

export const minute = 60_000;

export const timing = {
  everyMs: 30_000,
  pollMs: 30_000,
  timeoutMs: 10_000,
  lostAfterMs: 60 * minute,
  resolveAfterMs: 5 * minute,
  pageAfterMs: 2 * minute,
  windowMs: 60 * minute,
} as const;

export const hopNames = ['stream', 'index', 'archive', 'alert'] as const;
export type HopName = (typeof hopNames)[number];

export const withinMs: Readonly<Record<HopName, number>> = {
  stream: 2 * minute,
  index: 3 * minute,
  archive: 5 * minute,
  alert: 5 * minute,
};

/** The hop above. */
export const above: Readonly<Record<HopName, HopName | undefined>> = {
  stream: undefined,
  index: 'stream',
  archive: 'stream',
  alert: 'index',
};

/** How a hop is read. In every third world the stream is read only on demand, so that it is mostly known by implication. */
export function modeOf(plan: Plan, hop: string): 'poll' | 'on-demand' | 'push' {
  if (hop === 'alert') return 'push';
  return hop === 'stream' && plan.seed % 3 === 2 ? 'on-demand' : 'poll';
}

/** Every so manieth canary is expected at the archive: sampled in some worlds. */
export function sampleOf(plan: Plan, hop: HopName): number {
  return hop === 'archive' && plan.seed % 4 === 1 ? 3 : 1;
}

export function configOf(plan: Plan): Config {
  const hops = hopNames.map(
    (name): HopSpec => ({
      name,
      ...(above[name] === undefined ? {} : { after: above[name] }),
      kind: 'simulated',
      options: {},
      withinMs: withinMs[name],
      pollMs: timing.pollMs,
      timeoutMs: timing.timeoutMs,
      sample: { take: 1, of: sampleOf(plan, name) },
    }),
  );
  const pipeline: PipelineSpec = {
    name: 'sim',
    inject: [
      {
        name: 'nodes',
        kind: 'simulated',
        options: {},
        everyMs: timing.everyMs,
        maxPerSecond: 1_000,
        shapes: ['plain'],
      },
    ],
    hops,
    checks: [],
    lostAfterMs: timing.lostAfterMs,
    loss: { budget: 0.001, windowMs: timing.windowMs },
    pageAfterMs: timing.pageAfterMs,
    resolveAfterMs: timing.resolveAfterMs,
    stoppedEveryMs: 60_000,
    keepCanariesMs: 7 * 24 * 60 * minute,
    keepRollupsMs: 400 * 24 * 60 * minute,
  };
  return {
    file: 'simulated.yaml',
    hash: '0000000000000000',
    listen: { host: '127.0.0.1', port: 0 },
    ledger: 'simulated.db',
    deployment: 'simulation',
    keys: [],
    pipelines: [pipeline],
    notify: [
      { name: 'pager', kind: 'simulated', options: {}, minSeverity: 'critical' },
      { name: 'chat', kind: 'simulated', options: {}, minSeverity: 'warning' },
    ],
    heartbeats: [],
    expectedPings: [],
    http: {},
  };
}

/** The engine as a new process builds it from what the ledger holds. */
export function restored(
  plan: Plan,
  contents: LedgerContents,
  dice: Dice,
  start: number,
  now: number,
  wall: number,
): EngineState {
  return restore({
    config: configOf(plan),
    contents,
    signer: cheapSigner,
    signingKey,
    writer: dice.between(1, 33_000_000, about.plan, start, 77),
    seed: dice.between(1, 1_000_000_000, about.plan, start, 78),
    now,
    wall,
    observer: (_, hop) => ({
      mode: modeOf(plan, hop.name),
      finds: hop.name === 'stream' ? 'unique' : 'repeats',
      target: `${hop.name}:1`,
      runbook: {},
    }),
    injector: () => ({ target: 'nodes:1', runbook: {} }),
    check: () => ({ target: 'none:1', runbook: {} }),
  });
}
