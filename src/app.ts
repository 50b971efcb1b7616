/** The composition root: opens everything a configuration names, wires it, starts and stops it. Can be built twice in one process. */
import { randomInt } from 'node:crypto';
import type { Router } from 'express';
import type { Ledger, LedgerContents } from './core/ledger.ts';
import type { Notifier } from './core/notifier.ts';
import type { Config, KeySpec } from './core/pipeline.ts';
import type { StatusView } from './core/status.ts';
import { type DrillDesk, openDrillDesk } from './drill-desk.ts';
import { createEmergencyPager, type EmergencyPager } from './emergency-pager.ts';
import { healthOf } from './engine/health.ts';
import { reportOf } from './engine/peering.ts';
import { restore } from './engine/restore.ts';
import { committing, createRuntime, type Runtime } from './engine/runtime.ts';
import type { EngineState } from './engine/state.ts';
import { traceCanary } from './engine/trace.ts';
import { viewOf } from './engine/view.ts';
import { scanHook } from './http/hooks.ts';
import { createHttpServer, type HttpServer } from './http/server.ts';
import { openIncidentDesk } from './incident-desk.ts';
import { keysOf } from './key-file.ts';
import { openSqliteLedger } from './ledger/sqlite.ts';
import { type Clock, type ClockSource, createClock, machineClock } from './lib/clock.ts';
import { LedgerError, messageOf } from './lib/errors.ts';
import type { Log } from './lib/log.ts';
import { createSigner, keyNumberOf } from './lib/signer.ts';
import { openDesk } from './maintenance-desk.ts';
import type { AnyNotifier } from './notify/definition.ts';
import { beat } from './notify/heartbeat.ts';
import { type OpenProbes, openNotifiers, openProbes, placeKey } from './open-probes.ts';
import { watchPeers } from './peer-watch.ts';
import type { AnyProbe } from './probe.ts';

export interface AppOptions {
  readonly config: Config;
  readonly probes: readonly AnyProbe[];
  readonly notifiers: readonly AnyNotifier[];
  readonly log: Log;
  readonly version: string;
  /** The sandbox's demo steps the wall clock through this. */
  readonly clockSource?: ClockSource;
  /** More HTTP routes (the sandbox's faults). */
  readonly extra?: Router;
}

export interface App {
  /** `http://127.0.0.1:9780` */
  readonly url: string;
  status(): StatusView;
  stop(): Promise<void>;
}

/**
 * Opens, restores and starts. A start that fails leaves nothing open; if it is the ledger that fails, one direct page goes
 * out first, since nobody would hear of it otherwise.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const opened = new AsyncDisposableStack();
  try {
    return await start(options, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function start(options: AppOptions, opened: AsyncDisposableStack): Promise<App> {
  const { config, log } = options;
  const source = options.clockSource ?? machineClock;
  const early = createClock(0, source);
  const earlyNotifiers = openNotifiers(config, options.notifiers, { clock: early, log });
  const { ledger, contents } = await openLedger(options, early, earlyNotifiers, opened);
  const last = Number(contents.meta.find((row) => row.key === 'time')?.value ?? 0);
  const clock = createClock(last, source);
  const notifiers = openNotifiers(config, options.notifiers, { clock, log });
  const keys = await keysOf(config.keys, config.ledger);
  refuseRemovedKey(keys, contents, config.ledger);
  const signer = createSigner(keys);
  const probes = await openProbes(config, options.probes, { clock, log });
  opened.defer(() => probes.close());
  const pager = pagerOf(options, clock, notifiers);
  opened.defer(() => pager.close());
  const state = await restoreOrPage(options, { contents, clock, signer, probes }, pager);
  const runtime = createRuntime({
    state,
    ledger,
    clock,
    log,
    ports: portsOf(probes, notifiers),
    onLedger: (error) => void (error ? pager.triggerUntilTold(error.message) : pager.resolve()),
  });
  const status = () => {
    state.now = Math.max(state.now, clock.now());
    return viewOf(state, healthOf(state, runtime.ledgerError));
  };
  const told = [...notifiers.values()];
  const committed = committing(runtime);
  const drilling = openDrillDesk({ config, state, clock, log, notifiers: told, committed });
  const wired = { state, ledger, runtime, clock, notifiers: told, drilling, committed, status };
  const http = await listen(options, wired);
  opened.defer(() => http.close());
  runtime.start();
  opened.defer(() => runtime.stop());
  endEarlierEmergency(runtime, pager, clock);
  drilling.open();
  opened.defer(() => drilling.close());
  startHeartbeats(options, { state, runtime, clock, opened });
  startPeerWatch(options, { runtime, clock, opened });
  return { url: http.url, status, stop: () => opened.disposeAsync() };
}

async function openLedger(
  options: AppOptions,
  clock: Clock,
  notifiers: ReadonlyMap<string, Notifier>,
  opened: AsyncDisposableStack,
): Promise<{ ledger: Ledger; contents: LedgerContents }> {
  const { config, log } = options;
  try {
    const ledger = await openSqliteLedger({ path: config.ledger, clock, log });
    opened.defer(() => ledger.close());
    return { ledger, contents: await ledger.load() };
  } catch (error) {
    // Another logcanary that holds the lock is alive and watches: nobody needs to be woken for that.
    if (!(error instanceof LedgerError && error.reason === 'locked')) {
      await pagerOf(options, clock, notifiers).trigger(messageOf(error));
    }
    throw error;
  }
}

/** The pager of this deployment; `clock` and `notifiers` may be those from before the ledger was open. */
function pagerOf({ config, log }: AppOptions, clock: Clock, notifiers: ReadonlyMap<string, Notifier>): EmergencyPager {
  const { ledger, deployment } = config;
  return createEmergencyPager({ ledger, deployment, notifiers: [...notifiers.values()], clock, log });
}

/** The process that paged is gone; this one has written. */
function endEarlierEmergency(runtime: Runtime, pager: EmergencyPager, clock: Clock): void {
  const written = runtime.submit({ type: 'tick', wall: clock.wall() });
  void written.then(() => (runtime.ledgerError ? undefined : pager.resolve()));
}

/** A key with outstanding canaries must stay: without it they could not be recognised, and would look lost. */
function refuseRemovedKey(keys: readonly KeySpec[], contents: LedgerContents, ledger: string): void {
  const known = new Set(keys.map((key) => keyNumberOf(key.id)));
  const live = new Set(contents.verdict.map((row) => row.stream));
  const outstanding = contents.run.find((run) => live.has(run.stream) && !known.has(run.key));
  if (outstanding === undefined) return;
  throw new LedgerError(
    `The ledger ${ledger} has outstanding canaries signed with a key (number ${outstanding.key}) that is not in the configuration. ` +
      'Put the old key back behind the new one in keys, until its canaries are settled.',
    { reason: 'config' },
  );
}

type Restored = {
  contents: LedgerContents;
  clock: Clock;
  signer: ReturnType<typeof createSigner>;
  probes: OpenProbes;
};

/** Rows that cannot be read are a ledger that failed, as much as a file that cannot be opened. */
async function restoreOrPage(options: AppOptions, restored: Restored, pager: EmergencyPager): Promise<EngineState> {
  try {
    return restoreState(options, restored);
  } catch (error) {
    await pager.trigger(messageOf(error));
    throw error;
  }
}

function restoreState({ config }: AppOptions, { contents, clock, signer, probes }: Restored): EngineState {
  const found = <T>(map: ReadonlyMap<string, { info: T }>, pipeline: string, name: string): T => {
    const entry = map.get(placeKey(pipeline, name));
    if (!entry) throw new Error(`nothing is open for ${pipeline}/${name}`);
    return entry.info;
  };
  const { host, port } = config.listen;
  return restore({
    config,
    contents,
    signer,
    signingKey: signer.first,
    writer: randomInt(2 ** 25),
    seed: randomInt(2 ** 31),
    now: clock.now(),
    wall: clock.wall(),
    ...(port === 0 ? {} : { pageUrl: `http://${host}:${port}` }),
    observer: (pipeline, hop) => found(probes.observers, pipeline.name, hop.name),
    injector: (pipeline, inject) => found(probes.injectors, pipeline.name, inject.name),
    check: (pipeline, name) => found(probes.checks, pipeline.name, name),
  });
}

type Placed = {
  readonly pipeline: { readonly spec: { readonly name: string } };
  readonly spec: { readonly name: string };
};

function portsOf(probes: OpenProbes, notifiers: ReadonlyMap<string, Notifier>) {
  const port = <T>(map: ReadonlyMap<string, { port: T }>, pipeline: string, name: string): T => {
    const entry = map.get(placeKey(pipeline, name));
    if (!entry) throw new Error(`nothing is open for ${pipeline}/${name}`);
    return entry.port;
  };
  return {
    injector: ({ pipeline, spec }: Placed) => port(probes.injectors, pipeline.spec.name, spec.name),
    observer: ({ pipeline, spec }: Placed) => port(probes.observers, pipeline.spec.name, spec.name),
    check: ({ pipeline, spec }: Placed) => port(probes.checks, pipeline.spec.name, spec.name),
    notifier: (name: string) => notifiers.get(name),
  };
}

interface Wired {
  readonly state: EngineState;
  readonly ledger: Ledger;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly notifiers: readonly Notifier[];
  readonly drilling: DrillDesk;
  readonly committed: ReturnType<typeof committing>;
  status(): StatusView;
}

function listen(
  options: AppOptions,
  { state, ledger, runtime, clock, notifiers, drilling, committed, status }: Wired,
): Promise<HttpServer> {
  const { config, log, version, extra } = options;
  return createHttpServer({
    listen: config.listen,
    ...(config.http.secret === undefined ? {} : { secret: config.http.secret }),
    status,
    trace: (token) => traceCanary(state, ledger, token),
    async hook(name, bytes) {
      const known = state.pipelines.some((pipeline) =>
        pipeline.hops.some((hop) => hop.spec.name === name && hop.mode === 'push'),
      );
      if (!known) return { accepted: false, known, found: 0 };
      const { finds, ...answer } = scanHook(bytes);
      if (finds.length > 0) await committed({ type: 'hooked', hop: name, finds });
      return { accepted: true, known, ...answer };
    },
    incidents: openIncidentDesk({ config, state, clock, committed }),
    maintaining: openDesk({ config, state, clock, log, notifiers, committed }),
    drilling,
    peer: () => reportOf(state, healthOf(state, runtime.ledgerError).ok),
    async ping(name) {
      const known = config.expectedPings.some((ping) => ping.name === name);
      if (known) await committed({ type: 'pinged', name });
      return known;
    },
    build: { version, configHash: config.hash },
    log,
    clock,
    ...(extra === undefined ? {} : { extra }),
  });
}

interface Watched {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly opened: AsyncDisposableStack;
}

function startPeerWatch({ config, log }: AppOptions, { runtime, clock, opened }: Watched): void {
  const stop = new AbortController();
  const submit = runtime.submit.bind(runtime);
  const watching = watchPeers({ peers: config.peers ?? [], clock, log, signal: stop.signal, submit });
  opened.defer(async () => {
    stop.abort(new DOMException('logcanary is stopping', 'AbortError'));
    await watching;
  });
}

function startHeartbeats(
  { config, log }: AppOptions,
  {
    state,
    runtime,
    clock,
    opened,
  }: { state: EngineState; runtime: Runtime; clock: Clock; opened: AsyncDisposableStack },
): void {
  const stop = new AbortController();
  const beating = beat({
    specs: config.heartbeats,
    clock,
    log,
    signal: stop.signal,
    health: () => healthOf(state, runtime.ledgerError),
    sent: (spec) => void runtime.submit({ type: 'heartbeat-sent', url: spec.url }),
  });
  opened.defer(async () => {
    stop.abort(new DOMException('logcanary is stopping', 'AbortError'));
    await beating;
  });
}
