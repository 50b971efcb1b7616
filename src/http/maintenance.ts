import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { Maintenance } from '../core/maintenance.ts';
import { type Places, placeFaults } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';

import { requireSecret } from './auth.ts';
import { allowOnly, HttpError } from './http-error.ts';
import { isoTime } from './moment.ts';
import { line, maxBodyBytes, moment, read, refuse, timesOf } from './window-body.ts';

export interface MaintenanceOptions {
  readonly secret?: string;
  /** Ledger time now. */
  now(): EpochMs;
  /** What may be named. */
  places(): Places;
  maintenance(): readonly Maintenance[];
  /** Resolves after the commit. Undefined where there are too many. */
  maintain(wanted: Omit<Maintenance, 'id'>): Promise<Maintenance | undefined>;
  /** Resolves, after the commit, to whether there was one that could be ended. */
  endMaintenance(id: string): Promise<boolean>;
}

const Body = z.strictObject({
  pipeline: line.optional(),
  hop: line.optional(),
  from: moment.optional(),
  until: moment.optional(),
  for: z.string().optional(),
  reason: line,
  by: line,
});

/** `/api/v1/maintenance`: everybody may see the windows, with the secret they are set and ended. */
export function maintenanceRoutes(options: MaintenanceOptions): Router {
  const router = Router();
  const guard = requireSecret(options.secret);
  router
    .get('/api/v1/maintenance', (_request, response) => {
      const now = options.now();
      response.json({ maintenance: options.maintenance().map((window) => windowJson(window, now)) });
    })
    .post('/api/v1/maintenance', guard, express.json({ limit: maxBodyBytes }), (request, response) =>
      set(options, request, response),
    )
    .all('/api/v1/maintenance', allowOnly('GET, HEAD, POST'));
  router
    .delete('/api/v1/maintenance/:id', guard, (request, response) => end(options, request, response))
    .all('/api/v1/maintenance/:id', allowOnly('DELETE'));
  return router;
}

async function set(options: MaintenanceOptions, request: Request, response: Response): Promise<void> {
  const wanted = wantedIn(options, request.body);
  const window = await options.maintain(wanted);
  if (window === undefined) throw new HttpError(409, 'too_many', 'There are too many windows already. End some.');
  response.status(201).json(windowJson(window, options.now()));
}

/** @throws HttpError 400 */
function wantedIn(options: MaintenanceOptions, given: unknown): Omit<Maintenance, 'id'> {
  const { body, faults } = read(Body, given);
  const { pipeline, hop, reason = '', by = '' } = body;
  const asked = { from: body.from, length: body.for, until: body.until };
  const times = timesOf(asked, { now: options.now(), end: 'until' }, faults);
  if (hop !== undefined && pipeline === undefined) faults.push('"hop" needs "pipeline".');
  faults.push(...placeFaults({ ...(pipeline && { pipeline }), ...(hop && { hop }) }, options.places()));
  refuse(faults);
  return { ...(pipeline && { pipeline }), ...(hop && { hop }), ...times, reason, by };
}

async function end({ endMaintenance }: MaintenanceOptions, request: Request, response: Response): Promise<void> {
  if (await endMaintenance(String(request.params.id))) response.status(204).end();
  else throw new HttpError(404, 'not_found', 'There is no maintenance of this name that is not over yet.');
}

function windowJson({ id, pipeline, hop, from, until, reason, by }: Maintenance, now: EpochMs) {
  const state = now < from ? 'planned' : now < until ? 'active' : 'over';
  const place = { pipeline: pipeline ?? null, hop: hop ?? null };
  return { id, state, ...place, from: isoTime(from), until: isoTime(until), reason, by };
}
