import { z } from 'zod';
import type { Notification } from '../core/notifier.ts';
import type { Reason } from '../lib/errors.ts';
import { address } from './address.ts';
import type { NotifierDefinition } from './definition.ts';
import { type Answer, openPost, type PostRequest, type Refusal, refusalOf, secretsOf } from './post.ts';
import { messageOf } from './slack-message.ts';

const Webhook = z.strictObject({ webhook_url: address });
const Bot = z.strictObject({
  bot_token: z
    .string('write a bot token (xoxb-…)')
    .regex(/^xox[\w.-]{6,}$/, 'write a bot token, which begins with xoxb-'),
  channel: z.string('write the channel').trim().min(1, 'write the channel: its id (C…) or #name'),
  url: address.default('https://slack.com/api/chat.postMessage'),
});
const Config = z.union([Webhook, Bot], { error: faultOf });
type Config = z.infer<typeof Config>;

/** Writes into a Slack channel, through an incoming webhook or as a bot. */
const slack: NotifierDefinition<Config> = {
  kind: 'slack',
  config: Config,
  defaultMinSeverity: 'warning',
  open(config, { name, clock }) {
    const post = openPost({ name, clock });
    const isWebhook = 'webhook_url' in config;
    const judge = isWebhook ? judgeWebhook : judgeBot;
    return {
      name,
      kind: 'slack',
      async send(notification, { signal }) {
        // A webhook gives no id of what it wrote, so nothing can be edited: an update would be one more message.
        if (isWebhook && notification.action === 'update') return;
        const request = requestOf(config, notification);
        const answer = await post.send(request, { signal });
        const refusal = judge(answer);
        if (refusal !== undefined) throw post.refused(request, answer, refusal);
      },
    };
  },
};
export default slack;

function requestOf(config: Config, notification: Notification): PostRequest {
  const message = messageOf(notification);
  if ('webhook_url' in config) {
    const url = config.webhook_url;
    return { url, body: JSON.stringify(message), secrets: secretsOf(url) };
  }
  return {
    url: config.url,
    headers: { authorization: `Bearer ${config.bot_token}` },
    body: JSON.stringify({ channel: config.channel, ...message }),
    secrets: [config.bot_token, ...secretsOf(config.url)],
  };
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

const Said = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/** Accepted is 200 with `ok: true`; an error comes with 200 too. https://docs.slack.dev/reference/methods/chat.postMessage */
function judgeBot(answer: Answer): Refusal | undefined {
  const advice = 'Check bot_token (scope chat:write) and channel, and that the bot was invited to it.';
  if (answer.status !== 200) {
    const refusal = refusalOf(answer.status);
    return { ...refusal, advice: refusal.retryable ? later : advice };
  }
  const said = saidIn(answer);
  if (said === undefined) return { reason: 'bad_answer', retryable: true, advice: later };
  if (said.ok) return undefined;
  const error = said.error ?? 'an unnamed error';
  const passing = passingErrors[error];
  if (passing !== undefined) return { reason: passing, retryable: true, said: error, advice: later };
  return { reason: permanentErrors[error] ?? 'rejected', retryable: false, said: error, advice };
}

function saidIn(answer: Answer): z.infer<typeof Said> | undefined {
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
