import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { HttpError } from './http-error.ts';

/**
 * Lets a request through only with the configured secret: `Authorization: Bearer`, or in the URL (`?secret=` or as the
 * last part of the path) for senders that cannot set headers. Runs before any body is read.
 */
export function requireSecret(secret: string | undefined): RequestHandler {
  if (secret === undefined || secret === '') {
    return (_request, _response, next) => next(noSecretConfigured());
  }
  return (request, response, next) => {
    if (offered(request).some((candidate) => sameSecret(candidate, secret))) return next();
    response.set('WWW-Authenticate', 'Bearer realm="logcanary"');
    next(
      new HttpError(
        401,
        'unauthorized',
        'Wrong or missing secret. Send "Authorization: Bearer <http.secret>", or add ?secret=… to the URL.',
      ),
    );
  };
}

/** Equal or not in a time that tells nothing about either. */
export function sameSecret(candidate: string, secret: string): boolean {
  return timingSafeEqual(digest(candidate), digest(secret));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function noSecretConfigured(): HttpError {
  return new HttpError(
    403,
    'no_secret',
    'This is refused because no secret is configured. Set http: { secret: … } in the configuration and send it as "Authorization: Bearer …".',
  );
}

function offered(request: Request): string[] {
  const bearer = /^bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
  return [bearer, request.query.secret, request.params.secret].filter((one) => typeof one === 'string');
}
