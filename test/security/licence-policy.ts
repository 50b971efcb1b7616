/** Which licences may come with logcanary. Pure: what stands in manifests comes in, what is wrong goes out. */

/** Permissive ones: none asks for the source of what is built with it. SPDX names, https://spdx.org/licenses/ */
export const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Unlicense',
]);

/** Packages whose manifest names no licence, each at the version that was looked at, with where the licence stands. */
export const readByHand: Readonly<Record<string, string>> = {
  'humanize-number@0.0.2': 'MIT',
  'only@0.0.2': 'MIT',
};

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: unknown;
  readonly licenses?: unknown;
}

/** The licence as an SPDX expression; undefined when the manifest names none. */
export function licenceOf({ name, version, license, licenses }: Manifest): string | undefined {
  const named = [license, ...(Array.isArray(licenses) ? licenses : [licenses])].flatMap(nameOf);
  return named.length > 0 ? [...new Set(named)].join(' AND ') : readByHand[`${name}@${version}`];
}

/** Old manifests hold `{ type, url }`. */
function nameOf(one: unknown): string[] {
  if (typeof one === 'string' && one.trim() !== '') return [one.trim()];
  if (typeof one === 'object' && one !== null && 'type' in one) return nameOf(one.type);
  return [];
}

/** Whether an SPDX expression leaves us a licence from the list: AND needs all of its parts, OR one of them. */
export function isAllowed(expression: string): boolean {
  const text = expression.trim();
  const inner = /^\(([^()]*)\)$/.exec(text)?.[1];
  if (inner !== undefined) return isAllowed(inner);
  // what is nested deeper than the packages we have is not guessed at
  if (/[()]/.test(text)) return false;
  return text.split(/ OR /).some((choice) => choice.split(/ AND /).every((one) => allowed.has(one.trim())));
}
