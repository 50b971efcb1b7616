import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Router } from 'express';
import type { PeerReport } from '../core/peer.ts';
import type { StatusView } from '../core/status.ts';
import type { TraceView } from '../core/trace.ts';
import type { Clock } from '../lib/clock.ts';
import { LogcanaryError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Build } from '../telemetry/series.ts';
import { apiRoutes } from './api.ts';
import { type DrillingOptions, drillRoutes } from './drill.ts';
import { type HookResult, hookRoutes } from './hooks.ts';
import { allowOnly, answerErrors, notFound } from './http-error.ts';
import { type MaintenanceOptions, maintenanceRoutes } from './maintenance.ts';
import { type NoteOptions, noteRoutes } from './notes.ts';
import { pageRoutes } from './page.ts';
import { peerRoutes } from './peer.ts';
import { securityHeaders } from './security.ts';
import { type SilenceOptions, silenceRoutes } from './silences.ts';

export interface HttpServerOptions {
  /** Port 0 takes any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** The configuration's `http.secret`. Without it hooks are refused. */
  readonly secret?: string;
  /** The present picture; called once per request. */
  status(): StatusView;
  trace(token: string): Promise<TraceView>;
  /** Resolves after what was found is committed. */
  hook(name: string, bytes: Buffer): Promise<HookResult>;
  /** Resolves, after the commit, to whether such a ping is expected. */
  ping(name: string): Promise<boolean>;
  /** Absent where nothing can be maintained: with `check`. */
  readonly maintaining?: Omit<MaintenanceOptions, 'secret'>;
  /** Absent where nothing can be silenced and noted: with `check`. */
  readonly incidents?: Omit<SilenceOptions & NoteOptions, 'secret'>;
  /** Absent where no drill can be held: with `check`. */
  readonly drilling?: Omit<DrillingOptions, 'secret'>;
  /** What we say to peers. Absent where nobody may take us for one: with `check`. */
  readonly peer?: () => PeerReport;
  readonly build: Build;
  readonly log: Log;
  readonly clock: Clock;
  /** More routes, mounted at `/` before ours; they check who may use them. */
  readonly extra?: Router;
}

export interface HttpServer {
  /** `http://127.0.0.1:9780`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Answers what is under way (2 s at most), then closes every connection. */
  close(): Promise<void>;
}

/** The address could not be listened on. */
export class ListenError extends LogcanaryError {
  readonly code = 'CONFIG';
}

/** Bounds against clients that hold on to what they never use; a scraper or a browser stays far below. */
const limits = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 20_000 };
const connectionsCheckMs = 2_000;
const maxConnections = 256;
const maxHeaders = 100;
const closeGraceMs = 2_000;

/**
 * Metrics, page, API and hooks on one address.
 * @throws ListenError when the address cannot be listened on
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer({ ...limits, connectionsCheckingInterval: connectionsCheckMs }, createApp(options));
  server.maxConnections = maxConnections;
  server.maxHeadersCount = maxHeaders;
  await listen(server, options.listen);
  const { port } = server.address() as AddressInfo;
  const { host } = options.listen;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => close(server, options.clock),
  };
}

function createApp(options: HttpServerOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(securityHeaders);
  if (options.extra !== undefined) app.use(options.extra);
  app.use(metricsRoute(options));
  app.use(pageRoutes(options));
  app.use(apiRoutes(options));
  const { maintaining, incidents } = options;
  const guarded = options.secret === undefined ? {} : { secret: options.secret };
  if (maintaining !== undefined) app.use(maintenanceRoutes({ ...maintaining, ...guarded }));
  if (incidents !== undefined) {
    app.use(silenceRoutes({ ...incidents, ...guarded }));
    app.use(noteRoutes({ ...incidents, ...guarded }));
  }
  if (options.drilling !== undefined) app.use(drillRoutes({ ...options.drilling, ...guarded }));
  if (options.peer !== undefined) app.use(peerRoutes(options.peer, options.secret));
  app.use(hookRoutes(options));
  app.use(notFound);
  app.use(answerErrors(options.log));
  return app;
}

function metricsRoute({ build, clock, status }: HttpServerOptions): Router {
  const metrics = createMetrics({ build, clock });
  const router = express.Router();
  router.get('/metrics', async (request, response) => {
    const { contentType, body } = await metrics.render(status(), request.get('accept'));
    // `end`, not `send`: express would reorder the parameters of the content type, which scrapers compare.
    response.set({ 'Content-Type': contentType, Vary: 'Accept' }).end(request.method === 'HEAD' ? '' : body);
  });
  return router.all('/metrics', allowOnly('GET, HEAD'));
}

function listen(server: Server, { host, port }: HttpServerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, { host, port })));
    server.listen({ host, port, exclusive: true }, resolve);
  });
}

/** What a failed `listen` means, and what to do about it. */
export function listenError(cause: NodeJS.ErrnoException, { host, port }: HttpServerOptions['listen']): ListenError {
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Another program (perhaps another logcanary) listens there. Stop it, or set another "listen" address.',
    EACCES: 'This user may not listen there. Set "listen" to a port from 1024 up.',
    EADDRNOTAVAIL: 'This machine has no such address. Set "listen" to one it has, such as 127.0.0.1:9780.',
    ENOTFOUND: 'The host name does not resolve. Set "listen" to an address of this machine, such as 127.0.0.1:9780.',
  };
  const code = cause.code ?? 'error';
  const change = advice[code] ?? 'Set another "listen" address.';
  return new ListenError(`Cannot listen on ${host}:${port}: ${code}. ${change}`, { reason: 'config', cause });
}

async function close(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const grace = clock.deadline(closeGraceMs);
  grace.signal.addEventListener('abort', () => server.closeAllConnections(), { once: true });
  await closed;
  grace.clear();
}
