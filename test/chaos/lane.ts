/** A sandbox in a process of its own, a pager that records, and the `run` that watches: started and ended as one likes. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Program, type ProgramOptions, startProgram } from '../e2e/program.ts';
import { freePorts, incidentsOf, type ListedIncident } from '../e2e/watching.ts';
import { type PagerdutyEvent, type PagerdutyServer, startPagerdutyServer } from '../fakes/pagerduty-server.ts';
import type { Bench } from './ordeal.ts';
import { until } from './patience.ts';

/** A start is 1 s; on a machine with much else to do, many times that. */
const readyMs = 180_000;

export interface Lane {
  readonly name: string;
  /** What the sandbox writes: logs, archive, ledger, configuration. */
  readonly dir: string;
  readonly config: string;
  readonly ledger: string;
  /** Of `run`, `http://127.0.0.1:port`. */
  readonly origin: string;
  readonly sandbox: Program;
  readonly pager: PagerdutyServer;
  /** The newest `run`; there may be none yet, and it may be dead. */
  readonly run: Program;
  /** Faults that are on. */
  readonly active: ReadonlySet<string>;
  /** Begins a `run` without waiting for it. It is killed at the end at the latest. */
  spawn(options?: ProgramOptions): Program;
  /** Waits until the newest `run` serves. @throws when it ended instead */
  serving(): Promise<void>;
  set(fault: string, on: boolean): Promise<void>;
  heal(): Promise<void>;
  incidents(): Promise<readonly ListedIncident[]>;
  /** Waits until nothing is open, at logcanary and at the pager. */
  quiet(ms: number): Promise<void>;
}

/** @param taken is told of each page before it is answered */
export async function openLane(
  bench: Bench,
  name: string,
  taken: (event: PagerdutyEvent) => void = () => {},
): Promise<Lane> {
  const dir = path.join(bench.dir, name);
  await mkdir(dir, { recursive: true });
  const pager = await startPagerdutyServer(taken);
  bench.defer(() => pager.close());
  const [board, listen] = await freePorts(2);
  const boardUrl = `http://127.0.0.1:${board}/sandbox/faults`;
  const origin = `http://127.0.0.1:${listen}`;
  const args = ['--dir', dir, '--listen', `127.0.0.1:${board}`, '--run-listen', `127.0.0.1:${listen}`];
  const sandbox = startProgram(['sandbox', ...args, '--page-to', pager.url]);
  // a frozen one would not hear a polite signal
  bench.defer(() => sandbox.kill());
  await answering(bench, sandbox, boardUrl);
  const active = new Set<string>();
  const config = path.join(dir, 'logcanary.yaml');
  let run: Program | undefined;
  const lane: Lane = {
    ...{ name, dir, config, ledger: path.join(dir, 'logcanary.db'), origin, sandbox, pager, active },
    get run() {
      if (run === undefined) throw new Error(`${name}: nothing was started yet`);
      return run;
    },
    spawn(options) {
      const next = startProgram(['run', '--config', config, '--log-level', 'warn'], options);
      if (run === undefined) bench.defer(() => run?.kill());
      run = next;
      return next;
    },
    serving: () => answering(bench, lane.run, `${origin}/api/v1/incidents`),
    async set(fault, on) {
      const { status } = await fetch(`${boardUrl}/${fault}`, { method: on ? 'PUT' : 'DELETE' });
      if (status !== 204) throw new Error(`fault ${fault}: answered ${status}`);
      if (on) active.add(fault);
      else active.delete(fault);
    },
    async heal() {
      for (const fault of [...active]) await lane.set(fault, false);
    },
    incidents: () => incidentsOf(origin),
    quiet: async (ms) => {
      await until(bench, `${name}: all incidents resolved`, ms, async () => {
        const open = (await incidentsOf(origin)).filter(({ state }) => state === 'open');
        if (open.length > 0) throw new Error(`open: ${open.map(({ kind, hop }) => `${kind}@${hop}`).join(', ')}`);
        if (pager.open.size > 0) throw new Error(`the pager has ${[...pager.open].join(', ')} open`);
        return true;
      });
    },
  };
  return lane;
}

async function answering(bench: Bench, program: Program, url: string): Promise<void> {
  let ended: string | undefined;
  void program.ended.then((end) => (ended = `ended with ${JSON.stringify(end)}: ${program.stderr()}`));
  await until(bench, `${url} answers`, readyMs, async () => {
    if (ended !== undefined) return true;
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  });
  if (ended !== undefined) throw new Error(`logcanary ${ended}`);
}
