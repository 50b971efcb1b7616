import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import { address } from './address.ts';
import type { NotifierDefinition } from './definition.ts';
import { linksOf } from './links.ts';
import { isoUtc } from './moments.ts';
import { cut, short } from './plain-text.ts';
import { type Answer, openPost, type PostRequest, type Refusal, refusalOf, secretsOf } from './post.ts';
import { type Voice, voiceOf } from './voice.ts';
import { plainText, title } from './wording.ts';

// Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
/** Bytes of a body; the specification asks for less than 20 kB. */
const bodyLimit = 20_000;
/** Bytes of a key. */
const keyBytes = { least: 24, most: 64 };
/** The newest of them. */
const notesSent = 3;
/** Code points of names and of evidence. */
const limits = { name: 255, text: 4_000, detail: 1_000, names: 20 };

const Config = z.strictObject({
  url: address,
  secret: z
    .string('write the signing secret (whsec_…)')
    .refine(isKey, `write the signing secret: whsec_ and ${keyBytes.least} to ${keyBytes.most} bytes in base64`),
});
type Config = z.infer<typeof Config>;

/** POSTs incidents as JSON, signed by Standard Webhooks. Accepted is any 2xx; 410 ends it. */
const webhook: NotifierDefinition<Config> = {
  kind: 'webhook',
  config: Config,
  defaultMinSeverity: 'warning',
  takesNotes: true,
  open({ url, secret }, context) {
    const { name, clock } = context;
    const post = openPost(context);
    const voice = voiceOf(context);
    return {
      name,
      kind: 'webhook',
      async send(notification, { signal }) {
        const body = bodyOf(notification, voice);
        const headers = signed({ id: idOf(notification), at: Math.floor(clock.wall() / 1000), body, secret });
        const request: PostRequest = { url, headers, body, secrets: [...secretForms(secret), ...secretsOf(url)] };
        const answer = await post.send(request, { signal });
        const refusal = judge(answer);
        if (refusal !== undefined) throw post.refused(request, answer, refusal);
        return undefined;
      },
      // who answered is the receiver itself: there is nobody behind it to be asked
      prove: async () => ({ state: 'arrived', how: 'the receiver itself answered 2xx' }),
    };
  },
};
export default webhook;

interface Signable {
  readonly id: string;
  /** Unix seconds of this try. */
  readonly at: number;
  readonly body: string;
  readonly secret: string;
}

/** The three headers: HMAC-SHA256 over id, time and body, joined by full stops. */
export function signed({ id, at, body, secret }: Signable): Record<string, string> {
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${mac}` };
}

/** The same over retries of one notification, and never the same for two: the receiver's key against duplicates. */
function idOf({ action, facts }: Notification): string {
  const { dedupKey, id, openedAt, severity, notes } = facts;
  const said = action === 'note' ? notes?.at(-1) : severity;
  const hash = createHash('sha256').update(JSON.stringify([dedupKey, id, openedAt, action, said]));
  return `msg_${hash.digest('hex').slice(0, 32)}`;
}

const types = {
  trigger: 'incident.opened',
  update: 'incident.updated',
  resolve: 'incident.resolved',
  renew: 'incident.continues',
  note: 'incident.noted',
} as const;

/** Within 20 kB: names and evidence are bounded, and go where that is not enough. */
function bodyOf({ action, facts, pageUrl }: Notification, voice: Voice): string {
  const noted = action === 'note' ? facts.notes?.at(-1)?.at : undefined;
  const at = noted ?? facts.resolvedAt ?? (action === 'update' ? (facts.criticalAt ?? facts.openedAt) : facts.openedAt);
  const links = Object.fromEntries(linksOf(facts, voice, pageUrl).map(({ kind, href }) => [kind, href]));
  const whole = (data: object) => JSON.stringify({ type: types[action], timestamp: isoUtc(at), data });
  const said = { title: cut(title(facts, voice), limits.name), text: cut(plainText(facts, voice), limits.text) };
  const full = whole({ ...identityOf(facts), ...said, links, ...figuresOf(facts), ...namesOf(facts) });
  if (fits(full)) return full;
  const lean = whole({ ...identityOf(facts), ...said, links, ...figuresOf(facts), cut: true });
  return fits(lean) ? lean : whole({ ...identityOf(facts), title: said.title, cut: true });
}

function fits(body: string): boolean {
  return Buffer.byteLength(body) < bodyLimit;
}

function identityOf(facts: IncidentFacts) {
  const { id, dedupKey, deployment, pipeline, hop, kind, severity, state, test = false } = facts;
  const name = (text: string) => short(text, limits.name);
  const place = { deployment: name(deployment), pipeline: name(pipeline), hop: name(hop) };
  return { id: name(id), dedup_key: name(dedupKey), ...place, kind, severity, state, test };
}

function figuresOf(facts: IncidentFacts) {
  const { counts, looks, streams } = facts;
  const at = (key: string, ms: number | undefined) => (ms === undefined ? {} : { [key]: isoUtc(ms) });
  return {
    ...at('since', facts.since),
    ...at('opened_at', facts.openedAt),
    ...at('critical_at', facts.criticalAt),
    ...at('resolved_at', facts.resolvedAt),
    ...at('loss_decided_at', facts.lossDecidedAt),
    canaries: counts,
    looks,
    streams: { affected: streams.affected, total: streams.total },
  };
}

function namesOf(facts: IncidentFacts) {
  const some = (all: readonly string[]) => all.slice(0, limits.names).map((text) => short(text, limits.name));
  const { between } = facts;
  return {
    ...(between && { between: { from: short(between.from, limits.name), to: short(between.to, limits.name) } }),
    stream_names: some(facts.streams.names),
    unreadable: some(facts.unreadable),
    behind: some(facts.behind),
    detail: short(facts.detail, limits.detail),
    first_look: some(facts.firstLook),
    runway: (facts.runway ?? []).map(({ what, at }) => ({ at: isoUtc(at), what: short(what, limits.name) })),
    changed: (facts.changed ?? []).map(({ at, what }) => ({ at: isoUtc(at), what: short(what, limits.name) })),
    notes: (facts.notes ?? []).slice(-notesSent).map(({ at, ...said }) => ({ at: isoUtc(at), ...said })),
  };
}

function judge(answer: Answer): Refusal | undefined {
  const later = 'It is sent again; if this lasts, look at the receiver and at proxies in between.';
  if (answer.status >= 200 && answer.status < 300) {
    if (!answer.truncated) return undefined;
    return { reason: 'too_large', retryable: true, said: 'an answer without end', advice: later };
  }
  const refusal = refusalOf(answer.status);
  return { ...refusal, advice: refusal.retryable ? later : 'Check url and secret, and that the receiver takes it.' };
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

function isKey(secret: string): boolean {
  if (!/^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(secret)) return false;
  const { length } = keyOf(secret);
  return length >= keyBytes.least && length <= keyBytes.most;
}

function secretForms(secret: string): string[] {
  return [secret, secret.replace(/^whsec_/, '')];
}
