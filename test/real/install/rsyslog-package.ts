/**
 * rsyslog as Debian built it, unpacked into the cache and not installed: no service starts, the machine's own syslog
 * stays as it is, and no root is needed where the package lists are fresh.
 */
import { access, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { cached, type Say, tool } from './cache.ts';

const wanted = ['rsyslog', 'rsyslog-elasticsearch'];
const advice = 'This part needs Debian or Ubuntu: run apt-get update as root, and let apt reach its mirror.';

export interface RsyslogPackage {
  readonly daemon: string;
  readonly modules: string;
  /** For `LD_LIBRARY_PATH`. */
  readonly libraries: string;
}

export async function installRsyslog(say: Say): Promise<RsyslogPackage> {
  const dir = await cached('rsyslog', (unfinished) => unpack(unfinished, say));
  const libraries = path.join(dir, 'usr/lib', (await architectures(dir))[0] ?? '');
  const found = { daemon: path.join(dir, 'usr/sbin/rsyslogd'), modules: path.join(libraries, 'rsyslog'), libraries };
  await access(path.join(found.modules, 'omelasticsearch.so'));
  return found;
}

/** `x86_64-linux-gnu` and the like. */
async function architectures(dir: string): Promise<string[]> {
  return (await readdir(path.join(dir, 'usr/lib'))).filter((name) => name.endsWith('-linux-gnu'));
}

async function unpack(dir: string, say: Say): Promise<void> {
  if (process.getuid?.() === 0) await tool('apt-get', ['update', '-qq'], advice);
  const install = ['install', '--print-uris', '-y', '-qq', '--no-install-recommends', ...wanted];
  const listing = await tool('apt-get', install, advice);
  // 'http://…/libestr0_0.1.11-1_amd64.deb' libestr0_0.1.11-1_amd64.deb 9204 MD5Sum:…
  const missing = [...listing.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map((match) => match[1] ?? '');
  const names = [...new Set([...wanted, ...missing])];
  say(`fetching ${names.join(', ')} from the Debian mirror (1.2 MB); unpacked into the cache, not installed`);
  const archives = path.join(dir, 'archives');
  await mkdir(archives);
  await tool('apt-get', ['download', '-qq', ...names], advice, archives);
  for (const archive of await readdir(archives)) await tool('dpkg', ['-x', path.join(archives, archive), dir], advice);
}
