/** Real Prometheus and Alertmanager on loopback, configured as a test says. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { stringify } from 'yaml';
import { installPrometheus } from '../install/prometheus-package.ts';
import { type Child, startChild } from './child.ts';
import { freePort } from './watchdog.ts';

export interface Served extends Child {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
}

export interface ServedOptions {
  /** Its own folder. Start in the same one again and it goes on there. */
  readonly dir: string;
  /** Default: any free one. What comes back needs the port it had. */
  readonly port?: number;
}

const say = (text: string) => process.stderr.write(`${text}\n`);

async function untilReady(url: string): Promise<void> {
  const { status } = await fetch(`${url}/-/ready`);
  if (status !== 200) throw new Error(`it is not ready (${status})`);
}

export interface AlertmanagerServerOptions extends ServedOptions {
  /** As in `alertmanager.yml`. */
  readonly config: object;
  /** host:port of its gossip; absent: no cluster. */
  readonly gossip?: string;
  /** host:port of the others' gossip. */
  readonly peers?: readonly string[];
}

/** Alertmanager 0.25. Answers in a second. */
export async function startAlertmanager(options: AlertmanagerServerOptions): Promise<Served> {
  const { alertmanager } = await installPrometheus(say);
  const { dir, config, gossip = '', peers = [] } = options;
  const port = options.port ?? (await freePort());
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'alertmanager.yml');
  await writeFile(file, stringify(config));
  const [command = '', ...args] = alertmanager;
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Alertmanager',
    command,
    args: [
      ...[...args, `--config.file=${file}`, `--storage.path=${path.join(dir, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, `--cluster.listen-address=${gossip}`],
      // without a cluster nothing of it may be said; with one, the usual 200 ms and 15 s are long for a test
      ...(gossip === '' ? [] : [`--cluster.advertise-address=${gossip}`, '--cluster.settle-timeout=2s']),
      ...peers.map((peer) => `--cluster.peer=${peer}`),
    ],
    ready: () => untilReady(url),
  });
  return { ...child, url, port };
}

export interface PrometheusServerOptions extends ServedOptions {
  /** As in `prometheus.yml`, without `rule_files`. */
  readonly config: object;
  /** Groups of rules. */
  readonly groups: readonly object[];
}

/** Prometheus 2.42, which evaluates, scrapes and sends as often as it can: every second. */
export async function startPrometheus(options: PrometheusServerOptions): Promise<Served> {
  const { prometheus } = await installPrometheus(say);
  const { dir, config, groups } = options;
  const port = options.port ?? (await freePort());
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'prometheus.yml');
  await writeFile(path.join(dir, 'rules.yml'), stringify({ groups }));
  const every = { scrape_interval: '1s', evaluation_interval: '1s' };
  await writeFile(file, stringify({ global: every, rule_files: ['rules.yml'], ...config }));
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Prometheus',
    command: prometheus,
    args: [
      ...[`--config.file=${file}`, `--storage.tsdb.path=${path.join(dir, 'data')}`],
      ...[`--web.listen-address=127.0.0.1:${port}`, '--rules.alert.resend-delay=1s', '--log.level=warn'],
    ],
    ready: () => untilReady(url),
  });
  return { ...child, url, port };
}
