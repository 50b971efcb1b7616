/** What an API server refused, in its words, and what to change. */
import { isRetryable, ProbeError, type Reason } from '../../src/probe.ts';
import { Failure, reasonOfStatus, retryAfterMsOf } from '../http/failure.ts';

/** A server that asks for a longer rest than this is asked again sooner, ms. */
const MAX_RETRY_AFTER_MS = 300_000;

/** A failure for a status of 300 and more; for WebSockets, of anything but 101. */
export function failureOfStatus(status: number, body: string, retryAfter: unknown): Failure {
  const said = saidBy(body);
  const retryAfterMs = retryAfterMsOf(retryAfter);
  return new Failure(cameBack(status), {
    ...{ reason: reasonOf(status), status },
    ...(said === undefined ? {} : { said }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) }),
  });
}

/** The API server itself says 504 when what it asked took too long. */
function reasonOf(status: number): Reason {
  return status === 504 ? 'timeout' : reasonOfStatus(status);
}

function cameBack(status: number): string {
  if (status >= 400) return String(status);
  return status >= 300 ? `a redirect (${status})` : `an answer that was not asked for (${status})`;
}

/** The message of a `Status` object. */
function saidBy(body: string): string | undefined {
  try {
    const { kind, message } = JSON.parse(body) as { kind?: unknown; message?: unknown };
    return kind === 'Status' && typeof message === 'string' && message !== '' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** What is asked, in words for an error message, and what it needs. */
export interface Errand {
  /** After "Cannot": `list nodes`. */
  readonly what: string;
  /** After "Grant": `list nodes`. */
  readonly grant: string;
  /** After "Check" when the answer is 404. */
  readonly check?: string;
}

/** Longest part of a server's own words that a message repeats, characters. */
const MAX_SAID = 240;

/** What a failure means for the errand, as the error that leaves the probe. */
export function explain(errand: Errand, place: string, failure: Failure): ProbeError {
  const { reason, retryAfterMs, said } = failure;
  const words = said === undefined ? '' : ` ("${said.replace(/[<>\s]+/g, ' ').slice(0, MAX_SAID)}")`;
  const message = `Cannot ${errand.what}: ${failure.message}${words} from ${place}. ${advice(errand, failure)}`;
  return new ProbeError(message, {
    ...{ reason, retryable: isRetryable(reason), cause: failure },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const notTheServer = 'Check that url leads to the API server itself, not to a login page or a redirect.';

function advice(errand: Errand, { reason, status, said }: Failure): string {
  switch (reason) {
    case 'auth':
      return status === 403 ? `Grant ${errand.grant}: see deploy/kubernetes/rbac.` : 'Check the credentials.';
    case 'not_found':
      return `Check ${errand.check ?? 'that url leads to the API server itself'}.`;
    case 'rejected':
      // its own words: it is the API server
      return said === undefined ? notTheServer : `Check ${errand.check ?? 'namespace and selector'}.`;
    case 'bad_answer':
      return notTheServer;
    case 'tls':
      return 'Set ca_file (or the kubeconfig) to the authority that signed its certificate.';
    case 'dns':
    case 'refused':
    case 'network':
      return 'Check the address of the API server, and that it can be reached from here.';
    case 'too_large':
      return 'Look at what answers there: the answer is larger than any honest one.';
    case 'aborted':
      return 'Nothing to change: logcanary is stopping.';
    case 'config':
    case 'unsupported':
      return 'Change the kubeconfig, or use url with token_file or eks.';
    default:
      return 'Look at the health of the control plane; logcanary asks again by itself.';
  }
}
