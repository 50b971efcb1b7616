/** The whole program before a cluster of 2 000 nodes (issue 4's limits): calls to its API server, memory, event loop. */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import probes from '../../probes/index.ts';
import { type App, startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { silentLog } from '../../src/lib/log.ts';
import { ledgerFolder } from './engine-rig.ts';

const nodes = 2_000;
const secrets = { emitter: 'not-a-real-emitter-secret', hook: 'not-a-real-hook-secret-of-the-bench' };
/** A question and a first schedule for each node, ten a second, take 400 s. */
const fillLimitMs = 600_000;
const measuredMs = 180_000;

export async function benchCluster(): Promise<Record<string, number>> {
  using folder = ledgerFolder();
  const side = fork(join(import.meta.dirname, 'cluster-side.ts'), [String(nodes), secrets.emitter]);
  const { url } = await told<{ url: string }>(side, 'url');
  const watched = told(side, 'watched');
  const app = await startedAt(folder.path, url);
  try {
    side.send({ hook: `${app.url}/hooks/hop/stream`, authorization: `Bearer ${secrets.hook}` });
    const began = performance.now();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await Promise.race([
      watched,
      sleep(fillLimitMs).then(() => Promise.reject(new Error('not all nodes are watched'))),
    ]);
    const filledS = (performance.now() - began) / 1_000;
    side.send({ count: 'start' });
    const cpu = process.cpuUsage();
    await sleep(measuredMs);
    const { user, system } = process.cpuUsage(cpu);
    delay.disable();
    side.send({ count: 'stop' });
    const { busiest, mean } = await told<{ busiest: number; mean: number }>(side, 'busiest');
    return {
      ...{ callsPerSecond: mean, busiestSecond: busiest, filledS, rssMb: process.memoryUsage().rss / 1e6 },
      ...{ maxMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6, cpuShare: (user + system) / 1_000 / measuredMs },
      ...deliveredOf(app),
    };
  } finally {
    await app.stop();
    side.disconnect();
  }
}

async function startedAt(path: string, url: string): Promise<App> {
  const file = join(dirname(path), 'logcanary.yaml');
  writeFileSync(file, configText(path, url));
  const config = await loadConfig({ file, probes, notifiers: [], env: {} });
  return startApp({ config, probes, notifiers: [], log: silentLog, version: '0.0.0' });
}

function configText(ledger: string, url: string): string {
  return `
listen: 127.0.0.1:0
ledger: ${ledger}
http: { secret: ${secrets.hook} }
pipelines:
  - name: bench
    inject:
      - { kubernetes: { url: "${url}", secret: ${secrets.emitter} }, every: 30s, max_rate: 1000/s }
    hops:
      - { name: stream, webhook: {}, within: 30s }
`;
}

function deliveredOf(app: App): { delivered: number; bad: number } {
  const [pipeline] = app.status().pipelines;
  const { delivered = 0, lost = 0, overdue = 0, unverifiable = 0 } = pipeline?.hops[0]?.canaries ?? {};
  return { delivered, bad: lost + overdue + unverifiable };
}

function told<T>(side: ChildProcess, key: string): Promise<T> {
  return new Promise((resolve, reject) => {
    side.on('message', (message: object) => {
      if (key in message) resolve(message as T);
      if ('failed' in message) reject(new Error(`the hook answered ${JSON.stringify(message)}`));
    });
  });
}
