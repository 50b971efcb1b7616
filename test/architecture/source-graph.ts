/** Which file of ours imports what: read from the text, as the formatter writes it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Import {
  /** File from the root of the checkout, with slashes. */
  readonly from: string;
  /** A file of ours from the root of the checkout, else the package or built-in module as written. */
  readonly to: string;
  /** `static`: loaded with its importer. `dynamic`: when a line is reached. `type`: never loaded. */
  readonly kind: 'static' | 'dynamic' | 'type';
}

export const root = path.resolve(import.meta.dirname, '../..');

/** Source files under a folder (or that file itself), from the root of the checkout. */
export function sourceFiles(...folders: string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
    )
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .toSorted();
}

export function textOf(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** The text with its comments blanked out: a word in a comment does nothing. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const call = /(typeof\s+)?\bimport\(\s*'([^']+)'/g;
/** `import('./x.ts').Name` in a type. */
const typeQuery = /[:<|&=,]\s*(?:readonly\s+)?import\('([^']+)'\)\.[A-Z]/g;

export function importsOf(from: string, text: string = textOf(from)): Import[] {
  const code = withoutComments(text);
  const inTypes = new Set([...code.matchAll(typeQuery)].map((match) => match[1]));
  const found: Import[] = [];
  for (const [, type, specifier = ''] of code.matchAll(statement))
    found.push({ from, to: targetOf(from, specifier), kind: type === undefined ? 'static' : 'type' });
  for (const [, type, specifier = ''] of code.matchAll(call)) {
    const kind = type === undefined && !inTypes.has(specifier) ? 'dynamic' : 'type';
    found.push({ from, to: targetOf(from, specifier), kind });
  }
  return found;
}

function targetOf(from: string, specifier: string): string {
  return specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
}

/** Files of ours that begin with `src/`, `probes/` or the like; everything else is a package or built into Node. */
export function isOwn(target: string): boolean {
  return /\.(ts|mjs|js|json)$/.test(target) && !target.startsWith('node:') && !target.startsWith('@');
}

export function isVendor(target: string): boolean {
  return !isOwn(target) && !target.startsWith('node:');
}

/** Every file that is loaded with these, over any number of steps. */
export function loadedWith(start: readonly string[], imports: readonly Import[]): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const { from, to, kind } of imports) {
    if (kind === 'static') next.set(from, [...(next.get(from) ?? []), to]);
  }
  const loaded = new Set(start);
  for (const file of loaded) for (const to of next.get(file) ?? []) loaded.add(to);
  return loaded;
}

/** One way round for each import that closes a circle: `a > b > a`. */
export function cyclesIn(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) if (isOwn(to)) next.set(from, [...(next.get(from) ?? []), to]);
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) cycles.push([...way.slice(at), file].join(' > '));
    if (at >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return cycles;
}
