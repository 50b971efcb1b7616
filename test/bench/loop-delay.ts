/** The real runtime at 1 000 canaries a second on the real clock: how long its work keeps the event loop from other things. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Ports } from '../../src/engine/performing.ts';
import { createRuntime } from '../../src/engine/runtime.ts';
import { type Clock, createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { type BatchLine, type Injector, type Observer, scan } from '../../src/probe.ts';
import { ledgerFolder, listedStreams, openRig, type RigSpec, takesMs } from './engine-rig.ts';

const warmUpMs = 12_000;
const measuredMs = 20_000;
/** An observer hands its records to the scan in parts of about this many lines, as a page or a batch of records comes. */
const linesPerRecord = 500;

export const benchFewStreamsDelay = () => benchLoopDelay({ streams: 1_000, everyMs: 1_000, pollMs: 2_000 });
export const benchManyStreamsDelay = () => benchLoopDelay({ streams: 10_000, everyMs: 10_000, pollMs: 5_000 });

async function benchLoopDelay(spec: RigSpec): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const clock = createClock();
  const { state, ledger } = await openRig(spec, folder.path, clock.now());
  const ports = portsOf(spec, clock);
  let failure: Error | undefined;
  const onLedger = (error: Error | undefined) => {
    failure = error;
  };
  const runtime = createRuntime({ state, ledger, clock, log: silentLog, ports, onLedger });
  runtime.start();
  await clock.sleep(warmUpMs);
  const before = grantedOf(state);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpu = process.cpuUsage();
  await clock.sleep(measuredMs);
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const rssMb = process.memoryUsage().rss / 1e6;
  const injected = grantedOf(state) - before;
  await runtime.stop();
  await ledger.close();
  if (failure) throw failure;
  return {
    p50Ms: delay.percentile(50) / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
    rssMb,
    cpuShare: (user + system) / 1_000 / measuredMs,
    canariesPerSecond: (injected * 1_000) / measuredMs,
  };
}

function grantedOf(state: Awaited<ReturnType<typeof openRig>>['state']): number {
  let granted = 0;
  for (const { nextSeq } of state.streamsByNumber.values()) granted += nextSeq;
  return granted;
}

function portsOf(spec: RigSpec, clock: Clock): Ports {
  const feeds: { receive(lines: readonly BatchLine[]): void }[] = [];
  const observers = new Map<string, Observer>();
  const injector: Injector = {
    streams: async () => listedStreams(spec),
    async inject(lines) {
      const nb = clock.now();
      for (const feed of feeds) feed.receive(lines);
      return lines.map(() => ({ state: 'emitted', nb, na: clock.now() }));
    },
    close: async () => {},
  };
  const observerOf = (hop: string): Observer => {
    const made = delayedObserver(takesMs(hop), clock);
    feeds.push(made);
    return made;
  };
  for (const hop of ['stream', 'index', 'archive', 'alert']) observers.set(hop, observerOf(hop));
  return {
    injector: () => injector,
    observer: ({ spec: { name } }) => {
      const observer = observers.get(name);
      if (!observer) throw new Error(`no observer for ${name}`);
      return observer;
    },
    check: () => {
      throw new Error('nothing is checked here');
    },
    notifier: () => undefined,
  };
}

/** Sees what was injected once it is older than the delay, through the scan that real observers use. */
function delayedObserver(delayMs: number, clock: Clock): Observer & { receive(lines: readonly BatchLine[]): void } {
  const waiting: { at: number; bytes: Buffer }[] = [];
  return {
    mode: 'poll',
    finds: 'unique',
    receive(lines) {
      for (let at = 0; at < lines.length; at += linesPerRecord) {
        const record = lines.slice(at, at + linesPerRecord).map(({ text }) => `${JSON.stringify({ message: text })}\n`);
        waiting.push({ at: clock.now() + delayMs, bytes: Buffer.from(record.join('')) });
      }
    },
    async observe() {
      const arrived = waiting.filter(({ at }) => at <= clock.now());
      waiting.splice(0, arrived.length);
      const finds = [];
      for (const { bytes } of arrived) {
        finds.push(...scan(bytes).finds);
        // As between two answers of a server.
        await clock.sleep(1);
      }
      return { coverage: 'complete', finds, cursor: String(clock.now()) };
    },
    close: async () => {},
  };
}
