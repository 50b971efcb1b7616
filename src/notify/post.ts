import type { Clock } from '../lib/clock.ts';
import { NotifyError, type Reason } from '../lib/errors.ts';
import { short } from './plain-text.ts';
import { retryAfterOf } from './retry-after.ts';

/** One try of one message, from name lookup to the end of the answer, ms. Retries are the outbox's. */
export const sendTimeoutMs = 10_000;
/** What is read of an answer, bytes: vendors answer in hundreds, a proxy's error page may be endless. */
export const answerLimit = 64 * 1024;
/** Code points of an answer that an error quotes. */
const quoteLimit = 300;

export interface PostRequest {
  /** The exact address; redirects are not followed. Its path may be a secret. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: nothing is sent, it is a question (GET). */
  readonly body?: string;
  /** Never to be seen in an error, whoever quotes them: keys, tokens, secret addresses. */
  readonly secrets: readonly string[];
}

/** What came back, whatever its status. */
export interface Answer {
  readonly status: number;
  /** The body's text, at most `answerLimit` bytes. */
  readonly text: string;
  /** Text is not all of the body: too long, or cut off on its way. */
  readonly truncated: boolean;
  /** The wait the other side asked for. */
  readonly retryAfterMs?: number;
}

/** How an answer is judged as not accepted. */
export interface Refusal {
  readonly reason: Reason;
  readonly retryable: boolean;
  /** What came back; defaults to a quote of the answer. */
  readonly said?: string;
  /** What to change. */
  readonly advice: string;
}

/** Sends JSON, or asks for it, with a deadline and a bounded answer, and words failures without secrets. */
export interface Post {
  /** @throws NotifyError (retryable) when no answer came: timeout, aborted, dns, refused, network, tls, bad_answer. */
  send(request: PostRequest, options: { readonly signal: AbortSignal }): Promise<Answer>;
  /** The error for an answer that is no acceptance. */
  refused(request: PostRequest, answer: Answer, refusal: Refusal): NotifyError;
}

/** `name` is the notifier's, for messages. Loads undici at once, so that paging never waits for a failing disk. */
export function openPost({ name, clock }: { readonly name: string; readonly clock: Clock }): Post {
  const undici = import('undici');
  undici.catch(() => undefined); // reported by the first send, which awaits the same promise

  return {
    async send(request, { signal }) {
      const deadline = clock.deadline(sendTimeoutMs, signal);
      try {
        const { request: call } = await undici;
        const { statusCode, headers, body } = await call(request.url, {
          ...contentOf(request),
          signal: deadline.signal,
          reset: true, // a page is rare: a kept connection would be dead when it is needed
        });
        const retryAfterMs = retryAfterOf(headers, clock.wall());
        return {
          status: statusCode,
          ...(await read(body, statusCode)),
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        };
      } catch (error) {
        throw noAnswer(name, request, error, deadline.expired, signal);
      } finally {
        deadline.clear();
      }
    },
    refused(request, answer, { reason, retryable, said, advice }) {
      const quote = short(redact(said ?? (answer.text || 'an empty body'), request.secrets), quoteLimit);
      return new NotifyError(
        `Cannot ${verbOf(request)} ${name}: ${answer.status} from ${hostOf(request.url)}, which said: ${quote}. ${advice}`,
        { reason, retryable, ...(answer.retryAfterMs !== undefined && { retryAfterMs: answer.retryAfterMs }) },
      );
    },
  };
}

/** What a status other than success means for the same message sent again. */
export function refusalOf(status: number): Pick<Refusal, 'reason' | 'retryable'> {
  if (status === 429) return { reason: 'rate_limited', retryable: true };
  if (status === 408) return { reason: 'timeout', retryable: true };
  if (status >= 500) return { reason: 'server_error', retryable: true };
  if (status === 425) return { reason: 'rejected', retryable: true };
  if (status === 401 || status === 403 || status === 407) return { reason: 'auth', retryable: false };
  if (status === 404 || status === 410) return { reason: 'not_found', retryable: false };
  if (status >= 400) return { reason: 'rejected', retryable: false };
  // 2xx that the vendor never sends, redirects: somebody in between answered, and may not the next time
  return { reason: 'bad_answer', retryable: true };
}

/** Secrets of an address: the whole, its path and query, and each part of the path that is long enough to be one. */
export function secretsOf(url: string): readonly string[] {
  const { pathname, search } = new URL(url);
  return [url, `${pathname}${search}`, pathname, search, ...pathname.split('/')].filter((part) => part.length >= 8);
}

function contentOf({ headers, body }: PostRequest) {
  const own = { 'user-agent': 'logcanary', ...headers };
  if (body === undefined) return { method: 'GET' as const, headers: { accept: 'application/json', ...own } };
  return { method: 'POST' as const, headers: { 'content-type': 'application/json', ...own }, body };
}

function verbOf({ body }: PostRequest): string {
  return body === undefined ? 'ask' : 'send to';
}

async function read(body: AsyncIterable<Uint8Array>, status: number): Promise<{ text: string; truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let truncated = false;
  try {
    for await (const chunk of body) {
      chunks.push(chunk.subarray(0, answerLimit - size));
      size += chunk.length;
      truncated = size > answerLimit;
      if (truncated) break;
    }
  } catch (error) {
    // A refusal's status says enough; only an acceptance must have come whole.
    if (status < 300) throw error;
    truncated = true;
  }
  return { text: Buffer.concat(chunks).toString('utf8'), truncated };
}

function noAnswer(
  name: string,
  request: PostRequest,
  error: unknown,
  expired: boolean,
  signal: AbortSignal,
): NotifyError {
  const { reason, said, advice } = failureOf(error, expired, signal);
  const message = `Cannot ${verbOf(request)} ${name}: ${redact(said, request.secrets)} from ${hostOf(request.url)}. ${advice}`;
  return new NotifyError(message, { reason, retryable: true, cause: error });
}

interface Failure {
  readonly reason: Reason;
  readonly said: string;
  readonly advice: string;
}

const reach = 'Check that this machine may reach it.';

/** Node's and undici's codes, https://nodejs.org/api/errors.html#common-system-errors and undici docs/api/Errors.md. */
const failures: readonly (readonly [RegExp, Failure])[] = [
  [
    /^(ENOTFOUND|EAI_[A-Z]+)$/,
    { reason: 'dns', said: 'no address', advice: "Check the host name and this machine's DNS." },
  ],
  [/^ECONNREFUSED$/, { reason: 'refused', said: 'connection refused', advice: 'Check host and port.' }],
  [/TIMEOUT|^ETIMEDOUT$/, { reason: 'timeout', said: 'no answer in time', advice: reach }],
  [
    /CERT|^ERR_(TLS|SSL)|^EPROTO$|SIGNATURE|^UND_ERR_PRX_TLS$/,
    {
      reason: 'tls',
      said: 'no trusted TLS connection',
      advice: "Check the certificate, this machine's clock, and NODE_EXTRA_CA_CERTS for a CA of your own.",
    },
  ],
  [/^(E[A-Z]+|UND_ERR_SOCKET)$/, { reason: 'network', said: 'the connection broke', advice: reach }],
  [
    /^HPE_|^HTTPParserError$|^UND_ERR_(HEADERS_OVERFLOW|RES_)/,
    {
      reason: 'bad_answer',
      said: 'an answer that is not HTTP, or breaks off',
      advice: 'Check the address, and what stands in between.',
    },
  ],
];

function failureOf(error: unknown, expired: boolean, signal: AbortSignal): Failure {
  if (expired) return { reason: 'timeout', said: `no answer within ${sendTimeoutMs / 1000} s`, advice: reach };
  if (signal.aborted) {
    const late = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    if (late) return { reason: 'timeout', said: 'no answer before the deadline', advice: reach };
    return { reason: 'aborted', said: 'we stopped before an answer', advice: 'It is sent again after the restart.' };
  }
  const code = codeOf(error);
  const known = failures.find(([pattern]) => pattern.test(code));
  return known?.[1] ?? { reason: 'network', said: `no answer (${code || 'unknown error'})`, advice: reach };
}

/** The code of an error, else of what caused it, else its name; of several addresses tried, the first one's. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error instanceof AggregateError ? error.errors[0] : error.cause) || error.name;
}

/** Text of somebody else without our secrets, should it repeat them. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

function hostOf(url: string): string {
  return new URL(url).host;
}
