/** Kubeconfigs and credential plugins in a folder that goes away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface KubeconfigFolder {
  readonly dir: string;
  /** Path of a kubeconfig with one context, `prod`. */
  write(cluster: object, user: object): Promise<string>;
  /** Path of a plugin that does this (shell). */
  plugin(script: string): Promise<string>;
  remove(): Promise<void>;
}

export async function makeKubeconfigFolder(): Promise<KubeconfigFolder> {
  const dir = await mkdtemp(path.join(tmpdir(), 'logcanary-kubeconfig-'));
  let written = 0;
  const put = async (name: string, text: string, mode = 0o600) => {
    const file = path.join(dir, name);
    await writeFile(file, text, { mode });
    return file;
  };
  return {
    dir,
    async write(cluster, user) {
      const config = {
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'prod' },
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }],
      };
      written += 1;
      return put(`config-${written}`, JSON.stringify(config));
    },
    plugin(script) {
      written += 1;
      return put(`plugin-${written}`, `#!/bin/sh\n${script}\n`, 0o700);
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
