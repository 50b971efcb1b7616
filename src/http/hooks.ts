import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Find } from '../core/find.ts';
import { scanRecord } from '../core/scan.ts';
import type { Log } from '../lib/log.ts';
import { requireSecret } from './auth.ts';
import { allowOnly, HttpError } from './http-error.ts';

/** What became of a hook's body. */
export interface HookResult {
  /** The finds are committed. */
  readonly accepted: boolean;
  /** There is a hop of this name that takes hooks. */
  readonly known: boolean;
  /** Canaries found in the body. */
  readonly found: number;
  /** Set when the body may hold more canaries than could be found: too many, too much after inflating, undecodable. */
  readonly unread?: 'too-many' | 'too-large' | 'undecodable';
}

export interface HookOptions {
  readonly secret?: string;
  /** Resolves after the commit; rejects when it could not be committed. */
  hook(name: string, bytes: Buffer): Promise<HookResult>;
  /** Resolves to whether a ping of this name is expected, after the commit. */
  ping(name: string): Promise<boolean>;
  readonly log: Log;
}

/** After inflating. `design.md` §9: any bytes up to 1 MiB. */
export const maxHookBytes = 1024 * 1024;
/** What compressed and encoded parts of a body may grow to while it is searched: it is done on the main thread. */
const maxHookInflatedBytes = 8 * maxHookBytes;
/** Bodies held in memory at the same time: 32 MiB at most. */
const maxHooksAtOnce = 32;
const retryAfter = 5;

/** What a body posted to a hook holds, for `run` and `check` alike. */
export function scanHook(
  bytes: Uint8Array,
): Pick<HookResult, 'found' | 'unread'> & { readonly finds: readonly Find[] } {
  const { finds, why } = scanRecord(bytes, { maxBytes: maxHookInflatedBytes });
  const found = finds.filter((find) => find.kind === 'line').length;
  return { finds, found, ...(why === undefined ? {} : { unread: why }) };
}

/** `POST /hooks/hop/:name` and `/hooks/ping/:name`: canaries and pings that come to us. */
export function hookRoutes(options: HookOptions): Router {
  const router = Router();
  const guard = [requireSecret(options.secret), refuseAnnounced, limitAtOnce(maxHooksAtOnce), readBody];
  for (const path of ['/hooks/hop/:name', '/hooks/hop/:name/:secret']) {
    router
      .post(path, ...guard, (request, response) => takeHook(options, request, response))
      .all(path, allowOnly('POST'));
  }
  for (const path of ['/hooks/ping/:name', '/hooks/ping/:name/:secret']) {
    router
      .post(path, ...guard, (request, response) => takePing(options, request, response))
      .all(path, allowOnly('POST'));
  }
  return router;
}

/** A body that says itself that it is too long is refused before it is read (the reader below would first let it all pass by). */
const refuseAnnounced: RequestHandler = (request, _response, next) => {
  const tooLong = Number(request.get('content-length') ?? 0) > maxHookBytes;
  next(tooLong ? new HttpError(413, 'too_large', 'The body is larger than 1 MiB. Send less at a time.') : undefined);
};

/** Any content type; inflates gzip, deflate and br; keeps nothing beyond the bound. */
const readBody = express.raw({ type: () => true, limit: maxHookBytes, inflate: true });

async function takeHook({ hook, log }: HookOptions, request: Request, response: Response): Promise<void> {
  const name = String(request.params.name);
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const result = await stored(log, 'hop hook', () => hook(name, bytes));
  if (!result.known) throw unknownName('hop with `webhook: {}`');
  if (!result.accepted) throw new HttpError(503, 'not_stored', 'Not stored. Send the same body again.', { retryAfter });
  // 2xx would say that all of it is taken, and what was not read would be called lost.
  if (result.unread !== undefined) throw unreadable(result.unread);
  response.json({ accepted: true, found: result.found });
}

async function takePing({ ping, log }: HookOptions, request: Request, response: Response): Promise<void> {
  const known = await stored(log, 'ping', () => ping(String(request.params.name)));
  if (!known) throw unknownName('expected ping');
  response.json({ accepted: true });
}

/** Only a commit may be answered with 2xx: whatever rejects becomes 503, and the sender tries again. */
async function stored<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    log.error({ error }, `cannot store a ${what}; its sender was asked to try again`);
    throw new HttpError(503, 'not_stored', 'Could not be stored; send the same body again.', { retryAfter });
  }
}

function unreadable(why: NonNullable<HookResult['unread']>): HttpError {
  const message = `What could be found is stored, but the body is ${why}. Send less at a time, as gzip, zlib, zstd or plain text.`;
  return new HttpError(422, 'unreadable', message);
}

function unknownName(what: string): HttpError {
  return new HttpError(
    404,
    'unknown_name',
    `No ${what} of this name is configured. Check the name at the end of the URL.`,
  );
}

function limitAtOnce(most: number): RequestHandler {
  let running = 0;
  return (_request, response, next) => {
    if (running >= most)
      return next(new HttpError(503, 'busy', 'Too many hooks at once. Send the same body again.', { retryAfter: 1 }));
    running += 1;
    response.once('close', () => {
      running -= 1;
    });
    next();
  };
}
