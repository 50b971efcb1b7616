import { CommandExit } from './command.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[::1]:PORT`. @throws CommandExit 2 saying what to write */
export function addressOf(option: string, text: string): Address {
  const url = URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined;
  const port = Number(/:(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  if (url?.pathname !== '/' || url.username !== '' || !(port >= 0 && port <= 65_535)) {
    throw new CommandExit(2, `${option} "${text}" is no address. Write HOST:PORT, for example 127.0.0.1:9780.`);
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** @throws CommandExit 2 for anything but an http or https URL */
export function urlOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new CommandExit(2, `${option} "${text}" is no URL. Write for example http://127.0.0.1:9999/pages.`);
  }
  return url;
}

export function shown({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
