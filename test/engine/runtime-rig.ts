/** The real runtime over a ledger that can be held or refuse, and ports that a test replaces; on the machine's time, but hasty. */
import { expect, vi } from 'vitest';
import type { Change, Ledger } from '../../src/core/ledger.ts';
import type { Ports } from '../../src/engine/performing.ts';
import { createRuntime, type Runtime } from '../../src/engine/runtime.ts';
import type { EngineState, HopState, StreamState } from '../../src/engine/state.ts';
import { createMemoryLedger, type MemoryLedger } from '../../src/ledger/memory.ts';
import { type Clock, createClock } from '../../src/lib/clock.ts';
import type { LedgerError } from '../../src/lib/errors.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { BatchLine, CheckResult, Emission, ListedStream, Look } from '../../src/probe.ts';
import { restored, startOfTime } from './harness.ts';
import { configOf, diskCheck, hopSpec, injectSpec, sandboxPipeline } from './sandbox-config.ts';
import { Scene } from './scene.ts';

const soon = { timeout: 10_000, interval: 5 };
/** The runtime waits so long between tries of a commit, and here only so long, ms. */
const ledgerRetryMs = 5_000;
const hastyRetryMs = 30;

/** A ledger whose commits wait for `release` while held, and that may refuse. */
export class HeldLedger implements Ledger {
  readonly inner: MemoryLedger;
  readonly tried: (readonly Change[])[] = [];
  held = false;
  private waiting: (() => void)[] = [];

  constructor(inner: MemoryLedger = createMemoryLedger()) {
    this.inner = inner;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    this.tried.push(changes);
    if (this.held) await new Promise<void>((resolve) => void this.waiting.push(resolve));
    await this.inner.commit(changes);
  }

  release(): void {
    this.held = false;
    for (const go of this.waiting.splice(0)) go();
  }

  load = () => this.inner.load();
  find: Ledger['find'] = (table, where, limit) => this.inner.find(table, where, limit);
  close = () => this.inner.close();
}

export interface Rig {
  readonly runtime: Runtime;
  readonly state: EngineState;
  readonly ledger: HeldLedger;
  readonly written: BatchLine[];
  readonly heard: (LedgerError | undefined)[];
  /** Replaced by tests. */
  readonly acts: {
    inject(lines: readonly BatchLine[], signal: AbortSignal): Promise<readonly Emission[]>;
    look(signal: AbortSignal): Promise<Look>;
    list(): Promise<readonly ListedStream[]>;
    check(): Promise<CheckResult>;
    send(signal: AbortSignal): Promise<void>;
  };
  readonly time: Time;
}

interface Time {
  /** Wall clock minus T, ms. */
  wallOffset: number;
  /** Deadlines that were not cleared yet. */
  deadlines: number;
  /** How far the clock went on while the process did not run, ms. */
  slept: number;
}

const rigs: Rig[] = [];

/** Stops every rig there is: for `afterEach`. */
export async function stopRigs(): Promise<void> {
  for (const { runtime, ledger } of rigs.splice(0)) {
    ledger.release();
    await runtime.stop();
  }
}

/** T runs like the machine's clock from a round hour; the ledger is tried again soon; deadlines are counted. */
function quickClock(time: Time): Clock {
  const clock = createClock();
  const origin = clock.now();
  return {
    ...clock,
    now: () => startOfTime + clock.now() - origin + time.slept,
    wall: () => startOfTime + clock.now() - origin + time.slept + time.wallOffset,
    sleep: (ms, signal) => clock.sleep(ms === ledgerRetryMs ? hastyRetryMs : ms, signal),
    deadline(ms, signal) {
      const deadline = clock.deadline(ms, signal);
      time.deadlines += 1;
      return {
        signal: deadline.signal,
        get expired() {
          return deadline.expired;
        },
        clear() {
          time.deadlines -= 1;
          deadline.clear();
        },
      };
    },
  };
}

export async function rigOf(timeoutMs = 5_000): Promise<Rig> {
  const hops = [
    hopSpec({ name: 'stream', withinMs: 8_000, pollMs: 40, timeoutMs }),
    hopSpec({ name: 'alert', withinMs: 8_000, pollMs: 40, timeoutMs }),
  ];
  const inject = [injectSpec({ name: 'node-a', everyMs: 50 })];
  const checks = [{ ...diskCheck, everyMs: 50 }];
  const config = configOf({ pipelines: [sandboxPipeline({ hops, inject, checks, resolveAfterMs: 60_000 })] });
  const ledger = new HeldLedger();
  const state = await restored(new Scene(), config, ledger.inner, 1, startOfTime);
  const written: BatchLine[] = [];
  const time = { wallOffset: 0, deadlines: 0, slept: 0 };
  const heard: (LedgerError | undefined)[] = [];
  const acts: Rig['acts'] = {
    inject: async (lines) => lines.map(() => ({ state: 'emitted', nb: startOfTime, na: startOfTime })),
    look: async () => ({ coverage: 'complete', finds: [] }),
    list: async () => [{ key: 'node-a', name: 'node-a', labels: {} }],
    check: async () => ({ readings: [], problems: [] }),
    send: async () => undefined,
  };
  const close = async () => undefined;
  const ports: Ports = {
    injector: () => ({
      streams: () => acts.list(),
      inject(lines, { signal }) {
        written.push(...lines);
        return acts.inject(lines, signal);
      },
      close,
    }),
    observer: () => ({ mode: 'poll', finds: 'repeats', observe: (_, { signal }) => acts.look(signal), close }),
    check: () => ({ check: () => acts.check(), close }),
    notifier: (name) => ({ name, kind: 'fake', send: (_, { signal }) => acts.send(signal).then(() => undefined) }),
  };
  const onLedger = (error: LedgerError | undefined) => void heard.push(error);
  const runtime = createRuntime({ state, ledger, clock: quickClock(time), log: silentLog, ports, onLedger });
  const rig = { runtime, state, ledger, written, heard, acts, time };
  rigs.push(rig);
  return rig;
}

export const streamOf = ({ state }: Rig): StreamState | undefined => [...state.streamsByNumber.values()][0];
export const hopOf = ({ state }: Rig): HopState | undefined => state.pipelines[0]?.hops[0];
/** Sequence numbers below it are granted, by the ledger. */
export const granted = ({ ledger }: Rig): number =>
  Math.max(0, ...ledger.inner.image().rows.stream.map(({ nextSeq }) => nextSeq));
export const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), soon);

/** A rig whose first line was handed over. */
export async function running(timeoutMs?: number): Promise<Rig> {
  const rig = await rigOf(timeoutMs);
  rig.runtime.start();
  await until(() => rig.written.length > 0);
  return rig;
}
