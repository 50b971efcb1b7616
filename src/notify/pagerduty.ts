import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { IncidentFacts } from '../core/incident.ts';
import type { Announcement, Notification } from '../core/notifier.ts';
import { address } from './address.ts';
import type { NotifierDefinition } from './definition.ts';
import { lookLines, saidOf } from './evidence-said.ts';
import { linksOf } from './links.ts';
import { isoUtc } from './moments.ts';
import { incidentAt } from './pagerduty-incident.ts';
import { clean, cut, short, someOf } from './plain-text.ts';
import { type Answer, openPost, type Refusal, refusalOf, secretsOf } from './post.ts';
import { type Voice, voiceOf } from './voice.ts';
import { plainLine, plainText, title } from './wording.ts';

// Limits of PagerDuty Events API v2: https://developer.pagerduty.com/docs/send-alert-event
/** Code points of `payload.summary`. */
const summaryLimit = 1024;
/** Code points of `dedup_key`. */
const dedupKeyLimit = 255;
/** Bytes of the whole event. */
const eventLimit = 512_000;
/** Length of an integration key. */
const routingKeyLength = 32;
/** Code points we allow fields without a published limit. */
const fieldLimit = 255;
/** Code points of evidence in `custom_details`. */
const detailLimit = 10_000;

const Config = z.strictObject({
  routing_key: z
    .string(`write the integration key of an "Events API v2" integration (${routingKeyLength} characters)`)
    .regex(
      new RegExp(`^[A-Za-z0-9_-]{${routingKeyLength}}$`),
      `write the integration key of an "Events API v2" integration: exactly ${routingKeyLength} letters and digits`,
    ),
  url: address.default('https://events.pagerduty.com/v2/enqueue'),
  /** Of change events. Default: `change/enqueue` beside `url`. */
  change_url: address.optional(),
  /** A read-only REST API key, only to see in a drill whether an incident came of an event. */
  api_token: z
    .string('write a read-only REST API key')
    .regex(/^[\w+-]{16,128}$/, 'write a REST API key (of API Access Keys, read-only)')
    .optional(),
  /** Where incidents are listed. Default: https://api.pagerduty.com/incidents; EU: https://api.eu.pagerduty.com/incidents */
  api_url: address.optional(),
});
type Config = z.infer<typeof Config>;

/** Pages through PagerDuty's Events API v2. Accepted means queued there (202): PagerDuty tells nobody's phone at that moment yet. */
const pagerduty: NotifierDefinition<Config> = {
  kind: 'pagerduty',
  config: Config,
  defaultMinSeverity: 'critical',
  deduplicates: true,
  open(config, context) {
    const { routing_key, url, change_url = new URL('change/enqueue', url).href } = config;
    const { name } = context;
    const post = openPost(context);
    const voice = voiceOf(context);
    const put = async (to: string, body: string, signal: AbortSignal): Promise<undefined> => {
      const request = { url: to, body, secrets: [routing_key, ...secretsOf(to)] };
      const answer = await post.send(request, { signal });
      const refusal = judge(answer);
      if (refusal !== undefined) throw post.refused(request, answer, refusal);
    };
    return {
      name,
      kind: 'pagerduty',
      async send(notification, { signal }) {
        // The same dedup_key joins the same incident: only that it became critical changes something, the urgency.
        if (notification.action === 'update' && notification.facts.severity !== 'critical') return undefined;
        return await put(url, eventOf(routing_key, notification, voice), signal);
      },
      announce: (announcement, { signal }) => put(change_url, changeEventOf(routing_key, announcement), signal),
      prove: ({ facts }, { signal }) => incidentAt(post, config, dedupKeyOf(facts), signal),
    };
  },
};
export default pagerduty;

/** The event as JSON, within PagerDuty's limits: over 512,000 bytes its details shrink to what the lines say. */
function eventOf(routingKey: string, notification: Notification, voice: Voice): string {
  const { facts } = notification;
  const summary = plainText(facts, voice);
  const event = (custom_details: object) =>
    JSON.stringify({
      routing_key: routingKey,
      event_action: notification.action === 'resolve' ? 'resolve' : 'trigger',
      dedup_key: dedupKeyOf(facts),
      payload: { ...payloadOf(facts, voice), custom_details },
      client: 'logcanary',
      ...backlink(notification, voice),
    });
  const whole = event({ summary, ...detailsOf(facts, voice) });
  return Buffer.byteLength(whole) <= eventLimit ? whole : event({ summary, cut: 'details left out: too large' });
}

/** Shown beside incidents, wakes nobody: https://developer.pagerduty.com/docs/send-change-event */
function changeEventOf(routingKey: string, { deployment, at, what, details = {} }: Announcement): string {
  const shown = Object.entries(details).map(([key, value]) => [short(key, fieldLimit), short(value, detailLimit)]);
  return JSON.stringify({
    routing_key: routingKey,
    payload: {
      summary: short(what, summaryLimit) || 'logcanary',
      source: short(deployment, fieldLimit) || 'logcanary',
      timestamp: isoUtc(at),
      custom_details: Object.fromEntries(shown),
    },
  });
}

function payloadOf(facts: IncidentFacts, voice: Voice) {
  const { deployment, pipeline, hop, kind, severity, state } = facts;
  const at = state === 'resolved' ? (facts.resolvedAt ?? facts.since) : facts.since;
  const place = [deployment, pipeline, hop].map(clean).filter((part) => part !== '');
  return {
    summary: cut(title(facts, voice), summaryLimit),
    source: cut(place.join('/') || 'logcanary', fieldLimit),
    severity,
    timestamp: isoUtc(at),
    class: kind,
    ...filled('component', short(hop, fieldLimit)),
    ...filled('group', short(pipeline, fieldLimit)),
  };
}

/** Whether PagerDuty takes an empty string where it wants one is not documented: such a field is left out. */
function filled(field: string, text: string) {
  return text === '' ? {} : { [field]: text };
}

function detailsOf(facts: IncidentFacts, voice: Voice) {
  const { streams, looks } = facts;
  return {
    incident: short(facts.id, fieldLimit),
    deployment: short(facts.deployment, fieldLimit),
    since: isoUtc(facts.since),
    ...(facts.resolvedAt !== undefined && { resolved: isoUtc(facts.resolvedAt) }),
    ...(facts.lossDecidedAt !== undefined && { loss_decided: isoUtc(facts.lossDecidedAt) }),
    canaries: facts.counts,
    streams: `${streams.affected} of ${streams.total}`,
    stream_names: streams.names.map(clean),
    looks_complete: `${looks.complete} of ${looks.asked}`,
    unreadable: facts.unreadable.map(clean),
    not_paged_behind_it: facts.behind.map(clean),
    runway: (facts.runway ?? []).map(({ what, at }) => `${isoUtc(at)} ${clean(what)}`),
    evidence: saidOf(facts, voice.words, detailLimit).evidence,
    changed_shortly_before: (facts.changed ?? []).map(({ at, what }) => `${isoUtc(at)} ${clean(what)}`),
    first_look: lookLines(facts, voice.words).map((look) => plainLine(look, facts, voice.zone)),
  };
}

/** PagerDuty answers 400 to longer keys; a hash of one is as stable as the key. */
function dedupKeyOf({ dedupKey }: IncidentFacts): string {
  return Array.from(dedupKey).length <= dedupKeyLimit ? dedupKey : createHash('sha256').update(dedupKey).digest('hex');
}

function backlink({ facts, pageUrl }: Notification, voice: Voice) {
  const links = linksOf(facts, voice, pageUrl);
  const own = links.find(({ kind }) => kind === 'page' || kind === 'incident');
  return {
    ...(own !== undefined && { client_url: own.href }),
    ...(links.length > 0 && { links: links.map(({ href, label }) => ({ href, text: label })) }),
  };
}

const permanent =
  'Check routing_key: it must belong to an "Events API v2" integration of a service that is not disabled.';
const later = 'It is sent again; if this lasts, look at status.pagerduty.com and at proxies in between.';

/** Nothing when PagerDuty has queued the event: 202 and its JSON (or no body at all). */
function judge(answer: Answer): Refusal | undefined {
  if (answer.status !== 202) {
    const refusal = refusalOf(answer.status);
    const said = answer.status === 400 ? errorsOf(answer) : undefined;
    return { ...refusal, ...(said !== undefined && { said }), advice: refusal.retryable ? later : permanent };
  }
  if (answer.truncated) return { reason: 'too_large', retryable: true, said: 'an answer without end', advice: later };
  if (answer.text.trim() === '') return undefined;
  const parsed = Accepted.safeParse(jsonOf(answer.text));
  return parsed.success ? undefined : { reason: 'bad_answer', retryable: true, advice: later };
}

const Accepted = z.looseObject({ status: z.literal('success').optional() });
const Invalid = z.looseObject({ message: z.string().optional(), errors: z.array(z.string()).optional() });

/** PagerDuty's own words: `Event object is invalid (Length of 'routing_key' is incorrect)`. */
function errorsOf(answer: Answer): string | undefined {
  const parsed = Invalid.safeParse(jsonOf(answer.text));
  if (!parsed.success) return undefined;
  const { message = 'invalid event', errors = [] } = parsed.data;
  return errors.length === 0 ? message : `${message} (${someOf(errors, 5)})`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not an object, so no schema takes it
  }
}
