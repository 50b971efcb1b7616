/**
 * A disk of some MiB that only the processes started on it see: a tmpfs in a mount namespace of its own, which is gone with
 * the last of them. Needs no root where user namespaces are allowed.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface SmallDisk {
  /** What a command must begin with to run where the disk is: an argv. */
  readonly inside: readonly string[];
  /** False for what only stands in for it. */
  readonly mounted: boolean;
  /** Path of a file on the disk, for this process, which is outside. */
  seen(file: string): string;
  /** Writes ballast until only so many bytes are left. */
  fill(leave: number): Promise<void>;
  /** Removes the ballast. */
  free(): Promise<void>;
  /** Mounts it anew. Refused by the kernel while a file on it is open for writing. */
  readOnly(on: boolean): Promise<void>;
  /** Ends the namespace, once nothing runs on it any more. */
  close(): Promise<void>;
}

/** Begun inside: entering a user namespace undoes it. */
const dieWithParent = ['setpriv', '--pdeathsig', 'KILL'];
const run = promisify(execFile);
/** Bytes that a file takes at a time. */
const block = 4096;

/** @param dir where it is mounted; made when missing. @throws where neither root nor user namespaces permit a mount */
export async function smallDisk(dir: string, mib: number): Promise<SmallDisk> {
  await mkdir(dir, { recursive: true });
  const script = `mount -t tmpfs -o size=${mib}m,mode=700 tmpfs "$1" && echo mounted && exec sleep infinity`;
  const holder = spawn('unshare', ['-rm', ...dieWithParent, 'sh', '-c', script, 'sh', dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  holder.stderr.on('data', (text: Buffer) => (said += text));
  const mounted = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
  if (String(mounted[0]).trim() !== 'mounted') throw new Error(`Cannot mount a tmpfs in a namespace: ${said.trim()}`);
  const enter = ['nsenter', '--target', String(holder.pid), '--user', '--mount', '--preserve-credentials', '--'];
  const inside = [...enter, ...dieWithParent];
  const sh = async (text: string, ...args: string[]) => {
    const [command = '', ...rest] = [...inside, 'sh', '-c', text, 'sh', dir, ...args];
    await run(command, rest);
  };
  return {
    inside,
    mounted: true,
    seen: (file) => `/proc/${holder.pid}/root${file}`,
    // the last blocks one by one: a large write that does not fit is not made at all
    fill: (leave) =>
      sh(
        `free=$(stat -f -c %a "$1"); blocks=$(( free - $2 / ${block} ))
        [ $blocks -le 0 ] || dd if=/dev/zero bs=${block} count=$blocks 2>/dev/null >> "$1/ballast" || true`,
        String(Math.floor(leave)),
      ),
    free: () => sh('rm -f "$1/ballast"'),
    readOnly: (on) => sh(`mount -o remount,${on ? 'ro' : 'rw'} "$1"`),
    async close() {
      holder.kill('SIGKILL');
      if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'close');
    },
  };
}
