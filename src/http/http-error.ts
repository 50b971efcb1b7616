import type { ErrorRequestHandler, RequestHandler } from 'express';
import { LogcanaryError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** An answer other than 2xx: status, a word for programs, a sentence for people. */
export class HttpError extends Error {
  readonly status: number;
  readonly code: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, options: { retryAfter?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

/** Nothing lives at this address. */
export const notFound: RequestHandler = (_request, _response, next) => {
  next(
    new HttpError(
      404,
      'not_found',
      'Nothing here. Try /, /metrics, /healthz, /readyz, /api/v1/status or /api/v1/incidents.',
    ),
  );
};

/** The address exists, but not for this method. */
export function allowOnly(methods: string): RequestHandler {
  return (_request, response, next) => {
    response.set('Allow', methods);
    next(new HttpError(405, 'method_not_allowed', `Only ${methods} is possible here.`));
  };
}

/** Answers every failure as `{ error: { code, message } }`, never with a stack, a URL or a secret. */
export function answerErrors(log: Log): ErrorRequestHandler {
  return (thrown, request, response, _next) => {
    const error = asHttpError(thrown);
    if (error.status >= 500 && !(thrown instanceof HttpError)) {
      const route = typeof request.route?.path === 'string' ? request.route.path : '(no route)';
      log.error({ method: request.method, route, error: thrown }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.retryAfter !== undefined) response.set('Retry-After', String(error.retryAfter));
    response
      .status(error.status)
      .type('json')
      .json({ error: { code: error.code, message: error.message } });
  };
}

const bodyFaults: Readonly<Record<string, readonly [code: string, message: string]>> = {
  'entity.too.large': ['too_large', 'The body is too large: hooks take 1 MiB (after inflating), all else 16 KiB.'],
  'entity.parse.failed': ['bad_request', 'The body is not a JSON object.'],
  'encoding.unsupported': ['unsupported_encoding', 'Unknown Content-Encoding. Send gzip, deflate, br or none.'],
  'request.aborted': ['aborted', 'The body ended before its announced length.'],
};

function asHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof LogcanaryError) {
    const status = thrown.retryable ? 503 : 500;
    return new HttpError(status, thrown.reason, messageOf(thrown), status === 503 ? { retryAfter: 5 } : {});
  }
  const { status, type } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    status?: unknown;
    type?: unknown;
  };
  const known = bodyFaults[String(type)];
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new HttpError(
      status,
      known?.[0] ?? 'bad_request',
      known?.[1] ?? 'The request could not be read. Check its URL and headers.',
    );
  }
  return new HttpError(500, 'internal', 'Something failed inside logcanary; its log says what.');
}
