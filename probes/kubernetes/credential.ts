/** How to get into a cluster just now, and until when that holds. */
import { readFile } from 'node:fs/promises';
import { type Clock, ProbeError } from '../../src/probe.ts';

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: false;
}

export interface Credential {
  /** Address of the API server, without a slash at its end. */
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** For how long it is used before a new one is fetched, ms. */
  readonly renewInMs: number;
  /** For how long it may still be used when none can be fetched, ms. */
  readonly lastsMs: number;
}

/** Fetches one anew. @throws ProbeError */
export type CredentialSource = (signal: AbortSignal) => Promise<Credential>;

export interface SignIn {
  /** The credential to use now. @throws ProbeError when there is none, or the signal's reason */
  current(signal: AbortSignal): Promise<Credential>;
  /** The server refused this one: it is not handed out again. */
  refused(credential: Credential): void;
}

/**
 * Files are read again this often, ms: kubelet renews a projected token 20 % of its life, at least 2 minutes, ahead.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
 */
export const REREAD_MS = 60_000;
/** Nothing that signs us in may take longer, ms. */
const SIGN_IN_MS = 20_000;
/** After a failure it is not tried again at once: a plugin is a process. ms */
const FAILURE_REST_MS = 5_000;

interface Held {
  readonly credential: Credential;
  readonly fetchedAt: number;
}

/** Keeps what a source gave, fetches early, once for all who wait, and goes on with the old one as long as it lasts. */
export function createSignIn(source: CredentialSource, clock: Clock): SignIn {
  let held: Held | undefined;
  let fetching: Promise<Credential> | undefined;
  let failed: { readonly error: unknown; readonly at: number } | undefined;

  const age = ({ fetchedAt }: Held) => clock.monotonicMs() - fetchedAt;

  async function fetchOne(): Promise<Credential> {
    const deadline = clock.deadline(SIGN_IN_MS);
    try {
      const credential = await untilAborted(source(deadline.signal), deadline.signal);
      held = { credential, fetchedAt: clock.monotonicMs() };
      failed = undefined;
      return credential;
    } catch (cause) {
      const error = cause instanceof ProbeError ? cause : notInTime(cause);
      failed = { error, at: clock.monotonicMs() };
      throw error;
    } finally {
      deadline.clear();
      fetching = undefined;
    }
  }

  return {
    async current(signal) {
      signal.throwIfAborted();
      if (held !== undefined && age(held) < held.credential.renewInMs) return held.credential;
      const lasting = held !== undefined && age(held) < held.credential.lastsMs ? held.credential : undefined;
      const resting = failed !== undefined && clock.monotonicMs() - failed.at < FAILURE_REST_MS;
      if (resting && lasting !== undefined) return lasting;
      if (resting) throw failed?.error;
      fetching ??= fetchOne();
      const fetched = untilAborted(fetching, signal);
      return lasting === undefined ? fetched : fetched.catch(() => lasting);
    },
    refused(credential) {
      if (held?.credential === credential) held = undefined;
    },
  };
}

function notInTime(cause: unknown): ProbeError {
  const message = `Cannot sign in to the cluster: nothing came within ${SIGN_IN_MS / 1000} s. Check the plugin, the files and AWS.`;
  return new ProbeError(message, { reason: 'timeout', retryable: true, cause });
}

/** The promise, or the signal's reason if that comes first; the promise then goes on unheard. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** @throws ProbeError `config`, which names the setting and the file, never its content */
export async function readSetting(setting: string, file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new ProbeError(`Cannot read ${setting} "${file}". Set it to a file that logcanary may read.`, {
      reason: 'config',
      cause,
    });
  }
}
