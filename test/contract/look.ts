/** Asking an observer as the engine would, and reading what it answered. */
import { expect } from 'vitest';
import type { Look, Observer, Rechecker } from '../../src/probe.ts';
import { type CanaryLine, canaryPrefix } from '../fakes/canary-lines.ts';
import { context, forever } from './bench.ts';
import { expectProbeError } from './probe-error.ts';

/** The bound of a look's cursor, bytes (`Look.cursor`). */
const maxCursorBytes = 64 * 1024;

/** A look over these lines, as the engine would ask for it just now. */
export async function ask(
  observer: Observer,
  lines: readonly CanaryLine[],
  cursor?: string,
  signal = forever.signal,
): Promise<Look> {
  const question = {
    asOf: context.clock.now(),
    since: context.clock.now() - 60_000,
    count: lines.length,
    tokens: () => lines.map((line) => line.token),
    prefixes: [canaryPrefix],
    ...(cursor === undefined ? {} : { cursor }),
  };
  const look = await observer.observe(question, { signal });
  expect(look.asOf ?? question.asOf).toBeLessThanOrEqual(question.asOf);
  return look;
}

/** Asked for again just now, as the engine would an hour later: all had been seen by then. */
export async function askAgain(again: Rechecker, lines: readonly CanaryLine[], signal = forever.signal): Promise<Look> {
  const now = context.clock.now();
  const tokens = () => lines.map((line) => line.token);
  const question = {
    asOf: now,
    since: now - 60_000,
    seenBy: now,
    count: lines.length,
    tokens,
    prefixes: [canaryPrefix],
  };
  return again.look(question, { signal });
}

/** Tokens delivered by a look, sorted, duplicates kept. */
export function deliveredBy(look: Look): string[] {
  return look.finds
    .filter((find) => find.kind === 'line')
    .map((find) => find.token)
    .sort();
}

export function tokensOf(lines: readonly CanaryLine[]): string[] {
  return lines.map((line) => line.token).sort();
}

/** Like `deliveredBy`, of these lines alone. */
export function deliveredOf(look: Look, lines: readonly CanaryLine[]): string[] {
  const ours = new Set(tokensOf(lines));
  return deliveredBy(look).filter((token) => ours.has(token));
}

/** What holds for every look, whatever it saw. */
export function expectSoundLook(look: Look, secrets?: readonly string[]): void {
  if (look.coverage === 'partial') expectProbeError(look.why, undefined, secrets);
  else expect(look.why).toBeUndefined();
  expect(Buffer.byteLength(look.cursor ?? '')).toBeLessThanOrEqual(maxCursorBytes);
}
