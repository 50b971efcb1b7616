/** Prometheus and Alertmanager as Debian built them, with their tools. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { type Say, tool } from './cache.ts';
import { unpackDebian } from './debian-packages.ts';

export interface PrometheusPackage {
  readonly prometheus: string;
  readonly promtool: string;
  readonly amtool: string;
  /** Runs Debian's Alertmanager where it is not installed; its arguments follow. */
  readonly alertmanager: readonly string[];
}

const advice = 'Alertmanager is started in a mount namespace of its own: allow user namespaces, or run as root.';

/**
 * Debian's Alertmanager reads its templates from /usr/share/prometheus, so it gets a /usr/share of its own, for itself alone.
 * https://man7.org/linux/man-pages/man1/unshare.1.html
 */
const ownShare = 'mount --bind "$0/usr/share" /usr/share && exec "$0/usr/bin/prometheus-alertmanager" "$@"';

export async function installPrometheus(say: Say): Promise<PrometheusPackage> {
  const dir = await unpackDebian({ name: 'prometheus', wanted: ['prometheus', 'prometheus-alertmanager'] }, say);
  const bin = (name: string) => path.join(dir, 'usr/bin', name);
  const namespace = ['unshare', '--map-root-user', '--mount', 'sh', '-c'];
  await tool('unshare', [...namespace.slice(1), 'true'], advice);
  const found = { prometheus: bin('prometheus'), promtool: bin('promtool'), amtool: bin('amtool') };
  for (const file of Object.values(found)) await access(file);
  return { ...found, alertmanager: [...namespace, ownShare, dir] };
}
