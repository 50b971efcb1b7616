/** A pipeline of four hops around the real engine and the real SQLite ledger in a temporary folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ledger } from '../../src/core/ledger.ts';
import type { Config, HopSpec, PipelineSpec } from '../../src/core/pipeline.ts';
import { type RestoreInput, restore } from '../../src/engine/restore.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock, type EpochMs } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createSigner } from '../../src/lib/signer.ts';
import type { ListedStream } from '../../src/probe.ts';

/** What a measurement may choose. Times in ms. */
export interface RigSpec {
  readonly streams: number;
  readonly everyMs: number;
  readonly pollMs: number;
}

export interface Rig {
  readonly spec: RigSpec;
  readonly state: EngineState;
  readonly ledger: Ledger;
}

const signer = createSigner([{ id: 'bench', secret: 'nothing to hide' }]);

/** Hops as in the design's first example: their deadlines, and how long a canary takes from its injection. */
const hops = [
  { name: 'stream', withinMs: 30_000, takesMs: 1_000 },
  { name: 'index', after: 'stream', withinMs: 60_000, takesMs: 3_000 },
  { name: 'archive', after: 'stream', withinMs: 90_000, takesMs: 8_000 },
  { name: 'alert', after: 'index', withinMs: 90_000, takesMs: 5_000 },
];

/** How long a canary takes from injection until it can be seen at a hop, ms. */
export function takesMs(hop: string): number {
  return hops.find((each) => each.name === hop)?.takesMs ?? 0;
}

function pipelineOf({ streams, everyMs, pollMs }: RigSpec): PipelineSpec {
  return {
    name: 'bench',
    inject: [
      {
        name: 'file',
        kind: 'file',
        options: {},
        everyMs,
        maxPerSecond: (streams / everyMs) * 2_000,
        shapes: ['plain'],
      },
    ],
    hops: hops.map(
      ({ takesMs: _, ...hop }): HopSpec => ({
        ...hop,
        kind: 'file',
        options: {},
        pollMs,
        timeoutMs: 10_000,
        sample: { take: 1, of: 1 },
      }),
    ),
    checks: [],
    lostAfterMs: 6 * 3_600_000,
    loss: { budget: 0.001, windowMs: 600_000 },
    pageAfterMs: 300_000,
    resolveAfterMs: 300_000,
    stoppedEveryMs: everyMs,
    keepCanariesMs: 7 * 86_400_000,
    keepRollupsMs: 400 * 86_400_000,
  };
}

function configOf(spec: RigSpec, ledger: string): Config {
  return {
    file: 'bench.yaml',
    hash: '0000000000000000',
    listen: { host: '127.0.0.1', port: 0 },
    ledger,
    deployment: 'bench',
    keys: [],
    pipelines: [pipelineOf(spec)],
    notify: [],
    heartbeats: [],
    expectedPings: [],
    http: {},
  };
}

/** What an injector of that many nodes would list. */
export function listedStreams({ streams }: RigSpec): ListedStream[] {
  return Array.from({ length: streams }, (_, n) => ({
    key: `uid-${n}`,
    name: `node-${n}`,
    labels: { node: `node-${n}`, zone: `zone-${n % 3}`, pool: n % 2 === 0 ? 'spot' : 'on-demand' },
  }));
}

/** A new folder for a ledger; removed when disposed of. */
export function ledgerFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const folder = mkdtempSync(join(tmpdir(), 'logcanary-bench-'));
  return { path: join(folder, 'logcanary.db'), [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** Opens the ledger at `path`, new or not, and the engine on it at T = `now`. */
export async function openRig(spec: RigSpec, path: string, now: EpochMs): Promise<Rig> {
  const ledger = await openSqliteLedger({ path, clock: createClock(), log: silentLog });
  const place = { target: '127.0.0.1', runbook: {} };
  const input: RestoreInput = {
    config: configOf(spec, path),
    contents: await ledger.load(),
    signer,
    signingKey: signer.first,
    writer: 4_711,
    seed: 42,
    now,
    wall: now,
    observer: (_, hop) => ({ ...place, target: hop.name, mode: 'poll', finds: 'unique' }),
    injector: () => place,
    check: () => place,
  };
  return { spec, state: restore(input), ledger };
}
