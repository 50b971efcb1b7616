import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler, type Response, type Router } from 'express';
import { listenError } from '../http/server.ts';
import { messageOf } from '../lib/errors.ts';
import { closeServer } from './close-server.ts';
import type { FaultBoard } from './fault-board.ts';

/** `GET /sandbox/faults` gives `{faults:[{name,active}]}`; `PUT` and `DELETE /sandbox/faults/:fault` switch one on and off. */
function faultRoutes(board: FaultBoard): Router {
  const set = async (fault: string, on: boolean, response: Response) => {
    const outcome = await board.set(fault, on).catch((error: unknown) => new Error(messageOf(error)));
    if (outcome instanceof Error) {
      const error = `Cannot switch ${fault}: ${outcome.message}. It is as it was; try again.`;
      return void response.status(500).json({ error });
    }
    if (outcome === 'ok') return void response.status(204).end();
    const error =
      outcome === 'unknown'
        ? 'There is no such fault. GET /sandbox/faults lists them all.'
        : 'This fault needs logcanary and the sandbox in one process. Run `logcanary demo`.';
    response.status(outcome === 'unknown' ? 404 : 409).json({ error });
  };
  const router = express.Router();
  router.get('/sandbox/faults', (_request, response) => void response.json({ faults: board.list() }));
  router.put('/sandbox/faults/:fault', (request, response) => set(request.params.fault, true, response));
  router.delete('/sandbox/faults/:fault', (request, response) => set(request.params.fault, false, response));
  return router;
}

export interface GuardedFaults {
  /** What goes before `/sandbox/faults`: nothing on loopback, elsewhere `/` and a token made for this start. */
  readonly path: string;
  readonly routes: Router;
}

/** The faults as they may be served on this host: who can reach it from another machine must have been told the URL. */
export function guardedFaults(board: FaultBoard, host: string): GuardedFaults {
  const path = isLoopback(host) ? '' : `/${randomBytes(24).toString('base64url')}`;
  const routes = express.Router();
  // Where a token is in the path, whoever has the URL may use it under any name.
  if (path === '') routes.use('/sandbox/faults', refuseOtherNames);
  return { path, routes: routes.use(path === '' ? '/' : path, faultRoutes(board)) };
}

/**
 * DNS rebinding: a page of somebody else, in a browser on this machine, whose name was made to resolve to loopback. To the
 * browser that is the same origin, so only the name it came by tells it from us.
 */
const refuseOtherNames: RequestHandler = (request, response, next) => {
  const host = request.get('host') ?? '';
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  if (request.method === 'GET' || (url !== undefined && isLoopback(url.hostname.replace(/^\[|\]$/g, ''))))
    return next();
  const error = 'Faults are switched by a loopback address only. Use http://127.0.0.1 or http://localhost.';
  response.status(403).json({ error });
};

export interface FaultServer {
  /** What `/sandbox/faults` is added to. On other interfaces than loopback it holds a token made for this start. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the faults, and nothing else, until it is stopped. Port 0 takes a free one. */
export async function serveFaults(
  board: FaultBoard,
  { host, port }: { host: string; port: number },
): Promise<FaultServer> {
  const guarded = guardedFaults(board, host);
  const app = express().disable('x-powered-by').use(guarded.routes);
  app.use((_request, response) => void response.status(404).json({ error: 'Only /sandbox/faults is served here.' }));
  const server = http.createServer(app).listen({ host, port });
  await once(server, 'listening').catch((error) => Promise.reject(listenError(error, { host, port })));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}${guarded.path}`,
    stop: () => closeServer(server),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
