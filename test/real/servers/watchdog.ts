/** A real `logcanary run` as its users start it, and what it says of itself over HTTP. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { stringify } from 'yaml';
import { type Child, startChild } from './child.ts';

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** As `GET /api/v1/incidents` gives it (ARCHITECTURE.md §9). */
export interface ListedIncident {
  readonly id: string;
  readonly hop: string;
  readonly kind: string;
  readonly severity: string;
  readonly state: 'open' | 'resolved';
  readonly dedup_key: string;
  readonly detail: string;
  readonly streams: { readonly affected: number; readonly total: number; readonly names: readonly string[] };
}

/** A stream as `GET /api/v1/status` lists it. */
export interface ListedStream {
  readonly name: string;
  /** By hop, the verdicts of its newest canaries, oldest first. */
  readonly recent: Readonly<Record<string, readonly string[]>>;
}

/** One scrape of `/metrics`. */
export interface Scrape {
  /** The value of a series by its name and labels, in any order; undefined when there is no such series. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** All values of a name whose labels include these, by the label given. */
  by(label: string, name: string, labels?: Readonly<Record<string, string>>): ReadonlyMap<string, number>;
}

export interface Watchdog extends Child {
  scrape(): Promise<Scrape>;
  incidents(): Promise<readonly ListedIncident[]>;
  streams(): Promise<readonly ListedStream[]>;
}

const root = path.resolve(import.meta.dirname, '../../..');

/** Starts it with this configuration, to which only `listen` is added. `wanted`: its port, where others must know it. */
export async function startWatchdog(dir: string, config: object, wanted?: number): Promise<Watchdog> {
  const port = wanted ?? (await freePort());
  const file = path.join(dir, 'logcanary.yaml');
  await writeFile(file, stringify({ listen: `127.0.0.1:${port}`, ...config }), { mode: 0o600 });
  const get = async (where: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${where}`);
    if (!response.ok) throw new Error(`GET ${where} was answered ${response.status}`);
    return response;
  };
  const child = await startChild({
    name: 'logcanary run',
    command: process.execPath,
    args: [path.join(root, 'src/main.ts'), 'run', '--config', file],
    cwd: root,
    ready: () => get('/healthz'),
  });
  return {
    ...child,
    scrape: async () => parse(await (await get('/metrics')).text()),
    async incidents() {
      const { incidents } = (await (await get('/api/v1/incidents')).json()) as { incidents: ListedIncident[] };
      return incidents;
    },
    async streams() {
      const { pipelines } = (await (await get('/api/v1/status')).json()) as {
        pipelines: { streams: ListedStream[] }[];
      };
      return pipelines.flatMap(({ streams }) => streams);
    },
  };
}

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
function parse(text: string): Scrape {
  const samples = text.split('\n').flatMap((line): Sample[] => {
    const [, name, labels = '', value] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    return [{ name, labels: new Map(pairs.map(([, key = '', of = '']) => [key, of])), value: Number(value) }];
  });
  const matching = (name: string, labels: Readonly<Record<string, string>>) =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, of]) => sample.labels.get(key) === of),
    );
  return {
    value: (name, labels = {}) => matching(name, labels)[0]?.value,
    by: (label, name, labels = {}) =>
      new Map(matching(name, labels).map((sample) => [sample.labels.get(label) ?? '', sample.value])),
  };
}
