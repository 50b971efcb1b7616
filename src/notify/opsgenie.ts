import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { IncidentFacts } from '../core/incident.ts';
import type { Notification } from '../core/notifier.ts';
import { address } from './address.ts';
import type { NotifierDefinition } from './definition.ts';
import { linksOf } from './links.ts';
import { cut, short } from './plain-text.ts';
import { type Answer, openPost, type PostRequest, type Refusal, refusalOf, secretsOf } from './post.ts';
import { type Voice, voiceOf } from './voice.ts';
import { plainText, title } from './wording.ts';

// Limits of the alert API: https://docs.opsgenie.com/docs/alert-api, taken over by JSM's integration events.
const messageLimit = 130;
/** The newer of two numbers in its documents is 512. */
const aliasLimit = 250;
const descriptionLimit = 15_000;
/** Of tags, of details' values and of a source, code points. */
const fieldLimit = 100;

function configOf(defaultUrl: string) {
  return z.strictObject({
    api_key: z
      .string('write the API key of the integration')
      .regex(/^[\w-]{8,}$/, 'write the API key of the integration'),
    /** Where alerts are created; they are closed at `<url>/<alias>/close`. */
    url: address.default(defaultUrl),
  });
}
type Config = z.infer<ReturnType<typeof configOf>>;

/** Alerts in Opsgenie, which answers until April 2027. Accepted means queued (202). */
export const opsgenie = definitionOf('opsgenie', 'https://api.opsgenie.com/v2/alerts');

/** Alerts in Jira Service Management, Opsgenie's successor: the same requests at another address. */
export const jsm = definitionOf('jsm', 'https://api.atlassian.com/jsm/ops/integration/v2/alerts');

function definitionOf(kind: string, defaultUrl: string): NotifierDefinition<Config> {
  return {
    kind,
    config: configOf(defaultUrl),
    defaultMinSeverity: 'critical',
    open({ api_key, url }, context) {
      const post = openPost(context);
      const voice = voiceOf(context);
      return {
        name: context.name,
        kind,
        async send(notification, { signal }) {
          if (notification.action === 'update') return undefined; // the same alias would only count up
          const request = requestOf({ api_key, url }, notification, voice);
          const answer = await post.send(request, { signal });
          const refusal = judge(answer);
          if (refusal !== undefined) throw post.refused(request, answer, refusal);
          return undefined;
        },
      };
    },
  };
}

function requestOf({ api_key, url }: Config, notification: Notification, voice: Voice): PostRequest {
  const closes = notification.action === 'resolve';
  return {
    url: closes ? closeUrl(url, aliasOf(notification.facts)) : url,
    headers: { authorization: `GenieKey ${api_key}` },
    body: JSON.stringify(closes ? closingOf(notification.facts, voice) : alertOf(notification, voice)),
    secrets: [api_key, ...secretsOf(url)],
  };
}

function alertOf({ facts, pageUrl }: Notification, voice: Voice): object {
  const { deployment, pipeline, hop, kind, severity } = facts;
  const field = (text: string) => short(text, fieldLimit);
  const links = linksOf(facts, voice, pageUrl).map(({ label, href }) => `${label}: ${href}`);
  return {
    message: cut(title(facts, voice), messageLimit),
    alias: aliasOf(facts),
    description: cut([plainText(facts, voice), ...links].join('\n'), descriptionLimit),
    priority: severity === 'critical' ? 'P1' : 'P3',
    source: 'logcanary',
    entity: field([deployment, pipeline, hop].filter((part) => part !== '').join('/')),
    tags: ['logcanary', kind, severity],
    details: { incident: field(facts.id), deployment: field(deployment), pipeline: field(pipeline), hop: field(hop) },
  };
}

function closingOf(facts: IncidentFacts, voice: Voice): object {
  return { source: 'logcanary', note: cut(`${title(facts, voice)}\n${plainText(facts, voice)}`, descriptionLimit) };
}

function closeUrl(url: string, alias: string): string {
  const close = new URL(url);
  close.pathname = `${close.pathname.replace(/\/$/, '')}/${encodeURIComponent(alias)}/close`;
  close.searchParams.set('identifierType', 'alias');
  return close.href;
}

function aliasOf({ dedupKey }: IncidentFacts): string {
  return Array.from(dedupKey).length <= aliasLimit ? dedupKey : createHash('sha256').update(dedupKey).digest('hex');
}

const Accepted = z.looseObject({ requestId: z.string(), result: z.string().optional() });

/** Nothing when it was queued: 202 and the id of the request. */
function judge(answer: Answer): Refusal | undefined {
  const later = 'It is sent again; if this lasts, look at status.atlassian.com and at proxies in between.';
  if (answer.status !== 202) {
    const refusal = refusalOf(answer.status);
    return {
      ...refusal,
      advice: refusal.retryable ? later : 'Check api_key (of an API integration, not disabled) and url.',
    };
  }
  return isAccepted(answer) ? undefined : { reason: 'bad_answer', retryable: true, advice: later };
}

function isAccepted({ text }: Answer): boolean {
  try {
    return Accepted.safeParse(JSON.parse(text)).success;
  } catch {
    return false; // HTML, or cut off
  }
}
