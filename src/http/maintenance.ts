import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { longestMaintenanceMs, type Maintenance } from '../core/maintenance.ts';
import type { EpochMs } from '../lib/clock.ts';
import { formatDuration, parseDuration } from '../lib/duration.ts';

import { requireSecret } from './auth.ts';
import { allowOnly, HttpError } from './http-error.ts';
import { isoTime } from './moment.ts';

export interface MaintenanceOptions {
  readonly secret?: string;
  /** Ledger time now. */
  now(): EpochMs;
  maintenance(): readonly Maintenance[];
  /** Resolves after the commit. Undefined where there is no such pipeline or hop. */
  maintain(wanted: Omit<Maintenance, 'id'>): Promise<Maintenance | undefined>;
  /** Resolves, after the commit, to whether there was one that could be ended. */
  endMaintenance(id: string): Promise<boolean>;
}

const maxBodyBytes = 16 * 1024;
const maxText = 500;
/** A window may begin a little before the request was read: clocks differ. */
const slackMs = 60_000;

const text = z.string().trim().min(1).max(maxText);
const Body = z.strictObject({
  pipeline: text.optional(),
  hop: text.optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  for: z.string().optional(),
  reason: text,
  by: text,
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
  const parsed = Body.safeParse(request.body);
  if (!parsed.success) throw badRequest(parsed.error.issues.map(faultText).join(' '));
  const { for: length, from, until, ...rest } = parsed.data;
  const begins = from === undefined ? options.now() : Date.parse(from);
  const ends = endOf(begins, length, until);
  if (ends <= options.now() || ends <= begins) throw badRequest('It would be over already. Write a later end.');
  if (begins < options.now() - slackMs) throw badRequest('It would begin in the past: what was told is told.');
  if (ends - begins > longestMaintenanceMs)
    throw badRequest(
      `It would last longer than ${formatDuration(longestMaintenanceMs)}. Set it again when it is still needed.`,
    );
  if (rest.hop !== undefined && rest.pipeline === undefined) throw badRequest('"hop" needs "pipeline".');
  const window = await options.maintain({ ...withoutUndefined(rest), from: begins, until: ends });
  if (window === undefined) throw badRequest('There is no such pipeline or hop in the configuration.');
  response.status(201).json(windowJson(window, options.now()));
}

function endOf(begins: EpochMs, length: string | undefined, until: string | undefined): EpochMs {
  if ((length === undefined) === (until === undefined))
    throw badRequest('A window has an end: write either "for" (2h30m) or "until" (2026-11-20T23:00:00+09:00).');
  if (until !== undefined) return Date.parse(until);
  const parsed = parseDuration(length ?? '');
  if (!parsed.ok) throw badRequest(`for: ${parsed.message}`);
  return begins + parsed.value;
}

type Rest = Omit<z.infer<typeof Body>, 'for' | 'from' | 'until'>;

function withoutUndefined({
  pipeline,
  hop,
  reason,
  by,
}: Rest): Pick<Maintenance, 'pipeline' | 'hop' | 'reason' | 'by'> {
  return { reason, by, ...(pipeline === undefined ? {} : { pipeline }), ...(hop === undefined ? {} : { hop }) };
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

function faultText({ path, message }: { path: PropertyKey[]; message: string }): string {
  return `${path.join('.') || 'body'}: ${message}.`;
}

function badRequest(message: string): HttpError {
  return new HttpError(400, 'bad_request', message);
}
