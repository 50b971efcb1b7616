/** Packages as Debian built them, unpacked into the cache and not installed: no service starts, and no root is needed. */
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { cached, type Say, tool } from './cache.ts';

export const debianAdvice =
  'This part needs Debian or Ubuntu: run apt-get update as root, and let apt reach its mirror.';

export interface DebianOptions {
  /** The folder in the cache. */
  readonly name: string;
  readonly wanted: readonly string[];
  /** Also what they depend on, as far as this machine lacks it. */
  readonly dependencies?: boolean;
}

/** Unpacks these packages over each other, once. Returns the folder that stands for `/`. */
export function unpackDebian({ name, wanted, dependencies = false }: DebianOptions, say: Say): Promise<string> {
  return cached(name, async (dir) => {
    if (process.getuid?.() === 0) await tool('apt-get', ['update', '-qq'], debianAdvice);
    const packages = dependencies ? [...new Set([...wanted, ...(await missingFor(wanted))])] : wanted;
    say(`fetching ${packages.join(', ')} from the Debian mirror; unpacked into the cache, not installed`);
    const archives = path.join(dir, 'archives');
    await mkdir(archives);
    await tool('apt-get', ['download', '-qq', ...packages], debianAdvice, archives);
    for (const archive of await readdir(archives))
      await tool('dpkg', ['-x', path.join(archives, archive), dir], debianAdvice);
    // links into packages that are not there: the linter, which looks into every folder, would complain of them
    await tool('find', [dir, '-xtype', 'l', '-delete'], debianAdvice);
  });
}

async function missingFor(wanted: readonly string[]): Promise<string[]> {
  const install = ['install', '--print-uris', '-y', '-qq', '--no-install-recommends', ...wanted];
  // 'http://…/python3-yaml_6.0-3+b2_amd64.deb' python3-yaml_6.0-3+b2_amd64.deb 119380 MD5Sum:…
  const listing = await tool('apt-get', install, debianAdvice);
  return [...listing.matchAll(/^'[^']*' ([^_\s]+)_/gm)].map((match) => match[1] ?? '');
}
