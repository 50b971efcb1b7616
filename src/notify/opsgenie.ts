import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { IncidentFacts } from '../core/incident.ts';
import type { Arrival, Notification } from '../core/notifier.ts';
import { address } from './address.ts';
import { type RequestApi, requestStatus } from './alert-request.ts';
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

const api_key = z
  .string('write the API key of the integration')
  .regex(/^[\w-]{8,}$/, 'write the API key of the integration');

/** `url`: where alerts are created; they are closed at `<url>/<alias>/close`. */
const Opsgenie = z.strictObject({ api_key, url: address.default('https://api.opsgenie.com/v2/alerts') });
const Jsm = z
  .strictObject({
    api_key,
    url: address.default('https://api.atlassian.com/jsm/ops/integration/v2/alerts'),
    /** Only for drills, to see what became of an alert: `https://api.atlassian.com/jsm/ops/api/<cloudId>/v1/alerts`, */
    api_url: address.optional(),
    /** and an Atlassian account that may read alerts. */
    api_user: z.email('write the mail address of the account').optional(),
    api_token: z.string('write the API token').min(8, 'write the API token').optional(),
  })
  .refine(
    ({ api_url, api_user, api_token }) =>
      new Set([api_url, api_user, api_token].map((each) => each !== undefined)).size === 1,
    'write all of api_url, api_user and api_token, or none',
  );
type Config = z.infer<typeof Opsgenie>;

/** Alerts in Opsgenie, which answers until April 2027. Accepted means queued (202). */
export const opsgenie = definitionOf('opsgenie', Opsgenie, ({ api_key, url }) => ({
  url,
  authorization: `GenieKey ${api_key}`,
  secrets: [api_key],
}));

/** Alerts in Jira Service Management, Opsgenie's successor: the same requests at another address; its key cannot ask what became of them. */
export const jsm = definitionOf('jsm', Jsm, ({ api_key, api_url, api_user, api_token }) => {
  if (api_url === undefined || api_user === undefined || api_token === undefined) return undefined;
  const basic = Buffer.from(`${api_user}:${api_token}`).toString('base64');
  return { url: api_url, authorization: `Basic ${basic}`, secrets: [api_key, api_token, basic] };
});

const notAsked: Arrival = {
  state: 'unprovable',
  why: 'JSM says only that it has queued it; with api_url, api_user and api_token it is looked up',
};

function definitionOf<Own extends Config>(
  kind: string,
  config: z.ZodType<Own>,
  apiOf: (config: Own) => RequestApi | undefined,
): NotifierDefinition<Own> {
  return {
    kind,
    config,
    defaultMinSeverity: 'critical',
    deduplicates: true,
    open(own, context) {
      const { api_key, url } = own;
      const api = apiOf(own);
      const post = openPost(context);
      const voice = voiceOf(context);
      return {
        name: context.name,
        kind,
        async send(notification, { signal }) {
          if (notification.action === 'update') return undefined; // the same alias would only count up
          const request = requestOf({ api_key, url }, notification, voice);
          const answer = await post.send(request, { signal });
          const judged = judge(answer);
          if ('reason' in judged) throw post.refused(request, answer, judged);
          return notification.action === 'trigger' ? judged.requestId : undefined;
        },
        prove: async ({ receipt }, { signal }) =>
          api === undefined ? notAsked : await requestStatus(post, api, receipt, signal),
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
    tags: ['logcanary', kind, severity, ...(facts.test === true ? ['test'] : [])],
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

const Accepted = z.object({ requestId: z.string().max(200), result: z.string().optional() });
type Accepted = z.infer<typeof Accepted>;

/** Queued: 202 and the id of the request. */
function judge(answer: Answer): Refusal | Accepted {
  const later = 'It is sent again; if this lasts, look at status.atlassian.com and at proxies in between.';
  if (answer.status !== 202) {
    const refusal = refusalOf(answer.status);
    return {
      ...refusal,
      advice: refusal.retryable ? later : 'Check api_key (of an API integration, not disabled) and url.',
    };
  }
  return acceptedIn(answer) ?? { reason: 'bad_answer', retryable: true, advice: later };
}

function acceptedIn({ text }: Answer): Accepted | undefined {
  try {
    return Accepted.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // HTML, or cut off
  }
}
