/** ElastAlert as Debian has it, and ElastAlert 2 as PyPI has it. Neither is installed. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { cached, type Say, tool } from './cache.ts';
import { unpackDebian } from './debian-packages.ts';

export interface Elastalert {
  /** Runs its modules: `-m elastalert.elastalert`. */
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
  /** Folder of the mappings of its own indices, where it cannot put them itself. */
  readonly mappings?: string;
}

const pypiAdvice = 'Install python3-venv and let pip reach PyPI.';

/**
 * ElastAlert 0.2.4. Debian's own client (7.17) refuses everything but Elastic's servers, and calls that ElastAlert overrides
 * have changed; so it gets the one that ElastAlert itself asks for.
 */
export async function installElastalert(say: Say): Promise<Elastalert> {
  const root = await unpackDebian({ name: 'elastalert', wanted: ['elastalert'], dependencies: true }, say);
  const client = await cached('elastalert-client', async (dir) => {
    say('fetching elasticsearch 7.0.0 (the Python client) from PyPI');
    const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', dir, 'elasticsearch==7.0.0'];
    await tool('python3', pip, pypiAdvice);
  });
  const python = '/usr/bin/python3';
  await access(python);
  const modules = path.join(root, 'usr/lib/python3/dist-packages');
  return {
    python,
    env: { PYTHONPATH: `${client}:${modules}` },
    mappings: path.join(modules, 'elastalert/es_mappings/6'),
  };
}

/** ElastAlert 2.19.0. It needs pytz and does not say so. */
export async function installElastalert2(say: Say): Promise<Elastalert> {
  const dir = await cached('elastalert2', async (unfinished) => {
    say('fetching elastalert2 2.19.0 and what it needs from PyPI into a virtual environment (150 MB)');
    await tool('python3', ['-m', 'venv', unfinished], pypiAdvice);
    const pip = ['-m', 'pip', 'install', '-q', 'elastalert2==2.19.0', 'pytz'];
    await tool(path.join(unfinished, 'bin/python'), pip, pypiAdvice);
  });
  return { python: path.join(dir, 'bin/python'), env: {} };
}
