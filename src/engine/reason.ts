import type { Reason } from '../lib/errors.ts';

const ourSide: ReadonlySet<Reason> = new Set(['auth', 'dns', 'network', 'tls', 'config', 'internal', 'aborted']);
const noAnswer: ReadonlySet<Reason> = new Set(['dns', 'network', 'timeout']);

/** The trouble is on our side (credentials, DNS, network): we are blind. Otherwise the target refuses, errs or hangs. */
export function isBlind(reason: Reason | undefined): boolean {
  return reason !== undefined && ourSide.has(reason);
}

/** Nothing came back at all; when that is so for every target, it is we who are cut off. */
export function isSilence(reason: Reason | undefined): boolean {
  return reason !== undefined && noAnswer.has(reason);
}
