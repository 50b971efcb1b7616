/** What requests that set windows have in common: texts, times, and that every fault is said at once. */
import { z } from 'zod';
import { longestWindowMs } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { HttpError } from './http-error.ts';

export const maxBodyBytes = 16 * 1024;
/** A window may begin a little before the request was read: clocks differ. */
const slackMs = 60_000;

/** One line for people: shown on pages, in channels and on terminals, so nothing in it may move a cursor. */
export const line = z
  .string('write a text')
  .trim()
  .min(1, 'write a text')
  .max(500, 'write at most 500 characters')
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'write one line without control characters');

export const moment = z.iso.datetime({
  offset: true,
  error: 'write a time with its zone, such as 2026-11-20T23:00:00+09:00',
});

/** A checked body, or as much of it as could be read with all that is wrong with the rest. */
export interface Read<Body> {
  readonly body: Partial<Body>;
  readonly faults: string[];
}

/** All that can be said of a body at once; what is right in it is there even where the rest is wrong. */
export function read<Schema extends z.ZodObject>(schema: Schema, given: unknown): Read<z.infer<Schema>> {
  if (given === undefined) return { body: {}, faults: ['body: write JSON, with Content-Type: application/json.'] };
  const { error } = schema.safeParse(given);
  const faults = (error?.issues ?? []).map(faultText);
  const isRecord = typeof given === 'object' && given !== null && !Array.isArray(given);
  const wrong = new Set((error?.issues ?? []).map(({ path }) => path[0]));
  const fine = isRecord ? Object.entries(given).filter(([key]) => key in schema.shape && !wrong.has(key)) : [];
  const body = schema.partial().safeParse(Object.fromEntries(fine)).data ?? {};
  return { body: body as Partial<z.infer<Schema>>, faults };
}

/** @throws HttpError 400 with everything that is wrong */
export function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new HttpError(400, 'bad_request', faults.join(' '));
}

/** When a window begins and ends; `end` is what the request calls the time of its end. */
export function timesOf(
  { from, length, until }: Partial<Record<'from' | 'length' | 'until', string | undefined>>,
  { now, end }: { now: EpochMs; end: string },
  faults: string[],
): { readonly from: EpochMs; readonly until: EpochMs } {
  const begins = from === undefined ? now : Date.parse(from);
  if (begins < now - slackMs) faults.push('It would begin in the past: what was told is told.');
  if ((length === undefined) === (until === undefined)) {
    faults.push(`It has an end: write either "for" (2h30m) or "${end}" (2026-11-20T23:00:00+09:00).`);
    return { from: begins, until: begins };
  }
  const ends = until === undefined ? begins + lengthOf(length ?? '', faults) : Date.parse(until);
  if (ends <= now || ends <= begins) faults.push('It would be over already. Write a later end.');
  if (ends - begins > longestWindowMs)
    faults.push(`It would last longer than ${formatDuration(longestWindowMs)}. Set it again when it is still needed.`);
  return { from: begins, until: ends };
}

/** NaN, which is neither over nor too long, where it is no duration. */
function lengthOf(text: string, faults: string[]): number {
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  faults.push(`for: ${parsed.message}`);
  return Number.NaN;
}

function faultText({ path, message }: { path: PropertyKey[]; message: string }): string {
  return `${path.join('.') || 'body'}: ${message}.`;
}
