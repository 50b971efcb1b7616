/** Where something stands in a configuration: keys and indices from the top. */
export type Path = readonly (string | number)[];

/** `pipelines[0].hops[1].within` */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? showKey(part) : `.${showKey(part)}`;
  }
  return text;
}

/** A key as it may be shown: what does not look like a key may be a value in the wrong place, perhaps a secret. */
export function showKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]{0,39}$/.test(key) ? key : '(not a plain key)';
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (Array.isArray(here)) here = here[Number(part)];
    else here = isMap(here) && Object.hasOwn(here, part) ? here[part] : undefined;
  }
  return here;
}
