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
  /** Messages that were taken, oldest first. */
  readonly messages: readonly SlackPost[];
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
  const api = '/api/chat.postMessage';
  const server = await startMisbehavingServer((request) => {
    if (request.path === webhookPath) return webhook(request, messages);
    if (request.path !== api) return text(404, 'no_service');
    if (request.headers.authorization !== `Bearer ${botToken}`) return json({ ok: false, error: 'invalid_auth' });
    return chatPostMessage(request, channel, messages);
  });
  return Object.defineProperties(server as SlackServer, {
    webhookUrl: { value: `${server.origin}${webhookPath}` },
    postMessageUrl: { value: `${server.origin}${api}` },
    messages: { value: messages },
    pings: {
      get: () => messages.flatMap((message) => JSON.stringify(message).match(/<(![^d]|!subteam|[@#])[^>]*>/g) ?? []),
    },
  });
}

function webhook(request: Received, messages: SlackPost[]): VendorAnswer {
  const parsed = Message.safeParse(parse(request.body));
  if (!parsed.success || size(parsed.data) > 13_200) return text(400, 'invalid_payload');
  messages.push(parsed.data);
  return text(200, 'ok');
}

function chatPostMessage(request: Received, channel: string, messages: SlackPost[]): VendorAnswer {
  const parsed = Message.safeParse(parse(request.body));
  if (!parsed.success) return json({ ok: false, error: 'invalid_blocks' });
  if (size(parsed.data) > 13_200) return json({ ok: false, error: 'msg_blocks_too_long' });
  if (parsed.data.channel !== channel) return json({ ok: false, error: 'channel_not_found' });
  messages.push(parsed.data);
  return json({ ok: true, channel: 'C024BE91L', ts: `1763575320.${String(messages.length).padStart(6, '0')}` });
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
