import type { ConfigFault } from '../lib/errors.ts';
import { formatPath, type Path } from './path.ts';

/** Keys whose values are secret, wherever they stand and however they were written. */
const secretKey = /(secret|passw|passphrase|token|credential|authorization|cookie|webhook_url|headers|(^|_)key$)/i;

/** Somebody's user information inside a URL. */
const urlWithUser = /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*@/i;

/** A window this long that a secret and a message share is too much. */
const windowLength = 8;

/** Secrets shorter than this cannot be found in a message without finding them by chance everywhere. */
const shortestSecret = 4;

/** True for paths whose value is never shown: a secret-like key at any level, or the URL of a heartbeat or a webhook, which may hold a key. */
export function isSecretPath(path: Path): boolean {
  if (path[0] === 'heartbeats' && path[2] === 'url') return true;
  if (path[0] === 'notify' && path[2] === 'webhook' && path[3] === 'url') return true;
  return path.some((part) => typeof part === 'string' && secretKey.test(part));
}

/** The secret values of one configuration; removes them from what is said about it. */
export class Secrets {
  readonly #values = new Set<string>();
  readonly #paths = new Set<string>();

  /** Remembers a value that may never be shown. */
  add(value: string, path?: Path): void {
    if (value !== '') this.#values.add(value);
    if (path) this.#paths.add(formatPath(path));
  }

  /** Remembers every scalar below `value` that is secret by its path or its form. */
  collect(value: unknown, path: Path = []): void {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) this.collect(item, [...path, index]);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) this.collect(item, [...path, key]);
    } else if (value !== null && (isSecretPath(path) || (typeof value === 'string' && urlWithUser.test(value)))) {
      this.add(String(value), path);
    }
  }

  /** The fault with every secret replaced by `***`; a message that still holds part of one is replaced as a whole. */
  scrub(fault: ConfigFault): ConfigFault {
    let message = fault.message;
    for (const form of this.#forms()) message = message.replaceAll(form, '***');
    const short = this.#paths.has(fault.path) && this.#shortValues().some((value) => message.includes(`"${value}"`));
    if (short || this.#sharesWindow(message))
      message = 'a secret value that is not accepted here. Check what it holds.';
    return { ...fault, message };
  }

  /** Longest first, so that no secret is left behind by a shorter one inside it. As it is, and as JSON writes it. */
  #forms(): string[] {
    const long = [...this.#values].filter((value) => value.length >= shortestSecret);
    return [...new Set(long.flatMap((value) => [value, escaped(value)]))].sort((a, b) => b.length - a.length);
  }

  #shortValues(): string[] {
    return [...this.#values].filter((value) => value.length < shortestSecret);
  }

  #sharesWindow(message: string): boolean {
    const bodies = this.#forms().map((form) => form.replace(/^[a-z][a-z0-9+.-]*:\/\//i, ''));
    for (let start = 0; start + windowLength <= message.length; start++) {
      const window = message.slice(start, start + windowLength);
      if (bodies.some((body) => body.includes(window))) return true;
    }
    return false;
  }
}

function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}
