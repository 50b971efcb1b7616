import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { IncidentKind } from '../core/incident.ts';
import { type Silence, silenceableKinds } from '../core/silence.ts';
import { type Places, placeFaults } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import { requireSecret } from './auth.ts';
import { allowOnly, HttpError } from './http-error.ts';
import { silenceJson } from './json.ts';
import { line, maxBodyBytes, moment, read, refuse, timesOf } from './window-body.ts';

export interface SilenceOptions {
  readonly secret?: string;
  /** Ledger time now. */
  now(): EpochMs;
  /** What may be named. */
  places(): Places;
  /** Ids of the incidents that are open. */
  openIncidents(): readonly string[];
  silences(): readonly Silence[];
  /** Resolves after the commit. */
  silence(wanted: Omit<Silence, 'id'>): Promise<Silence | 'no-incident' | 'too-many'>;
  /** Resolves, after the commit, to whether there was one that could be ended. */
  endSilence(id: string): Promise<boolean>;
}

const Body = z.strictObject({
  matchers: z
    .strictObject(
      { pipeline: line.optional(), hop: line.optional(), kind: line.optional(), incident: line.optional() },
      { error: (issue) => (issue.code === 'invalid_type' ? 'write what to silence: {"kind": "slow"}' : undefined) },
    )
    .refine((matchers) => Object.keys(matchers).length > 0, 'name a pipeline, a hop, a kind or an incident'),
  ends_at: moment.optional(),
  for: z.string('write a duration such as 2h30m').optional(),
  comment: line,
  created_by: line,
});
type Matchers = z.infer<typeof Body>['matchers'];

/** `/api/v1/silences`, in words of Alertmanager: everybody may see them, with the secret they are made and ended. */
export function silenceRoutes(options: SilenceOptions): Router {
  const router = Router();
  const guard = requireSecret(options.secret);
  router
    .get('/api/v1/silences', (_request, response) => {
      const now = options.now();
      response.json({ silences: options.silences().map((silence) => silenceJson(silence, now)) });
    })
    .post('/api/v1/silences', guard, express.json({ limit: maxBodyBytes }), (request, response) =>
      add(options, request, response),
    )
    .all('/api/v1/silences', allowOnly('GET, HEAD, POST'));
  router
    .delete('/api/v1/silences/:id', guard, (request, response) => end(options, request, response))
    .all('/api/v1/silences/:id', allowOnly('DELETE'));
  return router;
}

async function add(options: SilenceOptions, request: Request, response: Response): Promise<void> {
  const made = await options.silence(wantedIn(options, request.body));
  if (made === 'too-many') throw new HttpError(409, 'too_many', 'There are too many silences already. End some.');
  if (made === 'no-incident') throw new HttpError(409, 'conflict', 'That incident is over by now.');
  response.status(201).json(silenceJson(made, options.now()));
}

/** @throws HttpError 400 */
function wantedIn(options: SilenceOptions, given: unknown): Omit<Silence, 'id'> {
  const { body, faults } = read(Body, given);
  const { comment = '', created_by = '' } = body;
  const matchers = matchersIn(given);
  const times = timesOf({ length: body.for, until: body.ends_at }, { now: options.now(), end: 'ends_at' }, faults);
  faults.push(...matcherFaults(matchers, options));
  refuse(faults);
  const { kind, ...place } = matchers;
  return { ...namedIn(place), ...(kind && { kind: kind as IncidentKind }), ...times, reason: comment, by: created_by };
}

/** Those that can be read, so that they are checked even where another one is wrong. */
function matchersIn(given: unknown): Matchers {
  const raw = z.object({ matchers: z.record(z.string(), z.unknown()) }).safeParse(given).data?.matchers ?? {};
  const names = ['pipeline', 'hop', 'kind', 'incident'] as const;
  const read = names.map((name) => [name, line.safeParse(raw[name]).data] as const);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

function namedIn({ pipeline, hop, incident }: Omit<Matchers, 'kind'>): Pick<Silence, 'pipeline' | 'hop' | 'incident'> {
  return { ...(pipeline && { pipeline }), ...(hop && { hop }), ...(incident && { incident }) };
}

function matcherFaults({ incident, kind, ...place }: Matchers, options: SilenceOptions): string[] {
  const { pipeline, hop } = place;
  const faults = placeFaults(namedIn(place), options.places());
  if (kind !== undefined) faults.push(...kindFaults(kind));
  if (incident === undefined) return faults;
  if (pipeline !== undefined || hop !== undefined || kind !== undefined)
    faults.push('An incident has its place and kind: write nothing else beside "incident".');
  const open = options.openIncidents();
  if (!open.includes(incident))
    faults.push(
      `There is no open incident "${incident}". ${open.length === 0 ? 'None is open' : `Open: ${open.join(', ')}`}.`,
    );
  return faults;
}

function kindFaults(kind: string): string[] {
  if (silenceableKinds.some((each) => each === kind)) return [];
  if (kind === 'ledger') return ['A failing ledger cannot be silenced: without it nobody watches.'];
  return [`There is no kind "${kind}". There are: ${silenceableKinds.join(', ')}.`];
}

async function end({ endSilence }: SilenceOptions, request: Request, response: Response): Promise<void> {
  if (await endSilence(String(request.params.id))) response.status(204).end();
  else throw new HttpError(404, 'not_found', 'There is no silence of this name that is not over yet.');
}
