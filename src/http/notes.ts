import express, { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { isTicket, type Note } from '../core/note.ts';
import { requireSecret } from './auth.ts';
import { allowOnly, HttpError } from './http-error.ts';
import { noteJson } from './json.ts';
import { line, maxBodyBytes, read, refuse } from './window-body.ts';

export interface NoteOptions {
  readonly secret?: string;
  /** Resolves, after the commit, to the note with its time. Undefined where no such incident is remembered. */
  note(incident: string, note: Omit<Note, 'at'>): Promise<Note | undefined>;
}

const Body = z.strictObject({
  by: line,
  cause: line.optional(),
  remediation: line.optional(),
  ticket: line
    .refine(isTicket, 'write an address (https://…, without a password in it) or a short id such as OPS-12')
    .optional(),
});

/** `/api/v1/incidents/ID/notes`: with the secret, people write down what they found out. They are read with the incident. */
export function noteRoutes(options: NoteOptions): Router {
  const router = Router();
  router
    .post(
      '/api/v1/incidents/:id/notes',
      requireSecret(options.secret),
      express.json({ limit: maxBodyBytes }),
      (request, response) => add(options, request, response),
    )
    .all('/api/v1/incidents/:id/notes', allowOnly('POST'));
  return router;
}

async function add({ note }: NoteOptions, request: Request, response: Response): Promise<void> {
  const { body, faults } = read(Body, request.body);
  const { by = '', cause, remediation, ticket } = body;
  if (faults.length === 0 && [cause, remediation, ticket].every((part) => part === undefined))
    faults.push('Write at least one of "cause", "remediation" and "ticket".');
  refuse(faults);
  const said = { ...(cause && { cause }), ...(remediation && { remediation }), ...(ticket && { ticket }) };
  const incident = String(request.params.id);
  const made = await note(incident, { by, ...said });
  if (made === undefined)
    throw new HttpError(404, 'not_found', 'There is no such incident among the open ones and those remembered.');
  response.status(201).json({ incident, ...noteJson(made) });
}
