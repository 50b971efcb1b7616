import { z } from 'zod';
import { parseDuration } from '../../src/probe.ts';

/** A config field such as `16m`; in ms once parsed. */
export function durationField(description: string, example: string) {
  return z
    .string()
    .transform((text, context) => {
      const parsed = parseDuration(text);
      if (parsed.ok) return parsed.value;
      context.addIssue({ code: 'custom', message: parsed.message, input: text });
      return z.NEVER;
    })
    .meta({ description, examples: [example] });
}
