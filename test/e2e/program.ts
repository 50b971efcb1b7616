/** logcanary as its users start it: a process of its own, which never outlives the tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { vi } from 'vitest';
import { createClock } from '../../src/lib/clock.ts';

/** How a process ended; `signal` when it had to be killed. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly pid: number;
  /** All that it wrote. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when it has ended by itself or otherwise. */
  readonly ended: Promise<End>;
  /** Sends the signal; a program that is still there after 5 s is killed, which the answer shows. */
  end(signal?: NodeJS.Signals): Promise<End>;
  /** As when the machine dies. Resolves when it is gone. */
  kill(): Promise<End>;
}

export interface ProgramOptions {
  /** What the command line begins with: an argv that ends by executing the rest. */
  readonly inside?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const graceMs = 15_000;
const readyMs = 30_000;
const clock = createClock();
/** Linux ends the child with its parent, whatever happened to that. https://man7.org/linux/man-pages/man1/setpriv.1.html */
const setpriv = '/usr/bin/setpriv';
const dieWithParent = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];

/** `logcanary ARGS` */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  const { inside = [], cwd, env } = options;
  const [command = '', ...rest] = [...dieWithParent, ...inside, process.execPath, main, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...(cwd && { cwd }), ...(env && { env }) });
  const written = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (written.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written.stderr += text));
  return { stdout: () => written.stdout, stderr: () => written.stderr, ...controls(child) };
}

function controls(child: ChildProcess): Pick<Program, 'pid' | 'ended' | 'end' | 'kill'> {
  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', reject);
    // `close`, not `exit`: all that it wrote has been read then
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  return {
    pid: child.pid ?? 0,
    ended,
    kill,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      const patience = clock.deadline(graceMs);
      patience.signal.addEventListener('abort', () => void kill());
      return await ended.finally(() => patience.clear());
    },
  };
}

/** Starts and waits until `url` answers 2xx. */
export async function startServing(
  args: readonly string[],
  url: string,
  options: ProgramOptions = {},
): Promise<Program> {
  const program = startProgram(args, options);
  let end: End | undefined;
  void program.ended.then((how) => (end = how));
  const serving = async () => {
    if (end !== undefined) return;
    const answer = await fetch(url);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${url} was answered ${answer.status}`);
  };
  await vi.waitFor(serving, { timeout: readyMs, interval: 50 });
  if (end === undefined) return program;
  throw new Error(`logcanary ${args[0]} ended with ${JSON.stringify(end)}: ${program.stderr()}`);
}
