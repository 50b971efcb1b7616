import type { Config } from './pipeline.ts';

/** Where others reach us, without a slash at its end: as configured, otherwise as we listen. */
export function ownAddress({ links, listen }: Pick<Config, 'links' | 'listen'>): string {
  const { host, port } = listen;
  const named = /^(0\.0\.0\.0|::|\[::\])$/.test(host) ? 'localhost' : host;
  const base = links?.page ?? `http://${named.includes(':') ? `[${named}]` : named}:${port}`;
  return base.replace(/[?#].*$/, '').replace(/\/+$/, '');
}
