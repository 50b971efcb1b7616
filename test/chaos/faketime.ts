/**
 * A wall clock of its own for one process: libfaketime as Debian built it, unpacked into the cache and not installed. The
 * machine's clock is never touched, and neither is the monotonic one.
 */
import { execFile } from 'node:child_process';
import { readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { cached, type Say, tool } from '../real/install/cache.ts';

const advice = 'This needs Debian or Ubuntu: run apt-get update as root, and let apt reach its mirror.';

export interface FalseClock {
  /** For the process that is to believe it. */
  readonly env: NodeJS.ProcessEnv;
  /** The wall clock is `ms` ahead of the machine's from now on; behind, when negative. */
  set(ms: number): Promise<void>;
}

/** @param dir where the file lies that says how late it is. @throws when libfaketime cannot be had or does not do as it should */
export async function falseClock(dir: string, say: Say): Promise<FalseClock> {
  const library = await installed(say);
  const file = path.join(dir, 'faketime');
  const env = {
    ...process.env,
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    // read at each call, so that a step shows at once. https://github.com/wolfcw/libfaketime/blob/master/README
    FAKETIME_NO_CACHE: '1',
    DONT_FAKE_MONOTONIC: '1',
    // times of files are the machine's
    NO_FAKE_STAT: '1',
  };
  const set = async (ms: number) => {
    // replaced, never rewritten: it is read at any moment
    await writeFile(`${file}.next`, `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}\n`);
    await rename(`${file}.next`, file);
  };
  await set(0);
  const clock = { env, set };
  await assertFalse(clock);
  return clock;
}

async function installed(say: Say): Promise<string> {
  const dir = await cached('libfaketime', async (unfinished) => {
    say('fetching libfaketime (50 KB) from the Debian mirror; unpacked into the cache, not installed');
    if (process.getuid?.() === 0) await tool('apt-get', ['update', '-qq'], advice);
    await tool('apt-get', ['download', '-qq', 'libfaketime'], advice, unfinished);
    for (const name of await readdir(unfinished))
      if (name.endsWith('.deb')) await tool('dpkg', ['-x', path.join(unfinished, name), unfinished], advice);
  });
  const names = await readdir(dir, { recursive: true });
  // the one for programs with threads
  const name = names.find((each) => each.endsWith('/libfaketimeMT.so.1'));
  if (name === undefined)
    throw new Error(`There is no libfaketimeMT.so.1 in ${dir}. Remove that folder and try again.`);
  return path.join(dir, name);
}

/** What a process under it says of both its clocks, a step of an hour in between. */
const probe = `
  const read = () => [Date.now(), performance.now()];
  const before = read();
  process.stdin.once('data', () => { const after = read(); console.log(after[0] - before[0], after[1] - before[1]); process.exit(); });
  console.log('ready');
`;

/** A step that does not show, or that moves the monotonic clock as well, would prove nothing. */
async function assertFalse(clock: FalseClock): Promise<void> {
  const child = promisify(execFile)(process.execPath, ['-e', probe], { env: clock.env, timeout: 20_000 });
  await new Promise((resolve) => child.child.stdout?.once('data', resolve));
  await clock.set(3_600_000);
  child.child.stdin?.write('\n');
  const [wall = 0, monotonic = 0] = (await child).stdout.replace('ready', '').trim().split(' ').map(Number);
  await clock.set(0);
  if (Math.abs(wall - 3_600_000) < 60_000 && monotonic < 60_000) return;
  throw new Error(
    `libfaketime moved the wall clock by ${wall} ms and the monotonic one by ${monotonic} ms, instead of 1 h and nothing.`,
  );
}
