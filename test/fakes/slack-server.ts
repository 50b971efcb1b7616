import { z } from 'zod';
import {
  type MisbehavingServer,
  type Received,
  startMisbehavingServer,
  type VendorAnswer,
} from './misbehaving-server.ts';

/** Blocks as Slack takes them, with its limits: https://docs.slack.dev/reference/block-kit/blocks */
const Blocks = z
  .array(
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('section'),
        text: z.strictObject({
          type: z.literal('mrkdwn'),
          text: z.string().min(1).max(3000),
          verbatim: z.boolean().optional(),
        }),
      }),
      z.strictObject({
        type: z.literal('header'),
        text: z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(150) }),
      }),
    ]),
  )
  .max(50);
const Message = z.strictObject({
  channel: z.string().optional(),
  /** Of the message that is edited. */
  ts: z.string().optional(),
  thread_ts: z.string().optional(),
  reply_broadcast: z.boolean().optional(),
  text: z.string().min(1).max(40_000),
  blocks: Blocks.optional(),
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
});
export type SlackPost = z.infer<typeof Message>;

export interface SlackServer extends MisbehavingServer {
  /** An incoming webhook's address, with its secret path. */
  readonly webhookUrl: string;
  /** The address of `chat.postMessage`. */
  readonly postMessageUrl: string;
  /** Messages that were taken, edits and replies too, oldest first. */
  readonly messages: readonly SlackPost[];
  /** What the channel shows: the messages as they are now, by their ts, without replies. */
  readonly shown: ReadonlyMap<string, SlackPost>;
  /** What would have notified a whole channel, a group or a person: `<!channel>`, `<@U1>`, `<!subteam^S1>`. */
  readonly pings: readonly string[];
}

export interface SlackServerOptions {
  readonly webhookPath: string;
  readonly botToken: string;
  /** The only channel the bot is in. */
  readonly channel: string;
}

/** Slack's incoming webhook and `chat.postMessage` on loopback: refuses what Slack refuses, each in its own way. */
export async function startSlackServer({ webhookPath, botToken, channel }: SlackServerOptions): Promise<SlackServer> {
  const messages: SlackPost[] = [];
  const shown = new Map<string, SlackPost>();
  const api = '/api/chat.postMessage';
  const server = await startMisbehavingServer((request) => {
    if (request.path === webhookPath) return webhook(request, messages);
    if (request.path.startsWith('/api/chat.getPermalink?') && request.method === 'GET')
      return permalink(request, { botToken, channel, shown });
    if (request.path !== api && request.path !== '/api/chat.update') return text(404, 'no_service');
    if (request.headers.authorization !== `Bearer ${botToken}`) return json({ ok: false, error: 'invalid_auth' });
    const edits = request.path !== api;
    return chat(request, { edits, channel, messages, shown });
  });
  return Object.defineProperties(server as SlackServer, {
    webhookUrl: { value: `${server.origin}${webhookPath}` },
    postMessageUrl: { value: `${server.origin}${api}` },
    messages: { value: messages },
    shown: { value: shown },
    pings: {
      get: () => messages.flatMap((message) => JSON.stringify(message).match(/<(![^d]|!subteam|[@#])[^>]*>/g) ?? []),
    },
  });
}

/** https://docs.slack.dev/reference/methods/chat.getPermalink */
function permalink(
  { path, headers }: Received,
  { botToken, channel, shown }: Pick<Chat, 'channel' | 'shown'> & { botToken: string },
): VendorAnswer {
  if (headers.authorization !== `Bearer ${botToken}`) return json({ ok: false, error: 'invalid_auth' });
  const asked = new URL(path, 'http://slack').searchParams;
  if (asked.get('channel') !== channel) return json({ ok: false, error: 'channel_not_found' });
  const ts = asked.get('message_ts') ?? '';
  if (!shown.has(ts)) return json({ ok: false, error: 'message_not_found' });
  return json({ ok: true, channel, permalink: `https://acme.slack.com/archives/${channel}/p${ts.replace('.', '')}` });
}

function webhook(request: Received, messages: SlackPost[]): VendorAnswer {
  const parsed = Message.safeParse(parse(request.body));
  if (!parsed.success || size(parsed.data) > 13_200) return text(400, 'invalid_payload');
  messages.push(parsed.data);
  return text(200, 'ok');
}

interface Chat {
  readonly edits: boolean;
  readonly channel: string;
  readonly messages: SlackPost[];
  readonly shown: Map<string, SlackPost>;
}

/** `chat.postMessage` takes a name or an id and gives the id back; `chat.update` takes ids only, and only what is there. */
function chat(request: Received, { edits, channel, messages, shown }: Chat): VendorAnswer {
  const parsed = Message.safeParse(parse(request.body));
  if (!parsed.success) return json({ ok: false, error: 'invalid_blocks' });
  const post = parsed.data;
  if (size(post) > 13_200) return json({ ok: false, error: 'msg_blocks_too_long' });
  if (post.channel !== channel && (edits || post.channel !== '#ops'))
    return json({ ok: false, error: 'channel_not_found' });
  const known = edits ? post.ts : post.thread_ts;
  if (known !== undefined && !shown.has(known))
    return json({ ok: false, error: edits ? 'message_not_found' : 'thread_not_found' });
  messages.push(post);
  const ts = edits ? (post.ts ?? '') : `1763575320.${String(messages.length).padStart(6, '0')}`;
  if (post.thread_ts === undefined) shown.set(ts, post);
  return json({ ok: true, channel, ts });
}

function size({ blocks = [] }: SlackPost): number {
  return blocks.reduce((sum, block) => sum + block.text.text.length, 0);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function text(status: number, body: string): VendorAnswer {
  return { status, contentType: 'text/plain', body };
}

function json(body: object): VendorAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}
