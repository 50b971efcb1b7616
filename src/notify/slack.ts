import { z } from 'zod';
import type { Arrival, Notification, Notifier } from '../core/notifier.ts';
import type { Reason } from '../lib/errors.ts';
import { address } from './address.ts';
import type { NotifierDefinition } from './definition.ts';
import { type Answer, openPost, type Post, type PostRequest, type Refusal, refusalOf, secretsOf } from './post.ts';
import { messageOf, replyOf } from './slack-message.ts';
import { type Voice, voiceOf } from './voice.ts';

const Webhook = z.strictObject({ webhook_url: address });
const Bot = z.strictObject({
  bot_token: z
    .string('write a bot token (xoxb-…)')
    .regex(/^xox[\w.-]{6,}$/, 'write a bot token, which begins with xoxb-'),
  channel: z.string('write the channel').trim().min(1, 'write the channel: its id (C…) or #name'),
  url: address.default('https://slack.com/api/chat.postMessage'),
  /** Of chat.update. Default: beside `url`. */
  update_url: address.optional(),
});
const Config = z.union([Webhook, Bot], { error: faultOf });
type Config = z.infer<typeof Config>;

type Bot = z.infer<typeof Bot>;
type Send = Notifier['send'];
type Prove = NonNullable<Notifier['prove']>;

/**
 * Writes into a Slack channel. An incoming webhook adds a message for the beginning and one for the end. A bot edits its first
 * message in place, so that the channel shows how things are, and says what happened in that message's thread.
 */
const slack: NotifierDefinition<Config> = {
  kind: 'slack',
  config: Config,
  defaultMinSeverity: 'warning',
  takesNotes: true,
  open(config, context) {
    const post = openPost(context);
    const voice = voiceOf(context);
    const how =
      'webhook_url' in config
        ? { send: webhook(config.webhook_url, post, voice), prove: async () => notAsked }
        : { send: bot(config, post, voice), prove: permalink(config, post) };
    return { name: context.name, kind: 'slack', ...how };
  },
};
export default slack;

function webhook(url: string, post: Post, voice: Voice): Send {
  return async (notification, { signal }) => {
    // A webhook gives no id of what it wrote, so nothing can be edited: an update would be one more message.
    if (notification.action === 'update' || notification.action === 'note') return undefined;
    const request = { url, body: JSON.stringify(messageOf(notification, voice)), secrets: secretsOf(url) };
    const answer = await post.send(request, { signal });
    const refusal = judgeWebhook(answer);
    if (refusal !== undefined) throw post.refused(request, answer, refusal);
    return undefined;
  };
}

function bot(config: Bot, post: Post, voice: Voice): Send {
  const { channel, url, update_url = new URL('chat.update', url).href } = config;
  const call = async (to: string, body: object, signal: AbortSignal): Promise<Said | Gone> => {
    const request = requestOf(config, to, body);
    const answer = await post.send(request, { signal });
    const judged = judgeBot(answer);
    if ('reason' in judged && !isGone(judged)) throw post.refused(request, answer, judged);
    return 'reason' in judged ? 'gone' : judged;
  };
  const begin = async (notification: Notification, signal: AbortSignal) => {
    const said = await call(url, { channel, ...messageOf(notification, voice) }, signal);
    return said === 'gone' ? undefined : receiptOf(said);
  };
  return async (notification, { signal }) => {
    const place = notification.action === 'trigger' ? undefined : placeOf(notification.receipt);
    if (notification.action === 'note') {
      if (place !== undefined) await call(url, replyTo(place, notification, voice), signal);
      return undefined; // without its message there is no thread
    }
    if (place === undefined) return await begin(notification, signal);
    // The edit first: it may be repeated, a reply would be read twice.
    const edited = await call(update_url, { ...place, ...messageOf(notification, voice) }, signal);
    if (edited === 'gone') return await begin(notification, signal);
    await call(url, replyTo(place, notification, voice), signal);
    return undefined;
  };
}

const notAsked: Arrival = { state: 'unprovable', why: 'Slack said ok; a webhook cannot be asked what became of it' };

/** A link is given only to a message that exists, and needs no scope: https://docs.slack.dev/reference/methods/chat.getPermalink */
function permalink(config: Bot, post: Post): Prove {
  return async ({ receipt }, { signal }) => {
    const place = placeOf(receipt);
    if (place === undefined) return { state: 'unprovable', why: 'Slack did not say where the message stands' };
    const url = new URL('chat.getPermalink', config.url);
    url.searchParams.set('channel', place.channel);
    url.searchParams.set('message_ts', place.ts);
    const request = requestOf(config, url.href);
    const answer = await post.send(request, { signal });
    const judged = judgeBot(answer);
    if (!('reason' in judged)) return { state: 'arrived', how: 'the message stands in the channel' };
    if (isGone(judged)) return { state: 'missing', why: 'Slack does not find the message it has taken' };
    throw post.refused(request, answer, judged);
  };
}

/** An edit notifies nobody; the reply does those who follow the thread, and all of the channel where it got worse. */
function replyTo(place: Place, notification: Notification, voice: Voice): object {
  return {
    channel: place.channel,
    thread_ts: place.ts,
    text: replyOf(notification, voice),
    ...(notification.action === 'update' && { reply_broadcast: true }),
    unfurl_links: false,
    unfurl_media: false,
  };
}

function requestOf(config: Bot, url: string, body?: object): PostRequest {
  return {
    url,
    headers: { authorization: `Bearer ${config.bot_token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    secrets: [config.bot_token, ...secretsOf(url)],
  };
}

/** Where a message stands: the id of its channel (never a name, which edits do not take) and its ts, a text. */
const Place = z.strictObject({ channel: z.string(), ts: z.string() });
type Place = z.infer<typeof Place>;

function receiptOf({ channel, ts }: Said): string | undefined {
  return channel === undefined || ts === undefined ? undefined : JSON.stringify({ channel, ts });
}

function placeOf(receipt: string | undefined): Place | undefined {
  try {
    return receipt === undefined ? undefined : Place.safeParse(JSON.parse(receipt)).data;
  } catch {
    return undefined; // of another kind of channel that had this name before
  }
}

const later = 'It is sent again; if this lasts, look at slack-status.com and at proxies in between.';

/** Accepted is 200 with the two letters `ok`; errors are plain text. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
function judgeWebhook(answer: Answer): Refusal | undefined {
  if (answer.status === 200 && answer.text.trim() === 'ok') return undefined;
  const refusal = refusalOf(answer.status);
  return {
    ...refusal,
    advice: refusal.retryable ? later : 'Check webhook_url, and that its channel still exists and takes posts.',
  };
}

const Said = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  channel: z.string().max(100).optional(),
  ts: z.string().max(100).optional(),
});
type Said = z.infer<typeof Said>;
/** The message that was to be edited cannot be any more: deleted, or too old for the workspace's rules. */
type Gone = 'gone';
const goneErrors: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

function isGone({ said = '' }: Refusal): boolean {
  return goneErrors.has(said);
}

/** Accepted is 200 with `ok: true`; an error comes with 200 too. https://docs.slack.dev/reference/methods/chat.postMessage */
function judgeBot(answer: Answer): Refusal | Said {
  const advice = 'Check bot_token (scope chat:write) and channel, and that the bot was invited to it.';
  if (answer.status !== 200) {
    const refusal = refusalOf(answer.status);
    return { ...refusal, advice: refusal.retryable ? later : advice };
  }
  const said = saidIn(answer);
  if (said === undefined) return { reason: 'bad_answer', retryable: true, advice: later };
  if (said.ok) return said;
  const error = said.error ?? 'an unnamed error';
  const passing = passingErrors[error];
  if (passing !== undefined) return { reason: passing, retryable: true, said: error, advice: later };
  return { reason: permanentErrors[error] ?? 'rejected', retryable: false, said: error, advice };
}

function saidIn(answer: Answer): Said | undefined {
  try {
    return Said.safeParse(JSON.parse(answer.text)).data;
  } catch {
    return undefined; // HTML, or cut off: not Slack's answer
  }
}

/** Errors that pass by themselves. */
const passingErrors: Readonly<Record<string, Reason>> = {
  ratelimited: 'rate_limited',
  rate_limited: 'rate_limited',
  internal_error: 'server_error',
  fatal_error: 'server_error',
  service_unavailable: 'server_error',
  request_timeout: 'timeout',
  team_added_to_org: 'server_error',
};

/** Errors that need somebody, where the reason says more than `rejected`. */
const permanentErrors: Readonly<Record<string, Reason>> = {
  invalid_auth: 'auth',
  not_authed: 'auth',
  account_inactive: 'auth',
  token_expired: 'auth',
  token_revoked: 'auth',
  no_permission: 'auth',
  missing_scope: 'auth',
  access_denied: 'auth',
  channel_not_found: 'not_found',
  is_archived: 'not_found',
};

interface UnionFault {
  readonly input?: unknown;
  readonly errors?: readonly (readonly { readonly path: readonly PropertyKey[]; readonly message: string }[])[];
}

/** Which of the two forms was meant, and what is wrong with it; quotes no value. */
function faultOf({ input, errors = [] }: UnionFault): string {
  const forms = 'write either { webhook_url } or { bot_token, channel }';
  const has = (key: string) => typeof input === 'object' && input !== null && key in input;
  if (has('webhook_url') === has('bot_token')) return forms;
  const faults = errors[has('webhook_url') ? 0 : 1] ?? [];
  return `${faults.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ')} (${forms})`;
}
