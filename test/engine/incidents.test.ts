import { describe, expect, test } from 'vitest';
import { Bench } from './harness.ts';
import { expectIdentity } from './identity.ts';
import { configOf } from './sandbox-config.ts';
import { Scene } from './scene.ts';

interface Scenario {
  readonly fault: string;
  readonly incident: string;
  /** every + within + 3 polls; 180 s for what needs statistics (design §10). */
  readonly openWithinMs: number;
  readonly severity: 'critical' | 'warning';
  break(scene: Scene): void;
  mend(scene: Scene): void;
  readonly holdMs?: number;
}

const within = { stream: 15_000, index: 17_000, archive: 27_000, alert: 27_000 };
const statistical = 180_000;

function stageStopped(to: 'stream' | 'index' | 'archive' | 'alert'): Scenario {
  return {
    fault: `the stage to ${to} stops`,
    incident: `stopped@${to}`,
    openWithinMs: within[to],
    severity: 'critical',
    break: (scene) => {
      scene.stage(to).stopped = true;
    },
    mend: (scene) => {
      scene.stage(to).stopped = false;
    },
  };
}

/** A delay just over the deadline plus a look interval, as the sandbox makes it: late, and provably so. */
function slowStage(to: 'stream' | 'index', delayMs: number): Scenario {
  return {
    fault: `the stage to ${to} takes ${delayMs} ms`,
    incident: `slow@${to}`,
    openWithinMs: statistical,
    severity: 'warning',
    break: (scene) => {
      scene.stage(to).delayMs = delayMs;
    },
    mend: (scene) => {
      scene.stage(to).delayMs = 400;
    },
  };
}

const scenarios: readonly Scenario[] = [
  stageStopped('stream'),
  stageStopped('index'),
  stageStopped('archive'),
  stageStopped('alert'),
  {
    fault: 'the index cannot be read and takes nothing',
    incident: 'unreadable@index',
    openWithinMs: within.index,
    severity: 'critical',
    break(scene) {
      scene.place('index').unreadable = 'refused';
      scene.stage('index').stopped = true;
    },
    mend(scene) {
      scene.place('index').unreadable = undefined;
      scene.stage('index').stopped = false;
    },
  },
  {
    fault: 'the stream cannot be read and takes nothing',
    incident: 'unreadable@stream',
    openWithinMs: within.stream,
    severity: 'critical',
    break(scene) {
      scene.place('stream').unreadable = 'refused';
      for (const to of ['stream', 'index', 'archive']) scene.stage(to).stopped = true;
    },
    mend(scene) {
      scene.place('stream').unreadable = undefined;
      for (const to of ['stream', 'index', 'archive']) scene.stage(to).stopped = false;
    },
  },
  {
    fault: 'the index answers only in part',
    incident: 'unreadable@index',
    openWithinMs: within.index,
    severity: 'critical',
    break: (scene) => {
      scene.place('index').partial = true;
    },
    mend: (scene) => {
      scene.place('index').partial = false;
    },
  },
  {
    fault: 'our credentials for the index expire',
    incident: 'blind@index',
    openWithinMs: within.index,
    severity: 'warning',
    break: (scene) => {
      scene.place('index').unreadable = 'auth';
    },
    mend: (scene) => {
      scene.place('index').unreadable = undefined;
    },
  },
  {
    fault: 'our credentials for the stream expire',
    incident: 'blind@stream',
    openWithinMs: within.stream,
    severity: 'warning',
    break: (scene) => {
      scene.place('stream').unreadable = 'auth';
    },
    mend: (scene) => {
      scene.place('stream').unreadable = undefined;
    },
    holdMs: 600_000,
  },
  {
    fault: 'our network is gone',
    incident: 'isolated@logcanary',
    openWithinMs: within.index,
    severity: 'critical',
    break(scene) {
      for (const name of ['stream', 'index', 'archive']) scene.place(name).unreadable = 'network';
    },
    mend(scene) {
      for (const name of ['stream', 'index', 'archive']) scene.place(name).unreadable = undefined;
    },
  },
  ...(['stream', 'index'] as const).map(
    (to): Scenario => ({
      fault: `the stage to ${to} drops every sixth line`,
      incident: `lossy@${to}`,
      openWithinMs: statistical,
      severity: 'warning',
      break: (scene) => {
        scene.stage(to).dropEvery = 6;
      },
      mend: (scene) => {
        scene.stage(to).dropEvery = 0;
      },
    }),
  ),
  ...([10_300, 10_700, 11_100] as const).flatMap((delayMs) => [
    slowStage('stream', delayMs),
    slowStage('index', delayMs + 1_000),
  ]),
  {
    fault: 'the agent sends every fourth line twice',
    incident: 'duplicated@stream',
    openWithinMs: statistical,
    severity: 'warning',
    break: (scene) => {
      scene.stage('stream').duplicateEvery = 4;
    },
    mend: (scene) => {
      scene.stage('stream').duplicateEvery = 0;
    },
  },
  {
    fault: 'the agent cuts every fourth line',
    incident: 'corrupted@stream',
    openWithinMs: statistical,
    severity: 'warning',
    break: (scene) => {
      scene.stage('stream').damageEvery = 4;
    },
    mend: (scene) => {
      scene.stage('stream').damageEvery = 0;
    },
  },
  ...(['withheld', 'unconfirmed', 'throws'] as const).map(
    (how): Scenario => ({
      fault: `nothing goes out (${how})`,
      incident: 'injection@emitter',
      openWithinMs: within.stream,
      severity: 'warning',
      break: (scene) => {
        scene.injection = how;
      },
      mend: (scene) => {
        scene.injection = 'works';
      },
    }),
  ),
  {
    fault: 'the nodes cannot be listed',
    incident: 'injection@emitter',
    openWithinMs: within.stream,
    severity: 'warning',
    break: (scene) => {
      scene.listing = 'server_error';
    },
    mend: (scene) => {
      scene.listing = undefined;
    },
  },
];

const settled = 60_000;

describe.each(scenarios)('given $fault', (scenario) => {
  test(`when it is mended, then ${scenario.incident} opened in time, alone, and was resolved, each told once`, async () => {
    const scene = new Scene();
    const bench = await Bench.open(scene, configOf());
    bench.run(settled);
    expect(bench.history()).toEqual([]);

    scenario.break(scene);
    expect(bench.runUntil(scenario.openWithinMs, () => bench.open().length > 0)).toBe(true);
    expect(bench.history()).toEqual([scenario.incident]);
    expect(bench.open()[0]?.severity).toBe(scenario.severity);
    bench.run(scenario.holdMs ?? 120_000);
    expect(bench.history()).toEqual([scenario.incident]);

    scenario.mend(scene);
    bench.run(300_000);
    expect(bench.history()).toEqual([scenario.incident]);
    expect(bench.open()).toEqual([]);
    const once = [`trigger ${scenario.incident}`, `resolve ${scenario.incident}`];
    expect(bench.told('chat').filter((told) => !told.startsWith('update'))).toEqual(once);
    expect(bench.told('pager')).toEqual(scenario.severity === 'critical' ? once : []);
    expectIdentity(bench.state);
  });
});
