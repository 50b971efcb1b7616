import { z } from 'zod';
import { formatDuration, type ParsedText, parseDuration } from '../lib/duration.ts';
import { parseListen, parseRate, parseShare } from './quantity.ts';

/** The description is for `schema` and for faults: what it is, with its default. */
type Described = { description: string };

/**
 * A text that a parser turns into a value. A number is given to the parser as it is written, so that `60` is told that it
 * lacks a unit, not that it is no text.
 */
export function parsedText<T>(
  parse: (text: string) => ParsedText<T>,
  meta: Described & { pattern: string; examples: string[] },
) {
  const text = z.string({
    error: (issue) => {
      if (typeof issue.input !== 'number') return undefined;
      const parsed = parse(String(issue.input));
      return parsed.ok ? undefined : parsed.message;
    },
  });
  return text.meta(meta).transform((input, context): T => {
    const parsed = parse(input);
    if (parsed.ok) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.message, input });
    return z.NEVER;
  });
}

/** A duration, in ms once parsed, within bounds given in ms. */
export function duration(meta: Described & { min: number; max: number; example: string }) {
  const parse = (text: string): ParsedText<number> => {
    const parsed = parseDuration(text);
    if (!parsed.ok || (parsed.value >= meta.min && parsed.value <= meta.max)) return parsed;
    const [side, bound] = parsed.value < meta.min ? ['below', meta.min] : ['above', meta.max];
    const most = side === 'below' ? 'least' : 'most';
    return {
      ok: false,
      message: `"${text}" is ${side} the ${most} that works. Write at ${most} ${formatDuration(bound)}.`,
    };
  };
  const pattern = '^(?=.)(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?$';
  return parsedText(parse, { description: meta.description, pattern, examples: [meta.example] });
}

/** A share of the whole, as a fraction in lowest terms. */
export function share(meta: Described & { example: string }) {
  const pattern = '^\\d+(\\.\\d+)? ?%$|^\\d+ ?/ ?\\d+$';
  return parsedText(parseShare, { description: meta.description, pattern, examples: [meta.example] });
}

/** A rate, per second once parsed. */
export function rate(meta: Described & { example: string }) {
  const pattern = '^\\d+(\\.\\d+)?/[smh]$';
  return parsedText(parseRate, { description: meta.description, pattern, examples: [meta.example] });
}

/** HOST:PORT. */
export function listenAddress(meta: Described & { example: string }) {
  const pattern = ':\\d{1,5}$';
  return parsedText(parseListen, { description: meta.description, pattern, examples: [meta.example] });
}

/** A name that is safe in a canary line, a URL, a metric label and a page. */
export function name(meta: Described & { example: string }) {
  return z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
      error: 'not usable as a name. Write 1 to 63 of A-Z a-z 0-9 . _ - and begin with a letter or digit.',
    })
    .meta({ description: meta.description, examples: [meta.example] });
}

/** A non-empty text. */
export function text(meta: Described & { example: string; min?: number; max?: number }) {
  return z
    .string()
    .min(meta.min ?? 1)
    .max(meta.max ?? 4096)
    .meta({ description: meta.description, examples: [meta.example] });
}

/** An http or https address. */
export function httpUrl(meta: Described & { example: string }) {
  return z
    .string()
    .refine((value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''), {
      error: `not an http or https address. Write one like ${meta.example}.`,
    })
    .meta({ description: meta.description, examples: [meta.example] });
}

/** A variable as it is written in the file, for examples. */
export function variable(environmentName: string): string {
  return `\${${environmentName}}`;
}

export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
