/** The pipeline that is simulated: emitters > stream > index > alert, stream > archive. */
import type { LedgerContents } from '../../src/core/ledger.ts';
import type { Config, HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { restore } from '../../src/engine/restore.ts';
import type { EngineState } from '../../src/engine/state.ts';
import type { ScheduleLimits } from '../../src/probe.ts';
import { cheapSigner, signingKey } from './cheap-signer.ts';
import { about, type Dice } from './dice.ts';
import { simulatedHours, warmUpMs } from './night.ts';
import type { Plan } from './plan.ts';

export const minute = 60_000;

export const hopNames = ['stream', 'index', 'archive', 'alert'] as const;
export type HopName = (typeof hopNames)[number];

/** What a call may take, whatever the pace of the world: ms. */
export const timeoutMs = 10_000;

/**
 * How fast the world lives. With a canary every 30 s (scale 1) a look comes every 30 s and deadlines are minutes; in a slower
 * world everything in it, deadlines, delays, faults, is longer by the same factor. What stays are calls and the engine's own constants.
 */
export interface Pace {
  readonly scale: number;
  /** A minute of the world at scale 1, ms. */
  readonly minute: number;
  readonly everyMs: number;
  readonly pollMs: number;
  readonly lostAfterMs: number;
  readonly resolveAfterMs: number;
  readonly pageAfterMs: number;
  readonly windowMs: number;
  readonly stoppedEveryMs: number;
  readonly withinMs: Readonly<Record<HopName, number>>;
}

/** Of plans that say nothing of it: ms. */
export const usualEveryMs = 30_000;

export function paceOf({ everyMs = usualEveryMs }: Pick<Plan, 'everyMs'>): Pace {
  const scale = everyMs / usualEveryMs;
  const unit = minute * scale;
  return {
    scale,
    minute: unit,
    everyMs,
    pollMs: everyMs,
    lostAfterMs: 60 * unit,
    resolveAfterMs: 5 * unit,
    pageAfterMs: 2 * unit,
    windowMs: 60 * unit,
    stoppedEveryMs: 2 * everyMs,
    withinMs: { stream: 2 * unit, index: 3 * unit, archive: 5 * unit, alert: 5 * unit },
  };
}

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

const channel = { kind: 'simulated', options: {} };
/** What the pager has not taken for so long goes to the phone, ms. */
export const fallbackAfterMs = 5 * minute;

export function configOf(plan: Plan): Config {
  const pace = paceOf(plan);
  const hops = hopNames.map(
    (name): HopSpec => ({
      name,
      ...(above[name] === undefined ? {} : { after: above[name] }),
      kind: 'simulated',
      options: {},
      withinMs: pace.withinMs[name],
      pollMs: pace.pollMs,
      timeoutMs,
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
        everyMs: pace.everyMs,
        maxPerSecond: 1_000,
        shapes: ['plain'],
      },
    ],
    hops,
    checks: [],
    lostAfterMs: pace.lostAfterMs,
    loss: { budget: 0.001, windowMs: pace.windowMs },
    pageAfterMs: pace.pageAfterMs,
    resolveAfterMs: pace.resolveAfterMs,
    stoppedEveryMs: pace.stoppedEveryMs,
    ...(plan.sleeps
      ? { rest: { active: { hours: simulatedHours, text: 'eight hours of twelve' }, withoutNodes: false, warmUpMs } }
      : {}),
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
      { ...channel, name: 'pager', minSeverity: 'critical', fallback: { to: 'phone', afterMs: fallbackAfterMs } },
      { ...channel, name: 'chat', minSeverity: 'warning' },
      { ...channel, name: 'phone', minSeverity: 'critical', standby: true },
    ],
    heartbeats: [],
    expectedPings: [],
    http: {},
  };
}

/** Of the emitters' protocol, and of the injector that speaks it. */
export const limits: ScheduleLimits = {
  horizonMs: 30 * minute,
  refillMs: 5 * minute,
  maxLines: 500,
  maxBytes: 500_000,
  concurrency: 8,
  earlyMs: (ahead) => ahead * 0.001 + 10,
};

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
    injector: () => ({ target: 'nodes:1', runbook: {}, ...(plan.cluster ? { limits } : {}) }),
    check: () => ({ target: 'none:1', runbook: {} }),
  });
}
