/** What peers ask each other over HTTP, as JSON and back. */
import { createHmac } from 'node:crypto';
import { Router } from 'express';
import { z } from 'zod';
import { type IncidentKind, incidentKinds } from '../core/incident.ts';
import { type PeerIncident, type PeerReport, standings } from '../core/peer.ts';
import type { Silence } from '../core/silence.ts';
import type { Window } from '../core/window.ts';
import type { EpochMs } from '../lib/clock.ts';
import { sameSecret } from './auth.ts';
import { allowOnly } from './http-error.ts';
import { isoTime } from './moment.ts';

export const peerPath = '/api/v1/peer';

/** Whoever asks chooses it anew each time, so that no earlier answer fits. */
export const nonceHeader = 'x-logcanary-nonce';
const macHeader = 'x-logcanary-mac';

/**
 * Shows no more than the other GETs do, and changes nothing: it needs no secret. It is signed with ours, since whoever could answer
 * in our place could keep others from telling.
 */
export function peerRoutes(report: () => PeerReport, secret: string | undefined): Router {
  return Router()
    .get(peerPath, (request, response) => {
      const body = JSON.stringify(peerJson(report()));
      const nonce = request.get(nonceHeader);
      if (secret !== undefined && nonce !== undefined) response.set(macHeader, macOf({ secret, nonce, body }));
      response.type('json').send(body);
    })
    .all(peerPath, allowOnly('GET, HEAD'));
}

interface Signed {
  readonly secret: string;
  readonly nonce: string;
  readonly body: string;
}

function macOf({ secret, nonce, body }: Signed): string {
  return createHmac('sha256', secret).update(`logcanary/peer/1\0${nonce}\0${body}`).digest('hex');
}

export function isSigned(headers: Readonly<Record<string, string | string[] | undefined>>, signed: Signed): boolean {
  return sameSecret(String(headers[macHeader]), macOf(signed));
}

export function peerJson(report: PeerReport) {
  const { deployment, instance, healthy, terms, channels, hears, taken } = report;
  return {
    ...{ deployment, instance, started_at: isoTime(report.startedAt), healthy, terms, channels, hears },
    open: report.open.map(incidentJson),
    taken,
    maintenance: report.maintenance.map(windowJson),
    silences: report.silences.map((silence) => ({ ...windowJson(silence), kind: silence.kind })),
  };
}

function incidentJson({ id, dedupKey, pipeline, hop, kind, severity, openedAt, since, standing, told }: PeerIncident) {
  const times = { opened_at: isoTime(openedAt), since: isoTime(since) };
  return { id, dedup_key: dedupKey, pipeline, hop, kind, severity, ...times, standing, told };
}

function windowJson({ id, pipeline, hop, from, until, reason, by }: Window) {
  return { id, pipeline, hop, from: isoTime(from), until: isoTime(until), reason, by };
}

// Bounds against an answer that is none of ours; what we say ourselves stays far below.
const text = z.string().max(1_000);
const name = z.string().max(200);
const many = 5_000;
const time = z.iso.datetime().transform((at): EpochMs => Date.parse(at));
const keys = z.record(name, name);

const window = { id: name, pipeline: name.optional(), hop: name.optional(), from: time, until: time };
const Maintenance = z.object({ ...window, reason: text, by: text });
const SilenceShape = Maintenance.extend({ kind: name.optional() });

const Incident = z.object({
  ...{ id: name, dedup_key: name, pipeline: name, hop: name, kind: name, severity: z.enum(['critical', 'warning']) },
  ...{ opened_at: time, since: time, standing: z.enum(standings) },
  told: z
    .array(z.object({ notifier: name, receipt: z.string().max(4_000).optional(), storm: z.literal(true).optional() }))
    .max(100),
});

/** Keys that are not known are a newer version's. */
const Report = z.object({
  ...{ deployment: name, instance: name, started_at: time, healthy: z.boolean(), terms: keys, channels: keys },
  hears: z.array(name).max(many),
  open: z.array(Incident).max(many),
  taken: z.array(z.object({ instance: name, id: name, notifier: name })).max(many),
  maintenance: z.array(Maintenance).max(many).default([]),
  silences: z.array(SilenceShape).max(many).default([]),
});

/**
 * What another logcanary said of itself.
 * @throws ZodError where it is not what a logcanary says
 */
export function parsePeerReport(json: unknown): PeerReport {
  const { started_at: startedAt, open, maintenance, silences, ...rest } = Report.parse(json);
  return {
    ...rest,
    startedAt,
    open: open.filter((each) => isKind(each.kind)).map(incidentOf),
    maintenance: maintenance.map((each): Window => given(each)),
    silences: silences.filter(({ kind }) => kind === undefined || isKind(kind)).map((each) => given(each) as Silence),
  };
}

/** Of a kind that a newer version has, we have no incident of our own. */
function isKind(kind: string): kind is IncidentKind {
  return (incidentKinds as readonly string[]).includes(kind);
}

function incidentOf({ dedup_key: dedupKey, opened_at: openedAt, kind, told, ...rest }: z.infer<typeof Incident>) {
  return { ...rest, dedupKey, openedAt, kind: kind as IncidentKind, told: told.map((each) => given(each)) };
}

/** Without the keys that are absent. */
function given<T extends object>(record: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
