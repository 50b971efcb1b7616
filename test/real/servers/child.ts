/** A child process that never outlives the tests: not when they fail, not when their process is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { vi } from 'vitest';
import { createClock } from '../../../src/lib/clock.ts';

export interface ChildOptions {
  /** For messages: `OpenSearch`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Throws while it is not ready to serve. */
  ready(output: string): unknown;
}

export interface Child {
  readonly pid: number;
  /** The newest 64 KiB of what it wrote on stdout and stderr. */
  output(): string;
  /** Asks it to end (SIGTERM) and waits until it has. Resolves also when it is gone already. */
  stop(): Promise<void>;
  /** As when the machine dies (SIGKILL). */
  kill(): Promise<void>;
}

const readyMs = 90_000;
const stopMs = 20_000;
const clock = createClock();
const keptOutput = 64 * 1024;
/** Linux ends the child with its parent, whatever happened to that. https://man7.org/linux/man-pages/man1/setpriv.1.html */
const setpriv = '/usr/bin/setpriv';
const dieWithParent = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];

export async function startChild(options: ChildOptions): Promise<Child> {
  const [command = '', ...args] = [...dieWithParent, options.command, ...options.args];
  const { env, cwd } = options;
  const process = spawn(command, args, { stdio: 'pipe', ...(env && { env }), ...(cwd && { cwd }) });
  let output = '';
  for (const stream of [process.stdout, process.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
    });
  const failed = once(process, 'error').then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  const child = childOf(process, () => output);
  try {
    await Promise.race([failed, untilReady(options, process, () => output)]);
  } catch (error) {
    await child.kill();
    throw new Error(`${options.name} did not start: ${String(error)}\n${output}`, { cause: error });
  }
  return child;
}

async function untilReady({ name, ready }: ChildOptions, process: ChildProcess, output: () => string): Promise<void> {
  const state = { ended: false };
  await vi.waitFor(
    async () => {
      state.ended = hasEnded(process);
      if (!state.ended) await ready(output());
    },
    { timeout: readyMs, interval: 100 },
  );
  if (state.ended) throw new Error(`${name} ended with ${process.exitCode ?? process.signalCode}`);
}

function childOf(process: ChildProcess, output: () => string): Child {
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded(process)) return;
    const exit = once(process, 'exit');
    process.kill(signal);
    await exit;
  };
  return {
    pid: process.pid ?? 0,
    output,
    kill: () => end('SIGKILL'),
    async stop() {
      const hard = clock.deadline(stopMs);
      hard.signal.addEventListener('abort', () => process.kill('SIGKILL'));
      await end('SIGTERM').finally(() => hard.clear());
    },
  };
}

function hasEnded(process: ChildProcess): boolean {
  return process.pid === undefined || process.exitCode !== null || process.signalCode !== null;
}
