/** What no single field of a peer can tell: whether it is ourselves, or somebody twice. */
import type { Finding } from './issue.ts';
import { itemsAt } from './items.ts';
import { isMap } from './path.ts';
import { nameOfHost, peerExample } from './peer-frame.ts';
import { parseListen } from './quantity.ts';

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
    const given = typeof item.name === 'string';
    const name = given ? item.name : url && nameOfHost(url.href);
    if (taken.has(name))
      found.push({
        path: [...path, ...(given ? ['name'] : [])],
        message: `"${name}" is already the name of something else that pages speak of. ${given ? 'Choose another name' : 'Give it a name'}.`,
      });
    if (given) taken.add(name);
    return found;
  });
}

type Address = { readonly host: string; readonly port: number };

function urlFault({ username, password, search, hash, protocol, port, hostname }: URL, own: Address, twice: boolean) {
  if (username !== '' || password !== '') return 'holds a user, which is not sent. Write the address without it.';
  if (search !== '' || hash !== '') return `more than an address. Write one like ${peerExample}.`;
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
