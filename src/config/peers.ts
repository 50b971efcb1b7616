/** Other logcanaries that watch the same pipelines: how they are written, named and checked. */
import { z } from 'zod';
import type { PeerSpec } from '../core/pipeline.ts';
import { httpUrl, name } from './field.ts';
import type { Finding } from './issue.ts';
import { itemsAt } from './items.ts';
import { isMap } from './path.ts';
import { parseListen } from './quantity.ts';

const example = 'http://canary-b:9780';

const peer = z.strictObject({
  url: httpUrl({ description: 'Where it serves its page, as seen from here. Its GET /api/v1/peer is read.', example }),
  name: name({ description: "Unique. Default: the host's name.", example: 'canary-b' }).optional(),
});

export const peers = z
  .array(peer)
  .max(9)
  .meta({
    description: 'Other logcanaries on the same pipelines: each incident is told once, and ends when all agree.',
  });

type Written = { readonly url: string; readonly name?: string | undefined };

/** With their names: those given, else their hosts, as far as a name can say them. */
export function buildPeers(written: readonly Written[]): PeerSpec[] {
  const used = new Set(written.flatMap((each) => each.name ?? []));
  return written.map(({ url, name: given }) => {
    const host = nameOfHost(url);
    let found = given ?? host;
    for (let count = 2; given === undefined && used.has(found); count++) found = `${host}-${count}`;
    used.add(found);
    return { name: found, url };
  });
}

function nameOfHost(url: string): string {
  const plain = new URL(url).hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return plain.slice(0, 60) || 'peer';
}

/** One that is ourselves would agree with everything; an address of another form would not work. */
export function checkPeers(value: unknown): Finding[] {
  const taken = namesTaken(value);
  const urls = new Set<string>();
  return itemsAt(value, ['peers']).flatMap(({ item, path }): Finding[] => {
    const found: Finding[] = [];
    const url = typeof item.url === 'string' ? URL.parse(item.url) : null;
    const fault = url && urlFault(url, listenOf(value), urls.has(url.href));
    if (fault) found.push({ path: [...path, 'url'], message: fault });
    if (url) urls.add(url.href);
    if (typeof item.name !== 'string') return found;
    if (taken.has(item.name))
      found.push({
        path: [...path, 'name'],
        message: `"${item.name}" is already the name of something else that pages speak of. Choose another name.`,
      });
    taken.add(item.name);
    return found;
  });
}

type Address = { readonly host: string; readonly port: number };

function urlFault({ username, password, search, hash, protocol, port, hostname }: URL, own: Address, twice: boolean) {
  if (username !== '' || password !== '') return 'holds a user, which is not sent. Write the address without it.';
  if (search !== '' || hash !== '') return `more than an address. Write one like ${example}.`;
  if (twice) return 'is already the address of another peer. Each has its own.';
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
  if (at.port !== own.port || !(at.host === own.host || (isThisMachine(at.host) && isThisMachine(own.host))))
    return undefined;
  return 'is where this logcanary listens itself. Write the address of the other one, which has its own ledger and listen address.';
}

/** Everything on it that can be asked or listened at. */
function isThisMachine(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|0\.0\.0\.0|::1?)$/i.test(host);
}

function listenOf(value: unknown): Address {
  const written = isMap(value) && typeof value.listen === 'string' ? value.listen : '127.0.0.1:9780';
  const parsed = parseListen(written);
  return parsed.ok ? parsed.value : { host: '', port: -1 };
}

/** Names that incidents are told at besides. */
function namesTaken(value: unknown): Set<unknown> {
  const pipelines = itemsAt(value, ['pipelines']);
  const places = pipelines.flatMap(({ item }) => [...itemsAt(item, ['hops']), ...itemsAt(item, ['checks'])]);
  return new Set([...places, ...itemsAt(value, ['expected_pings'])].map(({ item }) => item.name));
}
