/** busybox as Debian built it (once against the machine's libraries, once without any), and libfaketime; unpacked, not installed. */
import { access, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { cached, type Say, tool } from './cache.ts';

const wanted = ['busybox', 'busybox-static', 'libfaketime'];
const advice = 'This part needs Debian or Ubuntu: run apt-get update as root, and let apt reach its mirror.';

export interface BusyboxPackage {
  /** Needs no library, as in the image. */
  readonly alone: string;
  /** Needs the machine's libraries, so that libfaketime can get between. */
  readonly linked: string;
  /** For `LD_PRELOAD`. */
  readonly faketime: string;
}

export async function installBusybox(say: Say): Promise<BusyboxPackage> {
  const dir = await cached('busybox', (unfinished) => unpack(unfinished, say));
  const [libraries = ''] = (await readdir(path.join(dir, 'libfaketime/usr/lib'))).filter((name) =>
    name.includes('-linux-'),
  );
  const found = {
    alone: path.join(dir, 'busybox-static/bin/busybox'),
    linked: path.join(dir, 'busybox/bin/busybox'),
    faketime: path.join(dir, 'libfaketime/usr/lib', libraries, 'faketime/libfaketime.so.1'),
  };
  for (const file of Object.values(found)) await access(file);
  return found;
}

/** Each into a folder of its own: both packages of busybox hold a file of the same name. */
async function unpack(dir: string, say: Say): Promise<void> {
  if (process.getuid?.() === 0) await tool('apt-get', ['update', '-qq'], advice);
  say(`fetching ${wanted.join(', ')} from the Debian mirror (1.6 MB); unpacked into the cache, not installed`);
  const archives = path.join(dir, 'archives');
  await mkdir(archives);
  await tool('apt-get', ['download', '-qq', ...wanted], advice, archives);
  for (const archive of await readdir(archives)) {
    const [name = ''] = archive.split('_');
    await tool('dpkg', ['-x', path.join(archives, archive), path.join(dir, name)], advice);
  }
}
