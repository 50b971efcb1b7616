import { type Response, Router } from 'express';
import type { HopView, StatusView } from '../core/status.ts';
import type { TraceView } from '../core/trace.ts';
import { allowOnly } from './http-error.ts';
import { incidentsJson, statusJson, traceJson } from './json.ts';

export interface ApiOptions {
  status(): StatusView;
  trace(token: string): Promise<TraceView>;
}

/** Health and the JSON API. Nothing here changes state or needs a secret. */
export function apiRoutes(options: ApiOptions): Router {
  const router = Router();
  const routes: Readonly<Record<string, (response: Response, token: string) => void | Promise<void>>> = {
    '/healthz': (response) => sendHealth(response, options.status()),
    '/readyz': (response) => sendReadiness(response, options.status()),
    '/api/v1/status': (response) => void response.json(statusJson(options.status())),
    '/api/v1/incidents': (response) => void response.json({ incidents: incidentsJson(options.status()) }),
    '/api/v1/canaries/:token': (response, token) => sendTrace(response, options, token),
  };
  for (const [path, send] of Object.entries(routes)) {
    router.get(path, (request, response) => send(response, String(request.params.token ?? '')));
    router.all(path, allowOnly('GET, HEAD'));
  }
  return router;
}

/** Live: all loops complete cycles and the ledger takes writes. */
function sendHealth(response: Response, { health }: StatusView): void {
  response.status(health.ok ? 200 : 503).json({ ok: health.ok, problems: health.problems });
}

/** Ready: of every hop we know something first-hand, be it that it cannot be read. */
function sendReadiness(response: Response, view: StatusView): void {
  const waiting = view.pipelines.flatMap((pipeline) =>
    pipeline.hops.filter((hop) => !lookedAt(hop)).map((hop) => `${pipeline.name}/${hop.name}`),
  );
  response.status(waiting.length === 0 ? 200 : 503).json({ ready: waiting.length === 0, waiting_for: waiting });
}

function lookedAt(hop: HopView): boolean {
  return hop.lastLook !== undefined || (hop.state !== 'unknown' && hop.state !== 'unproven');
}

async function sendTrace(response: Response, { trace }: ApiOptions, token: string): Promise<void> {
  const found = await trace(token);
  response.status(found.state === 'malformed' ? 400 : 200).json(traceJson(found));
}
