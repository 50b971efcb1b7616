import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { NodeFolder } from './node-folder.ts';

/** What must stay the same over restarts in one folder: the ledger's canaries are signed with this key. */
export interface SandboxSecrets {
  /** Signs canaries. */
  readonly key: string;
  /** Bearer of the hooks. */
  readonly http: string;
  /** PagerDuty's; 32 characters. */
  readonly routingKey: string;
}

export interface SandboxConfig {
  readonly runListen: string;
  readonly pageTo?: URL;
  readonly secrets: SandboxSecrets;
  readonly nodes: readonly NodeFolder[];
  readonly stream: { readonly name: string; readonly region: string; readonly endpoint: string };
  readonly index: { readonly url: string };
  readonly archive: { readonly bucket: string; readonly prefix: string; readonly endpoint: string };
}

/** Reads the folder's secrets, or makes them (mode 0600). */
export async function sandboxSecrets(dir: string): Promise<SandboxSecrets> {
  const file = path.join(dir, 'secrets.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text);
  const secret = () => randomBytes(32).toString('base64url');
  const secrets = { key: secret(), http: secret(), routingKey: randomBytes(16).toString('hex') };
  await writePrivate(file, JSON.stringify(secrets));
  return secrets;
}

/** Writes a file that only its owner may read, also where it was there before. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  await chmod(file, 0o600);
}

const notice = `# Written by the logcanary sandbox at each start. It holds secrets: keep it to yourself.
# Deadlines are in seconds here; a real pipeline's are in minutes.
`;

/** The configuration that watches this sandbox (design §10). */
export function sandboxConfigText(config: SandboxConfig): string {
  const { secrets, pageTo } = config;
  const document = {
    listen: config.runListen,
    ledger: './logcanary.db',
    deployment: 'sandbox',
    keys: [{ id: 'a1', secret: secrets.key }],
    http: { secret: secrets.http },
    pipelines: [
      {
        name: 'sandbox',
        inject: config.nodes.map(injectEntry),
        hops: hops(config),
        lost_after: '60s',
        page_after: '0s',
        resolve_after: '5s',
        stopped_every: '2s',
        checks: [{ 'elasticsearch-disk': { url: config.index.url }, every: '2s' }],
      },
    ],
    ...(pageTo && { notify: [{ pagerduty: { routing_key: secrets.routingKey, url: pageTo.href } }] }),
  };
  return notice + stringify(document, { lineWidth: 0 });
}

function injectEntry({ name, log, leaving }: NodeFolder): object {
  return { file: { path: log, name, labels: { node: name }, leaving }, every: '1s' };
}

function hops({ stream, index, archive }: SandboxConfig): object[] {
  const kinesis = {
    stream: stream.name,
    region: stream.region,
    endpoint: stream.endpoint,
    read: 'follow',
    propagation: '100ms',
  };
  const elasticsearch = { url: index.url, index: 'logs-*', fields: ['message'] };
  return [
    { name: 'stream', kinesis, within: '8s', poll: '2s' },
    // The index forgets after 15 minutes.
    { name: 'index', after: 'stream', elasticsearch, within: '10s', poll: '2s', retention: '15m' },
    { name: 'archive', after: 'stream', s3: { ...archive }, within: '20s', poll: '2s' },
    { name: 'alert', after: 'index', webhook: {}, within: '20s', poll: '2s' },
  ];
}
