/** What holds for every error that leaves a probe. */
import { expect } from 'vitest';
import { ProbeError, type Reason } from '../../src/lib/errors.ts';

/** The longest message we may show people; a whole answer body is never one. */
const maxMessage = 1000;

export function expectProbeError(
  error: unknown,
  reasons?: readonly Reason[],
  secrets: readonly string[] = [],
): asserts error is ProbeError {
  if (!(error instanceof ProbeError)) throw new Error('expected a ProbeError', { cause: error });
  if (reasons !== undefined) expect(reasons, `"${error.message}" is ${error.reason}`).toContain(error.reason);
  expect(error.message.length).toBeGreaterThan(10);
  expect(error.message.length).toBeLessThan(maxMessage);
  expect(error.message).not.toMatch(/<html|\[object |undefined/i);
  for (const message of messagesOf(error)) {
    expect(message).not.toMatch(/lcn1[a-z2-7]{47}0/);
    for (const secret of secrets) expect(message).not.toContain(secret);
  }
}

/** What a promise was rejected with; fails when it was kept. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  if (outcome === undefined) throw new Error('expected a rejection, but the promise was kept');
  return outcome.error;
}

/** Messages and stacks along the chain of causes, at most 10 deep. */
function messagesOf(error: unknown): string[] {
  const texts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 10; depth++) {
    texts.push(at instanceof Error ? `${at.message}\n${at.stack}\n${JSON.stringify(at)}` : String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts;
}
