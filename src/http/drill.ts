import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { type Drill, defaultDrillTimeoutMs, drillTimeoutMs, longestDrillHoldMs } from '../core/drill.ts';
import type { DrillPlan } from '../core/pipeline.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';
import { requireSecret } from './auth.ts';
import { drillJson } from './drill-json.ts';
import { allowOnly, HttpError } from './http-error.ts';

export interface DrillingOptions {
  readonly secret?: string;
  /** Oldest first. */
  drills(): readonly Drill[];
  /** Channels that there are. */
  names(): readonly string[];
  /** Resolves once it has begun and the ledger knows of it; undefined while another one is under way. */
  hold(wanted: DrillPlan & { readonly by: string }): Promise<Drill | undefined>;
}

const maxBodyBytes = 16 * 1024;

const Body = z.strictObject({
  by: z.string().trim().min(1).max(100),
  notifiers: z.array(z.string().max(100)).min(1).max(100).optional(),
  timeout: z.string().optional(),
  hold: z.string().optional(),
});

/** `/api/v1/drill`: everybody may see how the last ones went, newest first; with the secret one is begun. */
export function drillRoutes(options: DrillingOptions): Router {
  const router = Router();
  router
    .get('/api/v1/drill', (_request, response) => {
      response.json({ drills: options.drills().toReversed().map(drillJson) });
    })
    .post('/api/v1/drill', requireSecret(options.secret), express.json({ limit: maxBodyBytes }), (request, response) =>
      begin(options, request, response),
    )
    .all('/api/v1/drill', allowOnly('GET, HEAD, POST'));
  return router;
}

async function begin(options: DrillingOptions, request: Request, response: Response): Promise<void> {
  const parsed = Body.safeParse(request.body);
  if (!parsed.success)
    throw badRequest(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}.`).join(' '),
    );
  const { by, notifiers, timeout, hold } = parsed.data;
  const names = options.names();
  if (names.length === 0) throw badRequest('There is no notifier in the configuration: nobody is told of anything.');
  const unknown = notifiers?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw badRequest(`There is no notifier "${unknown}". There are: ${names.join(', ')}.`);
  const drill = await options.hold({
    by,
    ...(notifiers === undefined ? {} : { notifiers }),
    timeoutMs: durationIn('timeout', timeout, { ...drillTimeoutMs, otherwise: defaultDrillTimeoutMs }),
    holdMs: durationIn('hold', hold, { least: 0, most: longestDrillHoldMs, otherwise: 0 }),
  });
  if (drill === undefined) throw new HttpError(409, 'under_way', 'Another drill is under way. Wait for its end.');
  response.status(202).json(drillJson(drill));
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function durationIn(key: string, text: string | undefined, { least, most, otherwise }: Bounds): number {
  if (text === undefined) return otherwise;
  const parsed = parseDuration(text);
  if (!parsed.ok) throw badRequest(`${key}: ${parsed.message}`);
  if (parsed.value >= least && parsed.value <= most) return parsed.value;
  throw badRequest(`${key}: write ${formatDuration(least)} to ${formatDuration(most)}.`);
}

function badRequest(message: string): HttpError {
  return new HttpError(400, 'bad_request', message);
}
