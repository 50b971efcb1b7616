/** Sentences with typed gaps: what is in them is kept apart from how a language says it. */

/** `{name}` is text, `{name:kind}` something that each language writes its own way. */
export type Template = string;

/** Some of many names. */
export interface NameList {
  readonly shown: readonly string[];
  /** How many there are besides. */
  readonly more: number;
}

type Gap<T extends string> = T extends `${string}{${infer G}}${infer Rest}` ? G | Gap<Rest> : never;
type NameOf<G extends string> = G extends `${infer N}:${string}` ? N : G;
type ValueOf<G extends string> = G extends `${string}:${infer Kind}`
  ? Kind extends 'list'
    ? NameList
    : Kind extends 'term'
      ? string
      : number
  : string;

/** What a template's gaps take: numbers are ms for `span`, 0 to 1 for `share` and `level`. */
export type Values<T extends string> = { readonly [G in Gap<T> as NameOf<G>]: ValueOf<G> };
export type PlaceholderValues = Readonly<Record<string, string | number | NameList>>;

/** How a language writes what is in the gaps. */
export interface Speech {
  number(count: number): string;
  /** A rough duration in one unit. */
  span(ms: number): string;
  /** A small share, as exact as it is worth. */
  share(share: number): string;
  /** How full something is: never rounded up to its limit. */
  level(share: number): string;
  list(names: NameList): string;
  /** A word of ours: what a limit or a counter is called. */
  term(text: string): string;
}

/** The names of a template's gaps with what they hold: `hop`, `left:span`. */
export function gapsOf(template: Template): string[] {
  return [...new Set([...template.matchAll(gap)].map(([, inner = '']) => inner))].sort();
}

const gap = /\{([a-z_]+(?::[a-z]+)?)\}/g;

/** The sentence; a gap without a value that fits shows `?`. */
export function fill(template: Template, values: PlaceholderValues, speech: Speech): string {
  return template.replace(gap, (_, inner: string) => {
    const [name = '', kind = 'text'] = inner.split(':');
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    return said(kind, value, speech) ?? '?';
  });
}

function said(kind: string, value: string | number | NameList | undefined, speech: Speech): string | undefined {
  if (typeof value === 'string') return kind === 'term' ? speech.term(value) : value;
  if (typeof value === 'object') return kind === 'list' ? speech.list(value) : undefined;
  if (value === undefined || !Number.isFinite(value) || kind === 'list') return undefined;
  if (kind === 'span' || kind === 'share' || kind === 'level') return speech[kind](value);
  return speech.number(value);
}

/** Whether everything that it names is known. */
export function isFilled(template: Template, values: PlaceholderValues): boolean {
  return gapsOf(template).every((inner) => Object.hasOwn(values, inner.split(':')[0] ?? ''));
}

/** `90 s`, `24 min`, `3 h`, as `units` writes them: one unit, of which there are at least two. */
export function roughSpan(ms: number, units: { readonly s: string; readonly min: string; readonly h: string }): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)}${units.s}`;
  if (ms < 2 * 3_600_000) return `${Math.round(ms / 60_000)}${units.min}`;
  return `${Math.round(ms / 3_600_000)}${units.h}`;
}

export function shareText(share: number): string {
  return String(Number((share * 100).toPrecision(2)));
}

export function levelText(share: number): string {
  return String(Math.floor(share * 1000) / 10);
}

/** English without thousands separators: for the API and the log. */
export const plainSpeech: Speech = {
  number: String,
  span: (ms) => roughSpan(ms, { s: ' s', min: ' min', h: ' h' }),
  share: (share) => `${shareText(share)} %`,
  level: (share) => `${levelText(share)} %`,
  list: ({ shown, more }) => (more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')),
  term: (text) => text,
};
