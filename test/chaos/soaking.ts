/**
 * The process that soaks: the real engine, runtime, SQLite ledger, HTTP server, metrics and notifier on virtual time, as
 * fast as they go. Told by `soak.ts` through its arguments; answers with a line of JSON a sample. Needs --expose-gc.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import type { Ledger } from '../../src/core/ledger.ts';
import type { Config } from '../../src/core/pipeline.ts';
import { healthOf } from '../../src/engine/health.ts';
import { restore } from '../../src/engine/restore.ts';
import { createRuntime, type Runtime } from '../../src/engine/runtime.ts';
import type { EngineState } from '../../src/engine/state.ts';
import { traceCanary } from '../../src/engine/trace.ts';
import { viewOf } from '../../src/engine/view.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { openSqliteLedger } from '../../src/ledger/sqlite.ts';
import { createClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createSigner } from '../../src/lib/signer.ts';
import pagerduty from '../../src/notify/pagerduty.ts';
import { scan } from '../../src/probe.ts';
import { misaccounted, scrape } from '../e2e/watching.ts';
import { configOf, sandboxPipeline } from '../engine/sandbox-config.ts';
import type { Sample } from './soak.ts';
import { createSoakPipeline, type SoakPipeline, soakFaults } from './soak-pipeline.ts';
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** In virtual time. */
const start = Date.UTC(2026, 0, 5);
const faultMs = 4 * minuteMs;
/** Often enough that a stop is over within two minutes. */
const postEveryMs = 1_000;
const secret = 'only-for-the-soak-0123456789';

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    samples: { type: 'string' },
    ledger: { type: 'string' },
    pager: { type: 'string' },
  },
});
const hours = Number(values.hours);
const samples = Number(values.samples);
const ledgerPath = String(values.ledger);

interface Soaked {
  readonly clock: VirtualClock;
  readonly pipeline: SoakPipeline;
  readonly state: EngineState;
  readonly runtime: Runtime;
  readonly http: HttpServer;
}

/** Rows are kept so briefly that they have been thrown away many times over when the soak ends. */
function soakConfig(): Config {
  const kept = { keepCanariesMs: 2 * hourMs, keepRollupsMs: 4 * hourMs };
  return configOf({
    listen: { host: '127.0.0.1', port: 0 },
    http: { secret },
    pipelines: [sandboxPipeline(kept)],
    notify: [{ name: 'pager', kind: 'pagerduty', options: {}, minSeverity: 'warning' }],
  });
}

async function begin(): Promise<Soaked> {
  const clock = createVirtualClock(start);
  const config = soakConfig();
  const pipeline = createSoakPipeline(clock);
  const opened = await openSqliteLedger({ path: ledgerPath, clock: createClock(), log: silentLog });
  const ledger: Ledger = { ...opened, commit: (changes) => clock.hold(opened.commit(changes)) };
  const signer = createSigner([{ id: 'soak', secret: 'nothing to hide' }]);
  const place = { target: 'memory', runbook: {} };
  const state = restore({
    ...{ config, contents: await ledger.load(), signer, signingKey: signer.first, writer: 4_711, seed: 42 },
    ...{ now: clock.now(), wall: clock.wall() },
    observer: (_, hop) => ({
      target: hop.name,
      runbook: {},
      mode: hop.name === 'alert' ? 'push' : 'poll',
      finds: 'unique',
    }),
    injector: () => place,
    check: () => place,
  });
  const channel = pagerduty.open(
    { routing_key: '0123456789abcdef0123456789abcdef', url: new URL(String(values.pager)).href },
    { name: 'pager', clock, log: silentLog },
  );
  const notifier = {
    ...channel,
    send: (...call: Parameters<typeof channel.send>) => clock.hold(channel.send(...call)),
  };
  const check = () => {
    throw new Error('there is no check in a soak');
  };
  const ports = { ...pipeline.ports, check, notifier: () => notifier };
  const runtime = createRuntime({
    state,
    ledger,
    clock,
    log: silentLog,
    ports,
    onLedger: (error) => fail(error?.message),
  });
  const http = await createHttpServer({
    ...{ listen: config.listen, secret, clock, log: silentLog, build: { version: 'soak', configHash: config.hash } },
    status: () => viewOf(state, healthOf(state, runtime.ledgerError)),
    trace: (token) => traceCanary(state, ledger, token),
    async hook(name, bytes) {
      const { finds } = scan(bytes);
      await runtime.submit({ type: 'hooked', hop: name, finds });
      return { accepted: true, known: true, found: finds.length };
    },
    ping: async () => false,
  });
  runtime.start();
  return { clock, pipeline, state, runtime, http };
}

function fail(why: string | undefined): void {
  if (why !== undefined) throw new Error(`the ledger failed: ${why}`);
}

/** Moves the lines, and posts what reaches the alerter as that would. */
async function alert({ clock, pipeline, http }: Soaked): Promise<void> {
  for (;;) {
    const lines = pipeline.advance();
    if (lines.length > 0) {
      const headers = { authorization: `Bearer ${secret}` };
      const post = fetch(`${http.url}/hooks/hop/alert`, { method: 'POST', headers, body: lines.join('\n') });
      const status = await clock.hold(post.then((answer) => answer.text().then(() => answer.status)));
      if (status > 299) throw new Error(`the hook answered ${status}`);
    }
    await clock.sleep(postEveryMs);
  }
}

/** What people and Prometheus ask for, once a minute. */
async function ask({ clock, http }: Soaked): Promise<void> {
  for (;;) {
    await clock.sleep(minuteMs);
    for (const path of ['/metrics', '/', '/api/v1/status', '/api/v1/incidents'])
      await clock.hold(fetch(http.url + path).then((answer) => answer.text()));
  }
}

async function sampleOf({ clock, pipeline, state, http }: Soaked): Promise<Sample> {
  const faults = misaccounted(await scrape(http.url));
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { heapUsed, external, rss } = process.memoryUsage();
  const size = (file: string) => (existsSync(file) ? stat(file).then((of) => of.size) : 0);
  return {
    hours: (clock.now() - start) / hourMs,
    ...{ heapUsed, external, rss, faults },
    ...rowsOf(ledgerPath),
    ledger: await size(ledgerPath),
    log: await size(`${ledgerPath}-wal`),
    descriptors: (await readdir('/proc/self/fd')).length,
    resources: process.getActiveResourcesInfo().length,
    canaries: pipeline.injected,
    open: state.open.size,
    incidents: state.next.incident - 1,
  };
}

function rowsOf(file: string): Pick<Sample, 'rows' | 'looks'> {
  using db = new DatabaseSync(file, { readOnly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const count = (table: string) => Number(db.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n);
  const looks = count('look');
  return { looks, rows: tables.reduce((sum, { name }) => sum + count(String(name)), -looks) };
}

/** One fault at the beginning of each stretch, time to get over it, and a sample at its end. */
async function soak(soaked: Soaked): Promise<void> {
  const { clock, pipeline, runtime, http } = soaked;
  const stretchMs = (hours * hourMs) / samples;
  const failed = (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exit(1);
  };
  void alert(soaked).catch(failed);
  void ask(soaked).catch(failed);
  for (let stretch = 0; stretch < samples; stretch += 1) {
    const began = start + stretch * stretchMs;
    await clock.pass(began + Math.min(minuteMs, stretchMs / 10));
    pipeline.fault = soakFaults[stretch % soakFaults.length];
    await clock.pass(clock.now() + Math.min(faultMs, stretchMs / 3));
    pipeline.fault = undefined;
    await clock.pass(began + stretchMs);
    process.stdout.write(`${JSON.stringify(await sampleOf(soaked))}\n`);
  }
  await runtime.stop();
  await http.close();
}

await soak(await begin());
process.exit(0);
