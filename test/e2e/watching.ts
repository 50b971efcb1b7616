/** Ports and folders for a `run`, and what it says of itself over HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Several ports that were free just now; held all at once, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise<void>((done) => void server.close(() => done()))));
  return ports;
}

/** A folder of its own, and how to remove it. */
export async function scratchFolder(name: string): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(path.join(tmpdir(), `logcanary-${name}-`));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** One series of `/metrics`. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
export async function scrape(origin: string): Promise<readonly Series[]> {
  const answer = await fetch(`${origin}/metrics`);
  if (!answer.ok) throw new Error(`/metrics was answered ${answer.status}`);
  return (await answer.text()).split('\n').flatMap((line): Series[] => {
    const [, name, labels = '', value] = /^([a-z_:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', of = '']) => [key, of]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** Where the verdicts do not add up to what was expected; empty when the accounts are right. */
export function misaccounted(series: readonly Series[]): string[] {
  const hops = series.filter(({ name }) => name === 'logcanary_canaries_expected');
  if (hops.length === 0) return ['no logcanary_canaries_expected at all'];
  return hops.flatMap(({ labels: { pipeline, hop }, value }) => {
    const verdicts = series.filter(
      ({ name, labels }) => name === 'logcanary_canaries' && labels.pipeline === pipeline && labels.hop === hop,
    );
    const sum = verdicts.reduce((total, each) => total + each.value, 0);
    return sum === value ? [] : [`${pipeline}/${hop}: verdicts add up to ${sum}, expected are ${value}`];
  });
}

/** As `GET /api/v1/incidents` gives it. */
export interface ListedIncident {
  readonly id: string;
  readonly hop: string;
  readonly kind: string;
  readonly severity: 'critical' | 'warning';
  readonly state: 'open' | 'resolved';
  readonly dedup_key: string;
}

export async function incidentsOf(origin: string): Promise<readonly ListedIncident[]> {
  const answer = await fetch(`${origin}/api/v1/incidents`);
  const { incidents } = (await answer.json()) as { incidents: ListedIncident[] };
  return incidents;
}
