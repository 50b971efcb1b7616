/** One canary through everything, with a ledger in memory: works beside a running `run`, whose ledger it does not touch. */
import { randomInt } from 'node:crypto';
import { receiveHooks } from './check-hooks.ts';
import { emission, verdictOfCode } from './core/block.ts';
import type { Config } from './core/pipeline.ts';
import type { Verdict } from './core/verdict-name.ts';
import { restore } from './engine/restore.ts';
import { createRuntime, type Runtime } from './engine/runtime.ts';
import type { EngineState, Track } from './engine/state.ts';
import { codeAt, emissionAt, runOf, termsOf } from './engine/track.ts';
import { viewOf } from './engine/view.ts';
import { keysOf } from './key-file.ts';
import { createMemoryLedger } from './ledger/memory.ts';
import { type Clock, createClock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import { createSigner } from './lib/signer.ts';
import { type OpenProbes, openProbes, placeKey } from './open-probes.ts';
import type { AnyProbe } from './probe.ts';

export interface CheckOptions {
  readonly config: Config;
  readonly probes: readonly AnyProbe[];
  readonly log: Log;
  readonly version: string;
  /** Gives up then; what is still open counts as not verified. Default: until every verdict is settled. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  /** Called when something changed, with what is still open. */
  progress?(open: number): void;
}

export interface CheckedHop {
  readonly pipeline: string;
  readonly stream: string;
  readonly hop: string;
  /** The hop before it. */
  readonly after?: string;
  readonly verdict: Verdict;
  /** For one that was seen. */
  readonly latency?: { readonly loMs: number; readonly hiMs: number };
  /** Why, for one that was not. */
  readonly why?: string;
}

export interface CheckedFigure {
  readonly pipeline: string;
  readonly check: string;
  readonly text: string;
  readonly state: 'ok' | 'bad' | 'unread';
}

export interface CheckOutcome {
  readonly hops: readonly CheckedHop[];
  readonly figures: readonly CheckedFigure[];
  /** Injectors and streams that could not be used at all. */
  readonly problems: readonly string[];
}

const lookEveryMs = 100;
/** One canary only: the next would be due after this, ms. */
const never = 10 * 365 * 24 * 3_600_000;
/** Looking more often than the watchdog does would change what it measures; twice a second is polite for one canary. */
const shortestPollMs = 500;

export async function checkOnce(options: CheckOptions): Promise<CheckOutcome> {
  const clock = createClock();
  const config = oneCanary(options.config);
  const probes = await openProbes(config, options.probes, { clock, log: options.log });
  try {
    const signer = createSigner(await keysOf(config.keys, config.ledger));
    const ledger = createMemoryLedger();
    const state = restore({
      config,
      contents: await ledger.load(),
      signer,
      signingKey: signer.first,
      writer: randomInt(2 ** 25),
      seed: randomInt(2 ** 31),
      now: clock.now(),
      wall: clock.wall(),
      observer: (pipeline, hop) => entry(probes.observers, pipeline.name, hop.name).info,
      injector: (pipeline, inject) => entry(probes.injectors, pipeline.name, inject.name).info,
      check: (pipeline, name) => entry(probes.checks, pipeline.name, name).info,
    });
    const runtime = createRuntime({
      state,
      ledger,
      clock,
      log: options.log,
      ports: portsOf(probes),
      onLedger: () => undefined,
    });
    return await watch(options, state, runtime, clock);
  } finally {
    await probes.close();
  }
}

function entry<T>(map: ReadonlyMap<string, T>, pipeline: string, name: string): T {
  const found = map.get(placeKey(pipeline, name));
  if (found === undefined) throw new Error(`nothing is open for ${pipeline}/${name}`);
  return found;
}

function portsOf(probes: OpenProbes): Parameters<typeof createRuntime>[0]['ports'] {
  return {
    injector: (each) => entry(probes.injectors, each.pipeline.spec.name, each.spec.name).port,
    observer: (each) => entry(probes.observers, each.pipeline.spec.name, each.spec.name).port,
    check: (each) => entry(probes.checks, each.pipeline.spec.name, each.spec.name).port,
    notifier: () => undefined,
  };
}

/** The same configuration, but with one canary per stream, expected at every hop, and nobody told. */
function oneCanary(config: Config): Config {
  const pipelines = config.pipelines.map((pipeline) => ({
    ...pipeline,
    inject: pipeline.inject.map((inject) => ({
      ...inject,
      everyMs: never,
      shapes: ['plain' as const],
      maxPerSecond: 1e6,
    })),
    hops: pipeline.hops.map((hop) => ({
      ...hop,
      pollMs: Math.max(shortestPollMs, Math.min(hop.pollMs, 2_000)),
      sample: { take: 1, of: 1 },
    })),
  }));
  return { ...config, pipelines, notify: [], heartbeats: [], expectedPings: [] };
}

async function watch(options: CheckOptions, state: EngineState, runtime: Runtime, clock: Clock): Promise<CheckOutcome> {
  const { signal, timeoutMs = Number.POSITIVE_INFINITY } = options;
  const hooks = await receiveHooks(options, state, runtime, clock);
  const end = clock.monotonicMs() + timeoutMs;
  runtime.start();
  try {
    let last = -1;
    for (;;) {
      await clock.sleep(lookEveryMs, signal).catch(() => undefined);
      await hooks.poll();
      const open = openCount(state);
      if (open !== last) options.progress?.(open);
      last = open;
      if (open === 0 || signal.aborted || clock.monotonicMs() >= end) return outcomeOf(state);
    }
  } finally {
    await runtime.stop();
    await hooks.close();
  }
}

/** Listed streams whose canary is not settled everywhere, injectors that were not listed, checks that were not read. */
function openCount(state: EngineState): number {
  let open = 0;
  for (const pipeline of state.pipelines) {
    open += pipeline.injectors.filter((injector) => !injector.listedOnce && injector.listFailures < 3).length;
    open += pipeline.checks.filter((check) => !check.result && check.failures < 2).length;
  }
  for (const stream of state.streamsByNumber.values()) {
    if (stream.leavingSince !== undefined || stream.held !== undefined) continue;
    if (stream.nextSeq === 0) open += 1;
    else open += stream.tracks.filter((track) => verdictOf(track) === 'pending').length;
  }
  return open;
}

function verdictOf(track: Track): Verdict | undefined {
  return verdictOfCode(codeAt(track, 0) ?? 0);
}

function outcomeOf(state: EngineState): CheckOutcome {
  const hops: CheckedHop[] = [];
  const problems: string[] = [];
  for (const pipeline of state.pipelines) {
    for (const injector of pipeline.injectors) {
      if (!injector.listedOnce)
        problems.push(
          `${pipeline.spec.name}/${injector.spec.name}: ${injector.lastListError ?? 'streams not listed yet'}`,
        );
    }
  }
  for (const stream of state.streamsByNumber.values()) {
    const { held, injector, name } = stream;
    if (held) problems.push(`${injector.pipeline.spec.name}/${name}: no canary can be sent there: ${held.why}`);
    for (const track of stream.tracks) {
      const checked = checkedHop(track);
      if (checked) hops.push(checked);
    }
  }
  return { hops, figures: figuresOf(state), problems };
}

function checkedHop(track: Track): CheckedHop | undefined {
  const { stream, hop } = track;
  const base = {
    pipeline: hop.pipeline.spec.name,
    stream: stream.name,
    hop: hop.spec.name,
    ...(hop.spec.after === undefined ? {} : { after: hop.spec.after }),
  };
  if (!termsOf(runOf(stream, 0), hop.id, stream.number, 0)) return undefined;
  const verdict = verdictOf(track) ?? 'pending';
  const sent = emissionAt(stream, 0);
  if (verdict === 'delivered' || verdict === 'delayed') {
    const hiMs = sent ? Math.max(0, track.lastSeenAt - sent.nb) : 0;
    return { ...base, verdict, latency: { loMs: Math.max(0, track.absent.at(0) - (sent?.na ?? 0)), hiMs } };
  }
  const notOut = sent && sent.state !== emission.emitted ? stream.lastFailure : undefined;
  const why = notOut ?? hop.looks.findLast((look) => look.why !== undefined)?.why;
  return { ...base, verdict, ...(why === undefined ? {} : { why }) };
}

function figuresOf(state: EngineState): CheckedFigure[] {
  const view = viewOf(state, { ok: true, problems: [] });
  return state.pipelines.flatMap((pipeline, at) =>
    pipeline.checks.flatMap((check): CheckedFigure[] => {
      const base = { pipeline: pipeline.spec.name, check: check.spec.name };
      if (!check.result || check.failures > 0)
        return [{ ...base, state: 'unread', text: check.lastError?.message ?? 'not read' }];
      const readings = (view.pipelines[at]?.readings ?? []).filter((reading) => reading.check === check.spec.name);
      return [
        ...check.result.problems.map((text): CheckedFigure => ({ ...base, state: 'bad', text })),
        ...readings.map((reading): CheckedFigure => {
          const share = Math.floor((reading.value / (reading.capacity ?? reading.limit)) * 1000) / 10;
          const text = `${reading.subject ?? reading.measure} ${share} % (limit: ${reading.limitName})`;
          return { ...base, state: reading.value >= reading.limit ? 'bad' : 'ok', text };
        }),
      ];
    }),
  );
}
