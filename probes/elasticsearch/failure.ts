/** What a cluster refused, and how it said so. */
import { Failure, reasonOfStatus, retryAfterMsOf } from '../http/failure.ts';

/** A failure for a status of 300 and more. */
export function failureOfStatus(status: number, body: string, retryAfter: unknown): Failure {
  const retryAfterMs = retryAfterMsOf(retryAfter);
  const type = exceptionType(body);
  const came = status < 400 ? `a redirect (${status})` : `${status}${type === undefined ? '' : ` (${type})`}`;
  return new Failure(came, {
    reason: reasonOfStatus(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The exception's name. Never its reason, which may repeat our query and so a token. */
function exceptionType(body: string): string | undefined {
  return /"type"\s*:\s*"([a-z_]{1,80})"/.exec(body)?.[1];
}
