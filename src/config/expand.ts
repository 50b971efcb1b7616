import { resolve } from 'node:path';
import { type Path, valueAt } from './path.ts';
import { readTextFile } from './read-file.ts';
import type { Secrets } from './redact.ts';

/** A secret file bigger than this is the wrong file. Bytes. */
const maxSecretFileBytes = 64 * 1024;

export interface Expansion {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative `file:` paths start here: the folder of the configuration. */
  readonly folder: string;
  /** Every expanded value is remembered here. */
  readonly secrets: Secrets;
  readonly fault: (path: Path, message: string) => void;
}

/**
 * Replaces `${NAME}` and then a leading `file:` in every text of a parsed document. What comes in is a text and stays one:
 * it is never parsed as YAML nor expanded again. Where it cannot be had, the value becomes `unresolved`.
 */
export async function expand(value: unknown, expansion: Expansion, path: Path = []): Promise<unknown> {
  if (typeof value === 'string') return expandText(value, expansion, path);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  const entries: [string | number, unknown][] = [];
  // one after the other: a file of nothing but `file:` values must not open them all at once
  for (const key of keys) entries.push([key, await expand(valueAt(value, [key]), expansion, [...path, key])]);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

/** Stands where a value could not be had: its own fault is already reported, so nothing else is said about it. */
export const unresolved = Symbol('unresolved');

async function expandText(text: string, expansion: Expansion, path: Path): Promise<unknown> {
  const isFile = text.startsWith('file:');
  if (!isFile && !text.includes('${')) return text;
  const filled = fillVariables(text, expansion, path);
  if (filled === undefined) return unresolved;
  const value = isFile ? await readSecretFile(filled.slice('file:'.length), text, expansion, path) : filled;
  if (value === undefined) return unresolved;
  expansion.secrets.add(value, path);
  return value;
}

function fillVariables(text: string, expansion: Expansion, path: Path): string | undefined {
  let whole = true;
  const say = (message: string) => {
    whole = false;
    expansion.fault(path, message);
  };
  const filled = text.replace(/\$\{([^}]*)\}?/g, (written, name: string) => {
    if (!written.endsWith('}') || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      say(
        '"$" and "{" begin a variable, but no name and "}" follow. Its name has letters, digits and underscores only.',
      );
      return '';
    }
    const value = Object.hasOwn(expansion.env, name) ? expansion.env[name] : undefined;
    if (value === undefined || value === '')
      say(`\${${name}} is ${value === '' ? 'empty' : 'not set'}. Set ${name} in the environment.`);
    else expansion.secrets.add(value);
    return value ?? '';
  });
  return whole ? filled : undefined;
}

async function readSecretFile(
  file: string,
  written: string,
  expansion: Expansion,
  path: Path,
): Promise<string | undefined> {
  const read = await readTextFile(resolve(expansion.folder, file), maxSecretFileBytes);
  const fault = 'fault' in read ? read.fault : read.text.trim() === '' ? 'is empty. Put the value into it.' : undefined;
  if (fault !== undefined || 'fault' in read) {
    expansion.fault(path, `${JSON.stringify(written)} ${fault}`);
    return undefined;
  }
  return read.text.trim();
}
