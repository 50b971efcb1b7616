/** Where fetched things lie: outside git, kept between runs, each either whole or not there at all. */
import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export type Say = (text: string) => void;

export const cacheDir = path.resolve(import.meta.dirname, '../../../.cache/real');

/** The folder of that name; `fill` makes it when it is not there yet. */
export async function cached(name: string, fill: (dir: string) => Promise<void>): Promise<string> {
  const dir = path.join(cacheDir, name);
  const found = await access(dir).then(
    () => true,
    () => false,
  );
  if (found) return dir;
  const unfinished = `${dir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await fill(unfinished);
  await rename(unfinished, dir);
  return dir;
}

const run = promisify(execFile);
/** Downloads of 50 MB over a slow line. */
const patienceMs = 10 * 60_000;

/** Runs a tool to its end. `advice` is what to change when it fails. */
export async function tool(command: string, args: readonly string[], advice: string, cwd = cacheDir): Promise<string> {
  try {
    await mkdir(cwd, { recursive: true });
    return (await run(command, [...args], { cwd, timeout: patienceMs, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    throw new Error(`${command} ${args[0] ?? ''} failed: ${lastWords(error)}. ${advice}`, { cause: error });
  }
}

/** The first line of what a failed tool said; of a tool that is not there, that. */
function lastWords(error: unknown): string {
  const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message: string };
  const lines = `${stderr ?? ''}\n${stdout ?? ''}\n${message}`.split('\n').filter((line) => line.trim() !== '');
  return (lines[0] ?? 'it said nothing').slice(0, 300);
}
