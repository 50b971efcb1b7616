/** The sandbox and the watchdog in one process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type App, startApp } from '../app.ts';
import { loadConfig } from '../config/load.ts';
import { type ClockSource, createClock, machineClock } from '../lib/clock.ts';
import type { AnyNotifier } from '../notify/definition.ts';
import type { AnyProbe } from '../probe.ts';
import { guardedFaults } from '../sandbox/fault-server.ts';
import { makeFolder } from '../sandbox/own-folder.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { createLog, type LogLevel } from '../telemetry/log.ts';
import { type PageReceiver, receivePages } from './page-receiver.ts';

export interface DemoOptions {
  /** `HOST:PORT` of page, metrics, API and faults. */
  readonly listen: string;
  /** Absent: pages are received, and shown, here. */
  readonly pageTo?: URL;
  /** Absent: a temporary folder that is removed at the end. */
  readonly dir?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly level: LogLevel;
  readonly stderr: { write(text: string): unknown };
  readonly version: string;
  /** Ends a start that is under way, after the step it is at. */
  readonly signal: AbortSignal;
  readonly probes: readonly AnyProbe[];
  readonly notifiers: readonly AnyNotifier[];
}

export interface Demo {
  readonly app: App;
  readonly sandbox: Sandbox;
  /** Where the faults are switched; holds a secret where others than this machine can reach it. */
  readonly faultsUrl: string;
  /** Pages as PagerDuty would get them; absent when they go to `pageTo`. */
  readonly received?: PageReceiver;
  readonly pageTo: URL;
  stop(): Promise<void>;
}

/** How far `clock-stepped` sets the wall clock forward, ms. */
const clockStepMs = 3_600_000;

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const started = new AsyncDisposableStack();
  try {
    return { ...(await start(options, started)), stop: () => started.disposeAsync() };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

async function start(options: DemoOptions, started: AsyncDisposableStack): Promise<Omit<Demo, 'stop'>> {
  const { probes, notifiers, version, signal } = options;
  const log = createLog({ level: options.level, stream: options.stderr, pretty: true });
  const dir = await folder(options, started);
  signal.throwIfAborted();
  const received = options.pageTo ? undefined : await receivePages();
  if (received) started.defer(() => received.stop());
  const pageTo = options.pageTo ?? received?.url;
  if (!pageTo) throw new Error('there is nowhere to page to');
  const { source, stepClock } = steppable();
  const clock = createClock(0, source);
  const sandbox = await startSandbox({ dir, clock, log, runListen: options.listen, pageTo, demo: { stepClock } });
  started.defer(() => sandbox.stop());
  signal.throwIfAborted();
  const config = await loadConfig({ file: sandbox.configPath, cwd: dir, env: options.env, probes, notifiers });
  const faults = guardedFaults(sandbox.faults, config.listen.host);
  const app = await startApp({
    config,
    probes,
    notifiers,
    log,
    version,
    clockSource: source,
    extra: faults.routes,
  });
  started.defer(() => app.stop());
  const faultsUrl = `${app.url}${faults.path}/sandbox/faults`;
  return { app, sandbox, faultsUrl, pageTo, ...(received && { received }) };
}

async function folder(options: DemoOptions, started: AsyncDisposableStack): Promise<string> {
  if (options.dir !== undefined) {
    const dir = path.resolve(options.cwd, options.dir);
    await makeFolder(dir);
    return dir;
  }
  const dir = await mkdtemp(path.join(tmpdir(), 'logcanary-demo-'));
  started.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A clock whose wall time the fault `clock-stepped` moves; the monotonic one goes on, as it does on a real machine. */
function steppable(): { source: ClockSource; stepClock(on: boolean): void } {
  let step = 0;
  return {
    source: { wall: () => machineClock.wall() + step, monotonicMs: () => machineClock.monotonicMs() },
    stepClock(on) {
      step = on ? clockStepMs : 0;
    },
  };
}
